/**
 * What the reader has seen since the page was cleared: one part per server session.
 *
 * A lost connection ends a part and the next session starts another one, so nothing that was on
 * the screen depends on a server that may be gone. Times go on across parts: `offset` is the
 * place of a part's first sample in everything this page has recorded.
 *
 * @import { Line, Message, Word } from "./wire.js"
 * @import { Transcript } from "./transcript.js"
 *
 * @typedef {object} Part
 * @property {number} number
 * @property {string} session
 * @property {number} offset  Seconds of recording before this part.
 * @property {Row | null} marker  Stands before a part that has something before it.
 * @property {Transcript} transcript
 * @property {ReadonlySet<number>} hidden  Ids of the lines the reader has cleared away.
 * @property {boolean} diarized  Whether its speakers were told apart.
 * @property {number} above  Its speaker 1 is the page's next one after this.
 * @property {number} recording  Which recording it belongs to, from 1; a lost connection ends none.
 *
 * @typedef {Omit<Part, "transcript" | "hidden" | "marker">} Place  A part without what was said in it.
 *
 * @typedef {object} Conversation
 * @property {Part[]} parts
 * @property {number} started  How many parts there have been.
 * @property {Part[] | null} cleared  What the last "clear" took away, to be able to undo it.
 *
 * @typedef {object} Row  What a view or an export shows of one line.
 * @property {string} key
 * @property {"line" | "silence" | "marker"} kind
 * @property {number} begin  Seconds since recording began.
 * @property {number} finish
 * @property {number} speaker  As the page counts; see people.js.
 * @property {string} text
 * @property {string} translation
 * @property {string} language
 * @property {Word[]} words
 * @property {number} [voice]  Whose person the speaker is, where that is another number.
 * @property {number} [recording]  Of a marker: the recording that begins. Without it a connection was lost.
 */

import { highestIn, voiceIn } from "./people.js";
import { apply, bufferText, emptyTranscript } from "./transcript.js";
import { SILENCE } from "./wire.js";

/** @returns {Conversation} */
export function emptyConversation() {
  return { parts: [], started: 0, cleared: null };
}

/** @param {Conversation} conversation */
export function currentPart(conversation) {
  return conversation.parts.at(-1) ?? null;
}

/**
 * @param {Conversation} conversation
 * @param {{session: string, offset: number, afterLoss?: boolean, diarized?: boolean}} start
 * @returns {Conversation}
 */
export function beginPart(conversation, start) {
  const { session, offset, afterLoss = false, diarized = false } = start;
  const settled = settle(conversation);
  const number = conversation.started;
  const last = currentPart(settled)?.recording ?? 0;
  const recording = afterLoss && last > 0 ? last : last + 1;
  const begun = afterLoss ? undefined : recording;
  const marker = rows(settled).length > 0 ? markerRow(number, offset, begun) : null;
  /** @type {Part} */
  const part = {
    number,
    session,
    offset,
    marker,
    transcript: emptyTranscript(),
    hidden: new Set(),
    diarized,
    above: nextAbove(settled.parts, diarized),
    recording,
  };
  return { ...settled, parts: [...settled.parts, part], started: number + 1 };
}

/**
 * Where nobody is told apart, every session has the one speaker.
 *
 * @param {Part[]} parts  What came before.
 * @param {boolean} diarized
 */
function nextAbove(parts, diarized) {
  const several = diarized || parts.some((part) => part.diarized);
  return several ? Math.max(0, ...parts.map(highestIn)) : 0;
}

/**
 * @param {Conversation} conversation
 * @param {Message} message
 */
export function receive(conversation, message) {
  return changeCurrent(conversation, (part) => {
    const transcript = apply(part.transcript, message);
    return transcript === part.transcript ? part : { ...part, transcript };
  });
}

/**
 * Nothing more will come from the current session: what still grew becomes a line of its own.
 *
 * @param {Conversation} conversation
 */
export function settle(conversation) {
  return changeCurrent(conversation, (part) => {
    const { transcript } = part;
    const text = bufferText(transcript).trim();
    if (!text) return part;
    const last = transcript.lines.at(-1) ?? transcript.archive.at(-1);
    /** @type {Line} */
    const line = {
      id: (last?.id ?? -1) + 1,
      speaker: transcript.buffer_speaker,
      text,
      start: "",
      end: "",
      begin: transcript.buffer_begin,
      finish: Math.max(transcript.audio_received, transcript.buffer_begin),
    };
    const settled = { ...transcript, lines: [...transcript.lines, line], ...EMPTY_BUFFER };
    return { ...part, transcript: settled };
  });
}

const EMPTY_BUFFER = {
  buffer_diarization: "",
  buffer_transcription: "",
  buffer_final_chars: 0,
  buffer_translation: "",
};

/**
 * Forget what is on the screen; a session that runs goes on, and its later lines appear.
 *
 * @param {Conversation} conversation
 * @param {boolean} running
 * @returns {Conversation}
 */
