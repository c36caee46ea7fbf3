/**
 * The transcript on the screen and the one that was there before it, which can be had back.
 *
 * @import { AnyOutbox } from "./dialogue.js"
 * @import { Server } from "./server.js"
 * @import { Problem, Sheet } from "./state.js"
 */

import * as talk from "../modules/conversation.js";
import { Latency } from "../modules/latency.js";
import { Outbox } from "../modules/outbox.js";
import { moved, together } from "../modules/people.js";
import { noSpeakers } from "../modules/speakers.js";
import { lasting } from "../modules/warnings.js";
import { SAMPLE_RATE } from "../modules/wire.js";
import { Dialogue } from "./dialogue.js";

export class Desk extends Dialogue {
  /** @param {{server: Server, language: string, problem: Problem | null}} options */
  constructor(options) {
    super(options);
    /** Counts the conversations that began with nothing. */
    this.epoch = 0;
    this.latency = new Latency();
  }

  clear() {
    const { conversation, file, phase, speakers, warnings } = this.state;
    const running = phase !== "idle";
    if (file && !running) this.putAside();
    else {
      const away = running ? { aside: noSpeakers() } : { aside: speakers, speakers: noSpeakers() };
      this.change({ conversation: talk.clear(conversation, running), before: null, ...away });
    }
    this.change({ warnings: lasting(warnings) });
  }

  /** @returns {Sheet} */
  get sheet() {
    const { epoch, outbox, connection } = this;
    const { conversation, speakers, file } = this.state;
    return { epoch, outbox, connection, conversation, speakers, file };
  }

  /** @param {Sheet} sheet */
  putOn({ epoch, outbox, connection, conversation, speakers, file }) {
    Object.assign(this, { epoch, outbox, connection });
    this.change({ conversation, speakers, file });
  }

  /** What comes is another transcript, and what is there now can be had back in its place. */
  putAside() {
    const { aside, before, conversation } = this.state;
    const { parts, cleared } = conversation;
    const bare = { ...conversation, parts: cleared ?? [], cleared: null };
    const undone = cleared && { ...this.sheet, conversation: bare, speakers: aside };
    this.change({
      before: parts.length > 0 ? this.sheet : (undone ?? before),
      conversation: { ...conversation, parts: [], cleared: null },
      speakers: noSpeakers(),
      aside: noSpeakers(),
      file: null,
    });
  }

  /** What "clear" took away stands before what was said since; another transcript in its place. */
  undoClear() {
    const { aside, before, conversation, phase, source, speakers } = this.state;
    if (!conversation.cleared) {
      if (phase !== "idle" && source !== "file") return;
      if (phase !== "idle") this.finish();
      return this.exchange(before);
    }
    const all = talk.undoClear(conversation);
    const [old, now] = [conversation, all].map(talk.currentPart);
    const { outbox } = this;
    if (old && now && outbox instanceof Outbox) {
      outbox.moveOn((now.offset - old.offset) * SAMPLE_RATE);
    }
    const by = old && now ? now.above - old.above : 0;
    const people = together(aside, moved(speakers, by));
    this.change({ conversation: all, speakers: people, aside: noSpeakers() });
  }

  /** @param {Sheet | null} sheet */
  exchange(sheet) {
    const now = this.state.conversation.parts.length > 0 ? this.sheet : null;
    if (sheet) this.putOn(sheet);
    this.change({ before: now, problem: null });
  }

  forgetCleared() {
    const conversation = { ...this.state.conversation, cleared: null };
    this.change({ conversation, before: null });
  }

  /** @returns {() => void} Has everything as it is now. */
  remembered() {
    const { aside, before } = this.state;
    const { sheet } = this;
    return () => {
      this.putOn(sheet);
      this.change({ aside, before });
    };
  }

  /**
   * The screen is empty, and times begin anew.
   *
   * @param {AnyOutbox} [outbox]
   */
  startAnew(outbox = new Outbox()) {
    this.outbox = outbox;
    this.epoch += 1;
    this.latency = new Latency();
    this.connection = this.connectionTo(outbox);
  }
}
