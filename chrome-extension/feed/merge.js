/**
 * Several channels as one transcript: on one clock, with the channels' names as speakers.
 *
 * @import { Part, Row } from "../../web/modules/conversation.js"
 * @import { Word } from "../../web/modules/wire.js"
 *
 * @typedef {"tab" | "me"} ChannelName
 * @typedef {object} Place
 * @property {ChannelName} name
 * @property {number} number
 * @property {number} offset
 * @property {(voice: number) => number} [numberOf]  What a voice's own session calls it.
 * @typedef {{buffer_transcription: string, buffer_final_chars: number, buffer_speaker: number, buffer_begin: number, buffer_diarization?: string}} Buffer
 * @typedef {{name: ChannelName, offset: number, above: number, transcript: Buffer}} Growing
 *   A line that is still being said; as much of a `Part` as its view needs.
 */

import { SILENCE } from "../../web/modules/wire.js";

const TAB = 1;
const ME = 2;

/** Both channels lose the server at once; one marker says so. */
const SAME_LOSS_SECONDS = 15;

/** @param {number} speaker */
export function speakerName(speaker) {
  if (speaker === ME) return "me";
  return speaker > ME ? `tab ${speaker - 1}` : "tab";
}

/**
 * The server counts speakers anew in each channel. Whoever speaks into the microphone is "me".
 *
 * @param {number} speaker
 * @param {ChannelName} name
 */
function speakerOf(speaker, name) {
  if (speaker === SILENCE) return SILENCE;
  if (name === "me") return ME;
  return speaker <= TAB ? TAB : speaker + 1;
}

/** @type {WeakMap<Row, Row>} */
const known = new WeakMap();

/**
 * A channel's row where it belongs; the same row gives the same answer, for `===`.
 *
 * @param {Row} row
 * @param {Place} place
 * @returns {Row}
 */
export function placed(row, { name, number, offset, numberOf = (voice) => voice }) {
  const before = known.get(row);
  if (before) return before;
  const shift = (/** @type {Word} */ word) => ({
    ...word,
    start: word.start + offset,
    end: word.end + offset,
  });
  const moved = {
    ...row,
    key: `${number}:${row.key}`,
    begin: row.begin + offset,
    finish: row.finish + offset,
    speaker: speakerOf(row.speaker > 0 ? numberOf(row.speaker) : row.speaker, name),
    words: row.words.map(shift),
  };
  known.set(row, moved);
  return moved;
}

/**
 * @param {Pick<Part, "offset" | "transcript">} part
 * @param {Place} place
 * @returns {Growing}
 */
export function growingOf({ offset, transcript }, place) {
  const { buffer_diarization, buffer_transcription, buffer_final_chars } = transcript;
  const speaker = speakerOf(transcript.buffer_speaker, place.name);
  return {
    name: place.name,
    offset: offset + place.offset,
    above: 0,
    transcript: {
      buffer_diarization,
      buffer_transcription,
      buffer_final_chars,
      buffer_speaker: speaker,
      buffer_begin: transcript.buffer_begin,
    },
  };
}

/**
 * @param {Row[][]} channels
 * @returns {Row[]} In the order in which they were said.
 */
export function merge(channels) {
  const spoken = channels.filter((rows) => rows.some(({ kind }) => kind === "line"));
  const all = channels.flat().sort(inTime);
  let lost = Number.NEGATIVE_INFINITY;
  return all.filter(({ kind, begin, recording }, at) => {
    if (recording) return at > 0;
    // While one channel pauses, the other may speak.
    if (kind === "silence") return spoken.length < 2;
    if (kind !== "marker") return true;
    const again = begin - lost < SAME_LOSS_SECONDS;
    lost = begin;
    return !again;
  });
}

/**
 * @param {Row} a
 * @param {Row} b
 */
export function inTime(a, b) {
  return a.begin - b.begin || a.key.localeCompare(b.key, "en", { numeric: true });
}
