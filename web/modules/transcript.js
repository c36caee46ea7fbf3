/**
 * One session's captions: a fold of the server's messages into what is known so far.
 *
 * `lines` mirrors the server's list exactly. Lines it prunes to save its memory move to `archive`,
 * because a reader's screen must not forget what the server may.
 *
 * @import { Diff, Line, Live, Message, Snapshot } from "./wire.js"
 *
 * @typedef {Live & {lines: Line[], archive: Line[], in_sync: boolean}} Transcript
 */

/** @type {Readonly<Live>} */
const SILENT = {
  seq: 0,
  status: "no_audio_detected",
  buffer_transcription: "",
  buffer_final_chars: 0,
  buffer_speaker: 1,
  buffer_begin: 0,
  buffer_diarization: "",
  buffer_translation: "",
  remaining_time_transcription: 0,
  remaining_time_diarization: 0,
  audio_received: 0,
  speakers: {},
  merged: {},
  recognized: {},
};

/** @returns {Transcript} */
export function emptyTranscript() {
  return { ...SILENT, lines: [], archive: [], in_sync: true };
}

/**
 * The transcript after one message. Never changes its argument; keeps the identity of lines that
 * did not change, so that a view can tell by `===` what to redraw.
 *
 * When a diff does not fit, the answer has `in_sync: false` and only a snapshot repairs it.
 *
 * @param {Transcript} transcript
 * @param {Message} message
 * @returns {Transcript}
 */
export function apply(transcript, message) {
  if (message.type === "snapshot") {
    return applySnapshot(transcript, message);
  }
  if (message.type === "diff" && transcript.in_sync) {
    return applyDiff(transcript, message);
  }
  return transcript;
}

/**
 * @param {Transcript} transcript
 * @param {Snapshot} snapshot
 * @returns {Transcript}
 */
function applySnapshot(transcript, snapshot) {
  const known = new Map(transcript.lines.map((line) => [line.id, line]));
  const lines = snapshot.lines.map((line) => keepIfEqual(known.get(line.id), line));
  const first = lines.length > 0 ? lines[0].id : Number.POSITIVE_INFINITY;
  const gone = transcript.lines.filter((line) => line.id < first);
  return {
    ...SILENT,
    ...liveFields(snapshot),
    lines,
    archive: gone.length > 0 ? [...transcript.archive, ...gone] : transcript.archive,
    in_sync: true,
  };
}

/**
 * @param {Transcript} transcript
 * @param {Diff} diff
 * @returns {Transcript}
 */
function applyDiff(transcript, diff) {
  const { lines_pruned: pruned = 0, new_lines: added = [], updates = [] } = diff;
  let { lines, archive } = transcript;
  if (pruned > 0) {
    archive = [...archive, ...lines.slice(0, pruned)];
    lines = lines.slice(pruned);
  }
  if (added.length > 0) lines = [...lines, ...added];
  if (updates.length > 0) {
    const byId = new Map(updates.map((line) => [line.id, line]));
    lines = replaceById(lines, byId);
    archive = replaceById(archive, byId);
  }
  if (lines.length !== diff.n_lines) return { ...transcript, in_sync: false };
  return { ...transcript, ...liveFields(diff), lines, archive };
}

/**
 * @param {Line[]} lines
 * @param {Map<number, Line>} byId
 */
function replaceById(lines, byId) {
  if (!lines.some((line) => byId.has(line.id))) return lines;
  return lines.map((line) => byId.get(line.id) ?? line);
}

/**
 * @param {Line | undefined} old
 * @param {Line} line
 */
function keepIfEqual(old, line) {
  return old && JSON.stringify(old) === JSON.stringify(line) ? old : line;
}

/**
 * @param {Partial<Live>} message
 * @returns {Partial<Live>}
 */
function liveFields(message) {
  const fields = Object.keys(SILENT).filter((name) => name in message);
  const said = fields.map((name) => [name, message[/** @type {keyof Live} */ (name)]]);
  return { speakers: {}, merged: {}, recognized: {}, ...Object.fromEntries(said) };
}

/** @typedef {Pick<Live, "buffer_transcription"> & Partial<Pick<Live, "buffer_diarization">>} Buffer */

/**
 * The growing line, and before it the words that wait for their speaker.
 *
 * @param {Buffer} live
 */
export function bufferText({ buffer_diarization = "", buffer_transcription }) {
  return buffer_diarization + buffer_transcription;
}

/**
 * The growing line, split where the server says: ink stays, pencil may still change.
 * The server counts Unicode code points, JavaScript's strings count UTF-16 units.
 *
 * @param {Buffer & Pick<Live, "buffer_final_chars">} live
 */
export function splitBuffer(live) {
  const { buffer_transcription: text, buffer_final_chars: count } = live;
  const ink = Array.from(text).slice(0, count).join("");
  return { ink: (live.buffer_diarization ?? "") + ink, pencil: text.slice(ink.length) };
}

/**
 * Seconds of the session's audio that the server has listened to; what comes after it must be
 * sent again if the connection is lost.
 *
 * @param {Transcript} transcript
 */
export function heardUpTo(transcript) {
  return Math.max(0, transcript.audio_received - transcript.remaining_time_transcription);
}
