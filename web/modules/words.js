/**
 * Where a line's words stand, in its text and in time.
 *
 * @import { Row } from "./conversation.js"
 * @import { Word } from "./wire.js"
 *
 * @typedef {{from: number, to: number}} Span  UTF-16 units of the line's text.
 */

/** A word stays marked this long after its end, if no other one follows. */
const LINGER_SECONDS = 0.8;

/**
 * The line's own text knows which words have no space between them, so words are looked up in it.
 *
 * @param {string} text
 * @param {Word[]} words
 * @returns {Span[] | null} Null if the words are not those of the text.
 */
export function wordSpans(text, words) {
  let at = 0;
  /** @type {Span[]} */
  const spans = [];
  for (const { word } of words) {
    const bare = word.trim();
    const from = text.indexOf(bare, at);
    if (from < 0) return null;
    at = from + bare.length;
    spans.push({ from, to: at });
  }
  return spans;
}

/**
 * The last item that has begun by then.
 *
 * @param {number} count
 * @param {(index: number) => number} begin  Never falling.
 * @param {number} seconds
 * @returns {number} -1 before the first.
 */
function lastBegun(count, begin, seconds) {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (begin(middle) <= seconds) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/**
 * What is being said at this time.
 *
 * @param {Row[]} rows
 * @param {number} seconds
 * @returns {{row: Row, word: number} | null} `word` is -1 where no word is being said.
 */
export function placeAt(rows, seconds) {
  const row = rows[lastBegun(rows.length, (index) => rows[index].begin, seconds)];
  if (row?.kind !== "line") return null;
  const { words } = row;
  const word = lastBegun(words.length, (index) => words[index].start, seconds);
  const over = word < 0 || seconds > words[word].end + LINGER_SECONDS;
  return { row, word: over ? -1 : word };
}

/**
 * When the text at this place was said.
 *
 * @param {Row} row
 * @param {number} offset  UTF-16 units into the row's text.
 */
export function timeOf(row, offset) {
  const spans = wordSpans(row.text, row.words) ?? [];
  const index = spans.findIndex(({ to }) => offset < to);
  return index < 0 ? row.begin : row.words[index].start;
}

/** Below this probability a word is worth a second look. */
const UNSURE = 0.5;

/** @type {WeakMap<Row, Span[]>} */
const unsureCache = new WeakMap();

/**
 * The words of a row that the model was not sure of.
 *
 * @param {Row} row
 */
export function unsureSpans(row) {
  const cached = unsureCache.get(row);
  if (cached) return cached;
  const spans = wordSpans(row.text, row.words) ?? [];
  const found = spans.filter((_, index) => (row.words[index].probability ?? 1) < UNSURE);
  unsureCache.set(row, found);
  return found;
}
