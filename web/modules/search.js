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
