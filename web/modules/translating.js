/**
 * Rows in the other language, for files that have room for one: subtitles.
 *
 * @import { Row } from "./conversation.js"
 * @import { Word } from "./wire.js"
 */

/** Thai to Burmese, Khmer, kana and Chinese characters; Korean has spaces. */
const UNSPACED =
  "\\u0e00-\\u109f\\u1780-\\u17ff\\u3005-\\u3007\\u3040-\\u9fff\\uf900-\\ufaff\\uff66-\\uff9f\\u{20000}-\\u{3ffff}";

/** A word with the space before it; in scripts without spaces a character with its marks. */
const PIECES = new RegExp(`\\s*(?:[${UNSPACED}]\\p{M}*|[^\\s${UNSPACED}]+)`, "gu");

/** @param {Row[]} rows */
export function hasTranslation(rows) {
  return rows.some(({ translation }) => translation !== "");
}

/**
 * @param {Row[]} rows
 * @param {string} language
 * @returns {Row[]} Those without a translation are as they were said.
 */
export function inTranslation(rows, language) {
  return rows.map((row) =>
    row.translation === ""
      ? row
      : { ...row, text: row.translation, translation: "", language, words: wordsOf(row) },
  );
}

/**
 * Nobody said these words, so each gets the share of the line's time that its length is of the text.
 *
 * @param {Row} row
 * @returns {Word[]}
 */
function wordsOf({ begin, finish, translation }) {
  const pieces = [...translation.matchAll(PIECES)];
  const whole = pieces.reduce((sum, [piece]) => sum + piece.length, 0);
  let said = 0;
  return pieces.map(([piece]) => {
    const start = begin + ((finish - begin) * said) / whole;
    said += piece.length;
    return { word: piece, start, end: begin + ((finish - begin) * said) / whole };
  });
}