export function clear(conversation, running) {
  const part = currentPart(conversation);
  if (!part) return conversation;
  const { lines, archive } = part.transcript;
  const hidden = new Set([...archive, ...lines].map((line) => line.id));
  const parts = running ? [{ ...part, marker: null, hidden, recording: 1 }] : [];
  return { ...conversation, parts, cleared: conversation.parts };
}

/**
 * Restore what "clear" took away, before whatever has been said since.
 *
 * @param {Conversation} conversation
 * @returns {Conversation} Speakers since have higher numbers, if theirs began anew.
 */
export function undoClear(conversation) {
  const { parts, cleared } = conversation;
  if (!cleared) return conversation;
  const now = new Map(parts.map((part) => [part.number, part]));
  const restored = cleared.map((part) => ({
    ...part,
    transcript: now.get(part.number)?.transcript ?? part.transcript,
  }));
  const known = new Set(restored.map((part) => part.number));
  const later = parts.filter((part) => !known.has(part.number));
  return {
    ...conversation,
    parts: [...restored, ...behind(restored, later, movedBy(restored, parts, later))],
    cleared: null,
  };
}

/**
 * How what was said since is counted on, by what is restored before it.
 *
 * @param {Part[]} restored
 * @param {Part[]} parts  As they are without it.
 * @param {Part[]} later  Those of them that are not restored.
 * @returns {{speakers: number, seconds: number, recordings: number}}
 */
function movedBy(restored, parts, later) {
  const recordings = restored.at(-1)?.recording ?? 0;
  const [first] = parts;
  // A session that ran on when the screen was cleared is in both, and only began another count.
  if (first !== later[0])
    return { speakers: 0, seconds: 0, recordings: recordings - first.recording };
  const seconds = Math.max(0, ...rowsOf(restored).map(({ finish }) => finish));
  const speakers = first ? nextAbove(restored, first.diarized) : 0;
  return { speakers, seconds, recordings };
}

/**
 * @param {Part[]} parts
 * @param {Part[]} later  That began with nothing before them.
 * @param {ReturnType<typeof movedBy>} by
 * @returns {Part[]}
 */
function behind(parts, later, by) {
  const last = parts.at(-1)?.recording ?? 0;
  return later.map((part, at) => {
    const moved = {
      ...part,
      above: part.above + by.speakers,
      offset: part.offset + by.seconds,
      recording: part.recording + by.recordings,
    };
    const { number, offset, recording } = moved;
    const begun = at === 0 ? recording > last : part.marker?.recording !== undefined;
    const marked = at === 0 || part.marker !== null;
    return {
      ...moved,
      marker: marked ? markerRow(number, offset, begun ? recording : undefined) : null,
    };
  });
}

/**
 * All rows, oldest first. A row keeps its identity as long as its line does.
 *
 * @param {Conversation} conversation
 * @returns {Row[]}
 */
export function rows(conversation) {
  return rowsOf(conversation.parts);
}

/** @param {Part[]} parts */
function rowsOf(parts) {
  return parts.flatMap((part) => {
    const { archive, lines } = part.transcript;
    const shown = [...archive, ...lines]
      .filter((line) => !part.hidden.has(line.id))
      .map((line) => rowOf(part, line));
    return part.marker ? [part.marker, ...shown] : shown;
  });
}

/** @type {WeakMap<Line, Row>} */
const rowCache = new WeakMap();

/**
 * @param {Part} part
 * @param {Line} line
 * @returns {Row}
 */
function rowOf(part, line) {
  const speaker = voiceIn(part, line.speaker);
  const begin = line.begin + part.offset;
  const cached = rowCache.get(line);
  if (cached?.speaker === speaker && cached.begin === begin) return cached;
  /** @type {Row} */
  const row = {
    key: `${part.number}:${line.id}`,
    kind: line.speaker === SILENCE || line.text === null ? "silence" : "line",
    begin,
    finish: line.finish + part.offset,
    speaker,
    text: (line.text ?? "").trim(),
    translation: line.translation ?? "",
    language: line.detected_language ?? "",
    words: (line.words ?? []).map((word) => shifted(word, part)),
  };
  rowCache.set(line, row);
  return row;
}

/**
 * @param {Word} word
 * @param {Part} part
 * @returns {Word}
 */
function shifted(word, part) {
  const { offset } = part;
  const speaker = word.speaker && { speaker: voiceIn(part, word.speaker) };
  return { ...word, start: word.start + offset, end: word.end + offset, ...speaker };
}

/**
 * @param {number} number
 * @param {number} at
 * @param {number} [recording]
 * @returns {Row}
 */
export function markerRow(number, at, recording) {
  return {
    key: `${number}:${recording ? "begun" : "lost"}`,
    kind: "marker",
    begin: at,
    finish: at,
    speaker: SILENCE,
    text: "",
    translation: "",
    language: "",
    words: [],
    ...(recording && { recording }),
  };
}

/**
 * @param {Conversation} conversation
 * @param {(part: Part) => Part} change
 * @returns {Conversation}
 */
function changeCurrent(conversation, change) {
  const part = currentPart(conversation);
  if (!part) return conversation;
  const changed = change(part);
  if (changed === part) return conversation;
  return { ...conversation, parts: [...conversation.parts.slice(0, -1), changed] };
}
