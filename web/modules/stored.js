/**
 * Transcripts as the server keeps them, and as the page shows them.
 *
 * @import { Row } from "./conversation.js"
 * @import { Speakers } from "./speakers.js"
 *
 * @typedef {object} Stored  A transcript without its words.
 * @property {string} id
 * @property {string} title
 * @property {string} [beginning]  Its first words.
 * @property {string} started  As ISO 8601 has it.
 * @property {string | null} ended  Null while it goes on, and for a while after its server was lost.
 * @property {boolean} running  Whether some server has it now.
 * @property {number} seconds
 * @property {number} words
 * @property {number} missing_words
 * @property {string | null} language
 * @property {string} model
 * @property {string | null} owner  The key it was made with.
 * @property {Record<string, string>} speakers  Names, by number.
 * @property {Record<string, number>} [merged]  Voices that are another one's person after all.
 * @property {boolean} [audio]  Whether its sound was kept.
 *
 * @typedef {{id: number, start: number, end: number, text: string | null, speaker: number | null, language: string | null, translation?: string}} StoredLine  Without text it is a pause.
 * @typedef {Stored & {lines: StoredLine[]}} StoredTranscript
 * @typedef {{transcript: string, id: number, start: number, text: string, title?: string, started?: string}} Found
 */

/** A pause worth a place on the screen. */
const PAUSE_SECONDS = 5;

/**
 * @param {StoredLine[]} lines
 * @returns {Row[]} With the pauses between them.
 */
export function storedRows(lines) {
  /** @type {Row[]} */
  const rows = [];
  let end = 0;
  for (const line of lines) {
    if (rows.length > 0 && line.start - end >= PAUSE_SECONDS) {
      rows.push(rowOf(`pause ${line.id}`, "silence", { start: end, end: line.start }));
    }
    rows.push(rowOf(keyOf(line.id), line.text === null ? "silence" : "line", line));
    end = line.end;
  }
  return rows;
}

/**
 * @param {number} line
 * @returns {string} The key of its row.
 */
export function keyOf(line) {
  return `stored ${line}`;
}

/**
 * @param {string} key
 * @param {"line" | "silence"} kind
 * @param {Partial<StoredLine> & {start: number, end: number}} line
 * @returns {Row}
 */
function rowOf(key, kind, { start, end, text, speaker, language, translation = "" }) {
  return {
    key,
    kind,
    begin: start,
    finish: end,
    speaker: speaker ?? 1,
    text: (text ?? "").trim(),
    translation,
    language: language ?? "",
    words: [],
  };
}

/**
 * @param {Pick<Stored, "speakers" | "merged">} stored
 * @returns {Speakers}
 */
export function storedSpeakers({ speakers, merged }) {
  return { names: { ...speakers }, same: { ...merged } };
}

/**
 * What to ask of the server, so that it knows what the reader has said. Whoever has become another
 * person has no name of their own to take away.
 *
 * @param {Speakers} before
 * @param {Speakers} after
 * @returns {{speakers?: Record<string, string>, merged?: Record<string, number | null>}}
 */
export function changeOf(before, after) {
  const names = Object.entries(differences(before.names, after.names, ""));
  const speakers = Object.fromEntries(
    names.filter(([number, name]) => name || !(number in after.same)),
  );
  const merged = differences(before.same, after.same, null);
  return {
    ...(Object.keys(speakers).length > 0 && { speakers }),
    ...(Object.keys(merged).length > 0 && { merged }),
  };
}

/**
 * @template T, N
 * @param {Readonly<Record<string, T>>} before
 * @param {Readonly<Record<string, T>>} after
 * @param {N} none  What says that there is nothing any more.
 * @returns {Record<string, T | N>}
 */
function differences(before, after, none) {
  const keys = Object.keys({ ...before, ...after }).filter((key) => before[key] !== after[key]);
  return Object.fromEntries(keys.map((key) => [key, after[key] ?? none]));
}

/**
 * Lines that were found, under the transcripts they are from, in the order in which they came.
 *
 * @param {Found[]} found
 * @returns {{id: string, title: string, started: string, lines: Found[]}[]}
 */
export function byTranscript(found) {
  /** @type {Map<string, {id: string, title: string, started: string, lines: Found[]}>} */
  const groups = new Map();
  for (const line of found) {
    const { transcript: id, title = "", started = "" } = line;
    const group = groups.get(id) ?? { id, title, started, lines: [] };
    group.lines.push(line);
    groups.set(id, group);
  }
  return [...groups.values()];
}
