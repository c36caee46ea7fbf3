/**
 * The newest words, few enough to be read on top of a page.
 *
 * @import { Row } from "../../web/modules/conversation.js"
 * @import { Growing } from "./merge.js"
 *
 * @typedef {{who: string, ink: string, pencil: string}} Caption
 * @typedef {object} Captions
 * @property {Caption[]} shown
 * @property {{key: string, text: string}[]} said  Closed lines, for screen readers.
 */

import { bufferText, splitBuffer } from "../../web/modules/transcript.js";
import { speakerName } from "./merge.js";

/** Two lines of the length that subtitle guides recommend, and a little. */
const CAPTION_TEXT = 100;
const SHOWN = 2;
const SAID = 5;

/**
 * @param {Row[]} rows
 * @param {Growing[]} growing
 * @returns {Captions}
 */
export function captionsOf(rows, growing) {
  const lines = rows.filter(({ kind }) => kind === "line");
  const named = new Set([...lines, ...growing].map(nameOf)).size > 1;
  const who = (/** @type {Row | Growing} */ line) => (named ? nameOf(line) : "");
  const closed = lines.slice(-SAID);
  const live = growing
    .filter(({ transcript }) => bufferText(transcript) !== "")
    .sort((a, b) => startOf(a) - startOf(b));
  const captions = [
    ...closed.map((row) => ({ who: who(row), ink: row.text, pencil: "" })),
    ...live.map((line) => ({ who: who(line), ...splitBuffer(line.transcript) })),
  ];
  return {
    shown: captions.slice(-SHOWN).map(shortened),
    said: closed.map((row) => ({
      key: row.key,
      text: who(row) ? `${who(row)}: ${row.text}` : row.text,
    })),
  };
}

/** @param {Row | Growing} line */
function nameOf(line) {
  return speakerName("transcript" in line ? line.transcript.buffer_speaker : line.speaker);
}

/** @param {Growing} line */
function startOf({ offset, transcript }) {
  return offset + transcript.buffer_begin;
}

/** @param {Caption} caption */
function shortened({ who, ink, pencil }) {
  const over = ink.length + pencil.length - CAPTION_TEXT;
  if (over <= 0) return { who, ink, pencil };
  const cut = Math.min(over, ink.length);
  const place = ink.indexOf(" ", cut);
  return { who, ink: ink.slice(place < 0 ? cut : place + 1), pencil };
}
