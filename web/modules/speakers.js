/**
 * Who the numbered voices are: names the reader gave, and voices that are one person after all.
 * Only a way of reading; the transcript keeps the server's numbers.
 *
 * @import { Row } from "./conversation.js"
 * @import { Recognized } from "./wire.js"
 *
 * @typedef {object} Told
 * @property {Record<string, string>} speakers
 * @property {Record<string, number>} merged
 * @property {Record<string, Recognized>} [recognized]
 *
 * @typedef {object} Speakers
 * @property {Readonly<Record<number, string>>} names
 * @property {Readonly<Record<number, number>>} same  A voice, and the person's own number.
 * @property {Readonly<Record<number, Recognized>>} [recognized]  Whose name the server knew by
 *   their voice.
 */

import { severalSpeakers } from "./exporters.js";

/** @returns {Speakers} */
export function noSpeakers() {
  return { names: {}, same: {} };
}

/**
 * @param {Speakers} speakers
 * @param {number} voice
 */
export function personOf({ same }, voice) {
  const person = same[voice] ?? voice;
  return same[person] ?? person; // Who has two voices here may be somebody of an earlier session.
}

/**
 * @param {Speakers} speakers
 * @param {number} person
 * @param {string} name  Empty takes the name away.
 * @returns {Speakers}
 */
export function rename(speakers, person, name) {
  const { [person]: _, ...names } = speakers.names;
  const bare = name.replace(/\s+/gu, " ").trim();
  const renamed = { ...speakers, names: bare ? { ...names, [person]: bare } : names };
  const known = speakers.recognized?.[person];
  if (!known || known.name === bare) return renamed;
  const { [person]: _known, ...recognized } = speakers.recognized ?? {};
  return { ...renamed, recognized };
}

/**
 * All voices of one person become another's; the other's name stays, if it has one.
 *
 * @param {Speakers} speakers
 * @param {number} person
 * @param {number} into
 * @returns {Speakers}
 */
export function merge(speakers, person, into) {
  const target = personOf(speakers, into);
  if (target === person) return speakers;
  const moved = Object.fromEntries(
    Object.entries(speakers.same).map(([voice, old]) => [voice, old === person ? target : old]),
  );
  const name = speakers.names[target] ?? speakers.names[person] ?? "";
  const merged = { ...speakers, same: { ...moved, [person]: target } };
  return rename(rename(merged, person, ""), target, name);
}

/**
 * The voices that were merged into a person are people of their own again.
 *
 * @param {Speakers} speakers
 * @param {number} person
 * @returns {Speakers}
 */
export function separate(speakers, person) {
  const same = Object.fromEntries(
    Object.entries(speakers.same).filter(([, target]) => target !== person),
  );
  return { ...speakers, same };
}

/**
 * @param {Speakers} speakers
 * @param {number} person
 */
export function isMerged({ same }, person) {
  return Object.values(same).includes(person);
}

/**
 * Whether people have labels, to be clicked: not where everything is one nameless voice's.
 *
 * @param {Row[]} rows  With people in the place of voices.
 * @param {Speakers} speakers
 */
export function haveLabels(rows, { names, same }) {
  const told = Object.keys(names).length > 0 || Object.keys(same).length > 0;
  return told || severalSpeakers(rows);
}

/**
 * What the server knows of its speakers counts, wherever it is new.
 *
 * @param {Speakers} speakers
 * @param {Told} before  What it said last.
 * @param {Told} now
 * @returns {Speakers}
 */
export function adopted(speakers, before, now) {
  const { recognized = {} } = now;
  const known = same(before.recognized ?? {}, recognized);
  if (same(before.speakers, now.speakers) && same(before.merged, now.merged) && known) {
    return speakers;
  }
  return {
    ...speakers,
    ...(!known && { recognized }),
    names: newer(speakers.names, before.speakers, now.speakers),
    same: newer(speakers.same, before.merged, now.merged),
  };
}

/**
 * What to tell the server, so that it knows what the reader has said. Whoever has become another
 * person has no name of their own to take away.
 *
 * @param {Speakers} before
 * @param {Speakers} after
 * @returns {{type: string, speaker: number, [field: string]: unknown}[]} Control messages.
 */
export function changesOf(before, after) {
  const gone = (/** @type {string} */ voice) => !(voice in after.same);
  const apart = new Set(Object.entries(before.same).flatMap(([v, p]) => (gone(v) ? [p] : [])));
  const merged = changed(before.same, after.same);
  const named = changed(before.names, after.names);
  return [
    ...[...apart].map((speaker) => ({ type: "separate", speaker })),
    ...merged.map(([voice, into]) => ({ type: "merge", speaker: Number(voice), into })),
    ...named.map(([person, name]) => ({ type: "rename", speaker: Number(person), name })),
    ...Object.keys(before.names)
      .filter((person) => !(person in after.names || person in after.same))
      .map((person) => ({ type: "rename", speaker: Number(person), name: "" })),
  ];
}

/**
 * @template T
 * @param {Readonly<Record<string, T>>} own
 * @param {Readonly<Record<string, T>>} before
 * @param {Readonly<Record<string, T>>} now
 */
function newer(own, before, now) {
  const kept = Object.entries(own).filter(([key]) => key in now || !(key in before));
  return { ...Object.fromEntries(kept), ...now };
}

/**
 * @template T
 * @param {Readonly<Record<string, T>>} before
 * @param {Readonly<Record<string, T>>} after
 */
function changed(before, after) {
  return Object.entries(after).filter(([key, value]) => before[key] !== value);
}

/**
 * @param {Readonly<Record<string, unknown>>} a
 * @param {Readonly<Record<string, unknown>>} b
 */
function same(a, b) {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/**
 * @param {Row[]} rows
 * @returns {number[]} Everybody who speaks in them, in order of number.
 */
export function peopleIn(rows) {
  const numbers = rows.filter(({ kind }) => kind === "line").map(({ speaker }) => speaker);
  return [...new Set(numbers)].filter((number) => number > 0).sort((a, b) => a - b);
}

/** @type {WeakMap<Row, Row>} */
const cache = new WeakMap();

/**
 * Rows with people in the place of voices. A row keeps its identity where nothing changes.
 *
 * @param {Row[]} rows
 * @param {Speakers} speakers
 */
export function withPeople(rows, speakers) {
  if (Object.keys(speakers.same).length === 0) return rows;
  return rows.map((row) => {
    const person = personOf(speakers, row.speaker);
    if (person === row.speaker) return row;
    const cached = cache.get(row);
    if (cached?.speaker === person) return cached;
    const changed = { ...row, speaker: person, voice: row.speaker };
    cache.set(row, changed);
    return changed;
  });
}

/**
 * @param {any} found  From storage, or anything else.
 * @returns {Speakers}
 */
export function readSpeakers(found) {
  const entries = (/** @type {unknown} */ of, /** @type {string} */ type) =>
    Object.fromEntries(Object.entries(of ?? {}).filter(([, value]) => typeof value === type));
  return { names: entries(found?.names, "string"), same: entries(found?.same, "number") };
}
