/**
 * People over several sessions. Each server session counts its speakers from 1, so a part of the
 * conversation has numbers of its own after `above`, the highest number of the parts before it;
 * nobody of one session is ever taken for somebody of another. The server hears its own numbers.
 *
 * @import { Part } from "./conversation.js"
 * @import { Speakers, Told } from "./speakers.js"
 * @import { Recognized } from "./wire.js"
 */

import { adopted, personOf } from "./speakers.js";

/**
 * @param {Pick<Part, "above">} part
 * @param {number} speaker  As its session counts: 0 is nobody known, below is nobody.
 * @returns {number} As the page counts.
 */
export function voiceIn({ above }, speaker) {
  return speaker > 0 ? speaker + above : speaker;
}

/**
 * @param {Part} part
 * @returns {number} The highest number that the page has given so far.
 */
export function highestIn({ above, transcript }) {
  const { archive, lines, speakers, merged } = transcript;
  const known = [...Object.keys(speakers), ...Object.entries(merged).flat()].map(Number);
  const heard = [...archive, ...lines].map(({ speaker }) => speaker);
  return [...heard, ...known].reduce((a, b) => Math.max(a, b), 0) + above;
}

/**
 * What the server knows of its speakers counts, wherever it is new; somebody whose voice it knew
 * in an earlier session is that person again.
 *
 * @param {Speakers} speakers
 * @param {Part} before
 * @param {Part} now
 * @returns {Speakers}
 */
export function learned(speakers, before, now) {
  const told = adopted(speakers, toldIn(before), toldIn(now));
  if (told === speakers) return speakers;
  const { recognized = {} } = now.transcript;
  const fresh = Object.entries(recognized).filter(
    ([speaker, { voice }]) => before.transcript.recognized?.[speaker]?.voice !== voice,
  );
  const all = { ...told, recognized: { ...earlier(speakers, now), ...told.recognized } };
  return fresh.reduce(
    (known, [speaker, { voice }]) => reunited(known, voiceIn(now, Number(speaker)), voice, now),
    Object.keys(all.recognized).length > 0 ? all : told,
  );
}

/**
 * @param {Speakers} speakers
 * @param {Part} part
 * @returns {Record<number, Recognized>} Whose voices were known in the sessions before.
 */
function earlier({ recognized = {} }, { above }) {
  return Object.fromEntries(Object.entries(recognized).filter(([voice]) => Number(voice) <= above));
}

/**
 * @param {Speakers} speakers
 * @param {number} voice
 * @param {string} profile
 * @param {Part} part
 * @returns {Speakers}
 */
function reunited(speakers, voice, profile, { above }) {
  const known = Object.entries(speakers.recognized ?? {});
  const found = known.find(([other, { voice: id }]) => Number(other) <= above && id === profile);
  const person = found && personOf(speakers, Number(found[0]));
  if (!person || personOf(speakers, voice) !== voice) return speakers;
  return { ...speakers, same: { ...speakers.same, [voice]: person } };
}

/**
 * @param {Part} part
 * @returns {Told} With the numbers of the page.
 */
function toldIn(part) {
  const { speakers, merged, recognized } = part.transcript;
  const into = Object.entries(merged).map(([voice, person]) => [voice, voiceIn(part, person)]);
  return {
    speakers: placed(speakers, part),
    merged: placed(Object.fromEntries(into), part),
    recognized: placed(recognized, part),
  };
}

/**
 * @template T
 * @param {Record<string, T>} of
 * @param {Part} part
 * @returns {Record<string, T>}
 */
function placed(of, part) {
  if (part.above === 0) return of;
  return Object.fromEntries(
    Object.entries(of).map(([speaker, value]) => [voiceIn(part, Number(speaker)), value]),
  );
}

/**
 * What the reader has said of one session's speakers, in that session's numbers. Who is the same
 * person as somebody in another session has that person's name here.
 *
 * @param {Speakers} speakers
 * @param {{above: number, upTo: number}} range  The page's numbers for it.
 * @returns {Speakers}
 */
export function speakersIn({ names, same }, { above, upTo }) {
  const within = (/** @type {number} */ voice) => voice > above && voice <= upTo;
  const merged = Object.entries(same).map(([voice, person]) => [Number(voice), person]);
  const own = merged.filter(([voice, person]) => within(voice) && within(person));
  const abroad = merged.filter(([voice, person]) => within(voice) && !within(person));
  const named = [
    ...Object.entries(names).map(([person, name]) => /** @type {const} */ ([+person, name])),
    ...abroad.map(([voice]) => /** @type {const} */ ([voice, nameOf({ names, same }, voice)])),
  ];
  return {
    names: Object.fromEntries(
      named.flatMap(([voice, name]) => (within(voice) && name ? [[voice - above, name]] : [])),
    ),
    same: Object.fromEntries(own.map(([voice, person]) => [voice - above, person - above])),
  };
}

/**
 * @param {Speakers} speakers
 * @param {number} voice
 */
function nameOf(speakers, voice) {
  return speakers.names[personOf(speakers, voice)] ?? "";
}

/**
 * @param {Part[]} parts
 * @returns {{part: Part, above: number, upTo: number}[]} The page's numbers for each of them.
 */
export function ranges(parts) {
  return parts.map((part, at) => ({
    part,
    above: part.above,
    upTo: parts[at + 1]?.above ?? Number.POSITIVE_INFINITY,
  }));
}

/**
 * Where speakers are counted from 1 again.
 *
 * @param {Pick<Part, "above" | "offset">[]} parts
 * @returns {{above: number, offset: number}[]} In order of time.
 */
export function countings(parts) {
  return parts.filter(({ above }, at) => at === 0 || above > parts[at - 1].above);
}

/**
 * @param {{above: number, offset: number}[]} counted
 * @param {number} voice
 * @returns {{number: number, above: number, offset: number}} What its own session calls it, and
 *   when that began.
 */
export function placeOf(counted, voice) {
  const { above = 0, offset = 0 } = counted.findLast((each) => each.above < voice) ?? {};
  return { number: voice - above, above, offset };
}

/**
 * @param {Speakers} speakers
 * @param {number} by
 * @returns {Speakers} The same people under higher numbers.
 */
export function moved({ names, same, recognized }, by) {
  /** @type {<T>(of: Readonly<Record<string, T>>) => Record<string, T>} */
  const up = (of) => Object.fromEntries(Object.entries(of).map(([n, value]) => [+n + by, value]));
  const merged = Object.fromEntries(Object.entries(same).map(([n, into]) => [n, into + by]));
  return { names: up(names), same: up(merged), ...(recognized && { recognized: up(recognized) }) };
}

/**
 * @param {Speakers} before
 * @param {Speakers} after  Under other numbers.
 * @returns {Speakers}
 */
export function together(before, after) {
  const recognized = { ...before.recognized, ...after.recognized };
  return {
    names: { ...before.names, ...after.names },
    same: { ...before.same, ...after.same },
    ...(Object.keys(recognized).length > 0 && { recognized }),
  };
}
