/**
 * Who is who, and who has to learn it: the session that listens, the one that is lost and may come
 * back, or the store, for sessions that have ended.
 *
 * @import { Conversation, Part } from "../modules/conversation.js"
 * @import { Speakers } from "../modules/speakers.js"
 * @import { Change } from "./library.js"
 *
 * @typedef {"hears" | "lost" | "over"} Standing  Of the newest session.
 */

import { currentPart } from "../modules/conversation.js";
import { ranges, speakersIn } from "../modules/people.js";
import { changesOf, merge, noSpeakers, personOf, rename, separate } from "../modules/speakers.js";
import { changeOf } from "../modules/stored.js";

export class Naming {
  /**
   * @param {object} options
   * @param {(message: {type: string, [field: string]: unknown}) => void} options.send
   * @param {(session: string, change: Change) => void} options.note  For the store.
   */
  constructor({ send, note }) {
    this.send = send;
    this.note = note;
    /** What the session knows that was lost before it could be told more. @type {Speakers | null} */
    this.known = null;
  }

  /**
   * @param {Conversation} conversation
   * @param {{before: Speakers, after: Speakers}} speakers
   * @param {Standing} standing
   */
  change({ parts }, { before, after }, standing) {
    for (const { part, ...range } of ranges(parts)) {
      if (!part.diarized) continue;
      const told = { before: speakersIn(before, range), after: speakersIn(after, range) };
      this.tell(part, told, part === parts.at(-1) ? standing : "over");
    }
  }

  /**
   * @param {Part} part
   * @param {{before: Speakers, after: Speakers}} speakers  As its session counts.
   * @param {Standing} standing
   */
  tell(part, { before, after }, standing) {
    if (standing === "hears") for (const message of changesOf(before, after)) this.send(message);
    if (standing === "lost") this.known ??= before;
    if (standing !== "over") return;
    const change = changeOf(before, after);
    if (part.session !== "" && Object.keys(change).length > 0) this.note(part.session, change);
  }

  /**
   * A new session hears again what is known already.
   *
   * @param {Conversation} conversation
   * @param {Speakers} speakers
   */
  introduce(conversation, speakers) {
    this.known = noSpeakers();
    this.settle(conversation, speakers, "hears");
  }

  /**
   * The session that was lost is there again, or never comes back.
   *
   * @param {Conversation} conversation  With that session as the last.
   * @param {Speakers} speakers
   * @param {Standing} standing
   * @returns {(speakers: Speakers) => Speakers} Says the same to whoever knows something else.
   */
  settle(conversation, speakers, standing) {
    const { known } = this;
    const part = currentPart(conversation);
    this.known = null;
    if (!known || !part) return (others) => others;
    const range = { above: part.above, upTo: Number.POSITIVE_INFINITY };
    const after = speakersIn(speakers, range);
    this.tell(part, { before: known, after }, standing);
    return (others) => changesOf(known, after).reduce((all, said) => told(all, part, said), others);
  }
}

/**
 * @param {Speakers} speakers
 * @param {Part} part
 * @param {ReturnType<typeof changesOf>[number]} said
 * @returns {Speakers}
 */
function told(speakers, { above }, { type, speaker, into, name }) {
  const person = speaker + above;
  if (type === "merge") return merge(speakers, person, Number(into) + above);
  return type === "separate" ? separate(speakers, person) : rename(speakers, person, String(name));
}

/**
 * @param {Conversation} conversation
 * @param {Speakers} speakers
 * @param {number} person
 * @returns {number} What the newest session calls them; 0 if they do not speak in it.
 */
export function numberNow(conversation, speakers, person) {
  const above = currentPart(conversation)?.above ?? 0;
  if (person > above) return person - above;
  const voices = Object.keys(speakers.same).map(Number);
  const here = voices.find((voice) => voice > above && personOf(speakers, voice) === person);
  return here ? here - above : 0;
}
