/**
 * Finding words in what was said, whatever their case and accents.
 *
 * @import { Row } from "./conversation.js"
 *
 * @typedef {{key: string, from: number, to: number}} Match  In UTF-16 units of the row's text.
 * @typedef {{text: string, places: number[]}} Folded  `places` leads back to the text as it was.
 */

/** @type {WeakMap<Row, Folded>} */
const foldCache = new WeakMap();

/**
 * @param {Row[]} rows
 * @param {string} query
 * @returns {Match[]} In reading order, without overlap.
 */
export function findAll(rows, query) {
  const wanted = fold(query.trim()).text;
  if (wanted === "") return [];
  return rows.flatMap((row) => findIn(row, wanted));
}

/**
 * Where a text holds any of the words that were searched for, as a beginning or whole.
 *
 * @param {string} text
 * @param {string} query
 * @returns {{from: number, to: number}[]} In order, without overlap.
 */
export function spansOf(text, query) {
  const words = fold(query).text.split(/\s+/u).filter(Boolean);
  const folded = fold(text);
  /** @type {{from: number, to: number}[]} */
  const spans = [];
  for (let at = 0; at < folded.text.length; at++) {
    const begins = at === 0 || !/[\p{L}\p{N}]/u.test(folded.text[at - 1]) || UNSPACED.test(query);
    const word = begins && words.find((one) => folded.text.startsWith(one, at));
    if (!word) continue;
    spans.push({ from: folded.places[at], to: folded.places[at + word.length] });
    at += word.length - 1;
  }
  return spans;
}

/** Scripts that write words without spaces between them. */
const UNSPACED =
  /[\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;

/**
 * @param {Row} row
 * @param {string} wanted
 */
function findIn(row, wanted) {
  const folded = foldCache.get(row) ?? fold(row.text);
  foldCache.set(row, folded);
  const { text, places } = folded;
  /** @type {Match[]} */
  const matches = [];
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) {
    matches.push({ key: row.key, from: places[at], to: places[at + wanted.length] });
  }
  return matches;
}

/**
 * @param {string} text
 * @returns {Folded}
 */
function fold(text) {
  let folded = "";
  /** @type {number[]} */
  const places = [];
  let at = 0;
  for (const character of text) {
    const plain = character.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
    folded += plain;
    for (let i = 0; i < plain.length; i++) places.push(at);
    at += character.length;
  }
  places.push(at);
  return { text: folded, places };
}
