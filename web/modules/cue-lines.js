/** The one or two lines that a subtitle's text is shown on. */

/** Columns of a line, as subtitle guides recommend. */
export const CUE_LINE = 42;

/** Scripts that put no space between words. */
const UNSPACED =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}ー、。，！？]/u;
const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3001-\u303e\u30fb-\u30fc\uff01-\uff60]/gu;
const WIDTHLESS = /[\p{Mn}\p{Me}\p{Cf}]/gu;
const WORDS = new Intl.Segmenter(undefined, { granularity: "word" });
/** Where one may breathe; the server's `livestt.writing.PAUSES`. */
const PAUSE = /[,;:،؛፣、，；：.?!…؟۔।॥።։།။។。？！]$/u;
/** Columns by which a line that ends there may be longer. */
const BREATH = 10;
/** What a line must not begin with. */
const CLOSING = /^[\p{Pe}\p{Pf}\p{Po}ー々]/u;

/**
 * How wide a text is, in Latin letters: a Chinese, Japanese or Korean character is two.
 *
 * @param {string} text
 */
export function columns(text) {
  const count = (/** @type {RegExp} */ pattern) => text.match(pattern)?.length ?? 0;
  return [...text].length + count(WIDE) - count(WIDTHLESS);
}

/**
 * Words as a text, with a space before each that needs one.
 *
 * @param {string[]} words
 */
export function joined(words) {
  return words
    .map((word) => word.trim())
    .map((word, at) => (at === 0 || UNSPACED.test(word) ? word : ` ${word}`))
    .join("");
}

/**
 * Text on one line, or on two of about equal length if it is too wide for one, sooner broken after
 * punctuation: the law of the server's `livestt.subtitles`, with the same vectors.
 *
 * @param {string} text
 */
export function wrap(text) {
  return linesOf(text).join("\n");
}

/**
 * Whether no line of it is too wide.
 *
 * @param {string} text
 */
export function fits(text) {
  const width = columns(text);
  return width <= CUE_LINE || (width <= 2 * CUE_LINE + 1 && widest(linesOf(text)) <= CUE_LINE);
}

/** @param {string} text */
function linesOf(text) {
  if (columns(text) <= CUE_LINE) return [text];
  let best = { lines: [text], ragged: Number.POSITIVE_INFINITY };
  for (const at of breaksOf(text)) {
    const lines = [text.slice(0, at), text.slice(at).trimStart()];
    const ragged = raggedness(lines);
    if (ragged < best.ragged) best = { lines, ragged };
  }
  return best.lines;
}

/** @param {string[]} lines */
function raggedness(lines) {
  const width = widest(lines);
  const tooWide = width > CUE_LINE ? 1e6 : 0;
  return tooWide + width - (PAUSE.test(lines[0]) ? BREATH : 0);
}

/** @param {string[]} lines */
function widest(lines) {
  return Math.max(...lines.map(columns));
}

/**
 * Where a line may end: before spaces, and between words that need none.
 *
 * @param {string} text
 */
function breaksOf(text) {
  return [...WORDS.segment(text)]
    .slice(1)
    .filter(({ segment, index }) => {
      if (segment.startsWith(" ")) return true;
      const before = [...text.slice(Math.max(0, index - 2), index)].at(-1) ?? "";
      return UNSPACED.test(segment) && UNSPACED.test(before) && !CLOSING.test(segment);
    })
    .map(({ index }) => index);
}
