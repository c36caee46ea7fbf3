/**
 * Marks on text that leave the document alone: what is being said, what was searched for. Browsers
 * without them show the text unmarked.
 *
 * @typedef {"saying" | "found" | "found-now" | "unsure"} Mark  As the style sheet calls them.
 */

/**
 * @param {Mark} mark
 * @param {AbstractRange[]} ranges
 */
export function setMarks(mark, ranges) {
  if (!CSS.highlights) return;
  if (ranges.length > 0) CSS.highlights.set(mark, new Highlight(...ranges));
  else CSS.highlights.delete(mark);
}

/**
 * @param {Text} text
 * @param {{from: number, to: number}} span
 */
export function rangeOf(text, { from, to }) {
  const end = Math.min(to, text.length);
  const place = { startContainer: text, startOffset: Math.min(from, end) };
  return new StaticRange({ ...place, endContainer: text, endOffset: end });
}
