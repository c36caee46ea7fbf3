/**
 * A conversation from the rows that were kept of it, part by part, so that its sessions are still
 * known and recording may go on after them.
 *
 * @import { Conversation, Part, Place, Row } from "./conversation.js"
 * @import { Line, Word } from "./wire.js"
 */

import { emptyTranscript } from "./transcript.js";
import { SILENCE } from "./wire.js";

/** @type {Place} Rows that nothing is known of but themselves. */
const ALONE = {
  number: 0,
  session: "",
  offset: 0,
  diarized: false,
  above: 0,
  recording: 1,
};

/**
 * @param {Conversation} conversation
 * @returns {Place[]}
 */
export function placesIn({ parts }) {
  return parts.map(({ number, session, offset, diarized, above, recording }) => ({
    number,
    session,
    offset,
    diarized,
    above,
    recording,
  }));
}

/**
 * @param {Row[]} rows
 * @param {Place[]} [places]  As `placesIn` had them; without them all is one part.
 * @returns {Conversation}
 */
export function restored(rows, places = []) {
  const parts = places.length > 0 ? partsOf(rows, places) : [onePart(rows)];
  return { parts, started: Math.max(...parts.map(({ number }) => number)) + 1, cleared: null };
}

/**
 * @param {Row[]} rows
 * @param {Place[]} places
 * @returns {Part[]}
 */
function partsOf(rows, places) {
  /** @type {Map<number, Row[]>} */
  const found = new Map(places.map(({ number }) => [number, []]));
  for (const row of rows) found.get(numbersOf(row)[0])?.push(row);
  return places.map((place) => {
    const own = found.get(place.number) ?? [];
    const lines = own.filter(({ kind }) => kind !== "marker");
    const archive = lines.map((row) => lineOf(row, numbersOf(row)[1], place));
    const marker = own.find(({ kind }) => kind === "marker") ?? null;
    return { ...place, marker, ...heard(archive) };
  });
}

/**
 * @param {Row[]} rows
 * @returns {Part}
 */
function onePart(rows) {
  const archive = rows
    .filter(({ kind }) => kind !== "marker")
    .map((row, id) => lineOf(row, id, ALONE));
  const diarized = archive.some(({ speaker }) => speaker > 1);
  return { ...ALONE, diarized, marker: null, ...heard(archive) };
}

/** @param {Line[]} archive */
function heard(archive) {
  return { transcript: { ...emptyTranscript(), archive }, hidden: new Set() };
}

/**
 * @param {Row} row
 * @returns {number[]} Of its part, and of its line there; see `rowOf` in conversation.js.
 */
function numbersOf({ key }) {
  return key.split(":").map(Number);
}

/**
 * @param {Row} row
 * @param {number} id
 * @param {Place} place
 * @returns {Line}
 */
function lineOf(row, id, place) {
  const { kind, begin, finish, speaker, text, translation, language, words } = row;
  return {
    id,
    speaker: kind === "silence" ? SILENCE : numberIn(place, speaker),
    text: kind === "silence" ? null : text,
    start: "",
    end: "",
    begin: begin - place.offset,
    finish: finish - place.offset,
    words: words.map((word) => wordOf(word, place)),
    ...(translation && { translation }),
    ...(language && { detected_language: language }),
  };
}

/**
 * @param {Word} word
 * @param {Place} place
 * @returns {Word}
 */
function wordOf(word, place) {
  const { start, end, speaker } = word;
  const own = speaker && { speaker: numberIn(place, speaker) };
  return { ...word, start: start - place.offset, end: end - place.offset, ...own };
}

/**
 * @param {Place} place
 * @param {number} voice  As the page counts.
 */
function numberIn({ above }, voice) {
  return voice > 0 ? voice - above : voice;
}
