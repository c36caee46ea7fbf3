/**
 * One conversation with the server, over as many connections as it takes: what is sent, what is
 * known, and what to do after a loss. Emits "change" when its state changed.
 *
 * @import { Config, Message, Snapshot } from "../modules/wire.js"
 * @import { LinkState } from "../modules/reconnect.js"
 * @import { Obstacle, Server } from "./server.js"
 * @import { Problem, State } from "./state.js"
 * @import { FileOutbox } from "./file-outbox.js"
 * @import { Speakers } from "../modules/speakers.js"
 *
 * @typedef {Outbox | FileOutbox} AnyOutbox
 */

import * as talk from "../modules/conversation.js";
import { Outbox } from "../modules/outbox.js";
import { learned } from "../modules/people.js";
import { Loss, SyncGuard } from "../modules/recovery.js";
import { heardUpTo } from "../modules/transcript.js";
import { lasting, warned } from "../modules/warnings.js";
import { liveUrl, SAMPLE_RATE } from "../modules/wire.js";
import { Connection } from "./connection.js";
import { Library } from "./library.js";
import { Naming, numberNow } from "./naming.js";
import { Notes } from "./notes.js";
import { isFinal, RESTARTING, reasonNow, reasonOf } from "./obstacles.js";
import { initialState } from "./state.js";
import { Wishes } from "./wishes.js";

/** Unheard audio that is not worth a new connection once the reader has pressed stop. */
const NEARLY_ALL_SECONDS = 0.3;

/** Errors after which the server closes a session. */
const FATAL = new Set(["", "bad_audio", "disk_full", "engine_error", "unknown_session"]);

export class Dialogue extends EventTarget {
  /** @param {{server: Server, language: string, problem?: Problem | null}} options */
  constructor({ server, language, problem = null }) {
    super();
    this.server = server;
    this.wishes = new Wishes(language);
    this.state = initialState(problem);
    /** @type {AnyOutbox} */
    this.outbox = new Outbox();
    this.loss = new Loss();
    this.sync = new SyncGuard();
    this.connection = this.connectionTo(this.outbox);
    /** The address of the server that was spoken to last. */
    this.spokenTo = server.base;
    const notes = new Notes(new Library(() => this.server));
    this.naming = new Naming({
      send: (message) => this.connection.send(message),
      note: (session, change) => {
        const { about, link } = this.state;
        const kept = about?.store?.status !== "off" || link === "open";
        // Who came by somebody's link says what they like, but to themselves.
        if (kept && !this.server.lent) notes.add(session, change);
      },
    });
  }

  /**
   * @param {Server} server  What the next connection is made to.
   * @returns {boolean} Whether it is another one, or another key for it.
   */
  turnTo(server) {
    const { server: before } = this;
    this.server = server;
    return before.base !== server.base || before.key !== server.key;
  }

  /** The newest session, if others can read it: while it runs, or as the server has kept it. */
  get shareable() {
    const { about, conversation, link } = this.state;
    const kept = about?.store !== undefined && about.store.status !== "off";
    const here = this.spokenTo === this.server.base && (link === "open" || kept);
    return (here && talk.currentPart(conversation)?.session) || "";
  }

  /** Seconds between now and the words on the screen, whichever side they wait on. */
  get lagSeconds() {
    if (!this.outbox.resumable) return 0;
    const part = talk.currentPart(this.state.conversation);
    const server = part?.transcript.remaining_time_transcription ?? 0;
    return server + this.outbox.waiting / SAMPLE_RATE;
  }

  /** Seconds of the sound that the server has listened to. */
  get heardSeconds() {
    const part = talk.currentPart(this.state.conversation);
    return part ? heardUpTo(part.transcript) : 0;
  }

  /** Seconds that were recorded while the server was away too long, and could not be kept. */
  get lostSeconds() {
    return this.outbox.lost / SAMPLE_RATE;
  }

  /** @param {AnyOutbox} outbox */
  connectionTo(outbox) {
    return new Connection({
      outbox,
      url: () => this.address(),
      protocols: () => this.server.protocols(this.state.about?.voices === true),
      opened: (config) => this.opened(config),
      received: (message) => this.received(message),
      changed: (link, retryMs) => this.linkChanged(link, retryMs),
      pressing: () =>
        outbox.waiting > 0 || (this.state.phase === "stopping" && this.lagSeconds > 0),
      refused: (code) => this.refused(reasonOf(code)),
    });
  }

  /** @returns {string} */
  address() {
    const { about, wasOpen } = this.state;
    const failed = this.connection.reconnect.failures > 0 && !wasOpen;
    return liveUrl(this.server.base, {
      ...this.wishes.asked(about, failed),
      resume: this.loss.ask(),
      container: !this.outbox.resumable,
      title: this.state.file?.name,
    });
  }

  /** @param {Speakers} speakers */
  nameSpeakers(speakers) {
    const { conversation, speakers: before } = this.state;
    this.change({ speakers });
    this.naming.change(conversation, { before, after: speakers }, this.standing);
  }

  /** @returns {import("./naming.js").Standing} Whether the newest session hears what it is told. */
  get standing() {
    if (this.loss.lost) return "lost";
    return this.state.link === "open" && !this.connection.told.ended ? "hears" : "over";
  }

  /**
   * Have the server know this voice again, in later sessions too.
   *
   * @param {number} person
   * @param {string} name
   */
  rememberVoice(person, name) {
    const speaker = this.speakerNow(person);
    if (speaker > 0) this.connection.send({ type: "remember", speaker, name });
  }

  /** @param {number} person */
  speakerNow(person) {
    return numberNow(this.state.conversation, this.state.speakers, person);
  }

  retryNow() {
    this.connection.hurry();
  }

  /** The network came back, or whoever reads looks at the page again. */
  wake() {
    this.connection.wake();
  }

  /** @param {{language?: string, target?: string}} wanted */
  wish(wanted) {
    for (const message of this.wishes.change(wanted, this.state.about)) {
      this.connection.send(message);
    }
  }

  /** Ask the server about itself. */
  async meetServer() {
    const about = await this.server.about();
    this.change({ about: { ...this.state.about, ...about } });
  }

  /** A socket that is refused does not tell a page why. */
  async askWhy() {
    const found = await this.server.obstacleTo(this.address());
    if (this.state.link !== "waiting") return;
    const { failures } = this.connection.reconnect;
    this.obstructed(reasonNow(found, { known: this.state.obstacle, failures }));
  }

  /** @param {Obstacle | null} obstacle */
  obstructed(obstacle) {
    if (isFinal(obstacle)) return this.refused(obstacle);
    this.change({ obstacle });
    const { retryAfter = 0 } = obstacle ?? {};
    if (1000 * retryAfter > this.state.retryMs) this.connection.postpone(1000 * retryAfter);
  }

  /**
   * A session on the server: the one we lost, if it was found again, or a new one.
   *
   * @param {Config} config
   * @returns {boolean} Whether audio may flow.
   */
  opened(config) {
    const { recording = false, ...agreed } = config;
    const { about } = this.state;
    this.spokenTo = this.server.base;
    this.change({
      about: { recording, ...about, ...agreed },
      soundKept: recording,
      wasOpen: true,
      obstacle: null,
      warnings: {},
    });
    for (const message of this.wishes.lacking(config)) this.connection.send(message);
    if (this.loss.isResumedBy(config.session)) return false; // The snapshot says where to go on.
    const afterLoss = this.loss.lost;
    if (afterLoss) this.rewindToUnheard();
    this.naming.settle(this.state.conversation, this.state.speakers, "over");
    this.outbox.skipLost();
    this.loss.over();
    const offset = this.outbox.cursor / SAMPLE_RATE;
    const diarized = this.state.about?.diarization === true;
    const start = { session: config.session, offset, afterLoss, diarized };
    const known = this.state.conversation;
    const again = !this.outbox.resumable;
    this.change({ conversation: talk.beginPart(again ? { ...known, parts: [] } : known, start) });
    // A file is heard once more, and by other ears.
    if (again) this.naming.introduce(this.state.conversation, this.state.speakers);
    return true;
  }

  /** @param {number} [sample]  The session's own count, if the server told it. */
  rewindToUnheard(sample) {
    const part = talk.currentPart(this.state.conversation);
    if (!part) return;
    const heard = sample ?? heardUpTo(part.transcript) * SAMPLE_RATE;
    this.outbox.rewind(part.offset * SAMPLE_RATE + heard);
  }

  /** @param {Message} message */
  received(message) {
    if (message.type === "ready_to_stop") {
      this.finish();
    } else if (message.type === "remembered") {
      const said = { code: message.type, message: message.voice.name };
      this.change({ warnings: warned(this.state.warnings, said) });
    } else if (message.type === "warning" || message.type === "error") {
      this.change({ warnings: warned(this.state.warnings, message) });
      // A file that the server cannot read would be sent again and again.
      const fatal = message.type === "error" && FATAL.has(message.code ?? "");
      if (fatal && this.state.source === "file") this.finish();
    } else {
      const { speakers } = this.state;
      this.receive(message);
      if (message.type === "snapshot" && this.loss.lost) this.foundAgain(message, speakers);
      this.keepInSync();
    }
  }

  /**
   * The session that was lost goes on.
   *
   * @param {Snapshot} snapshot
   * @param {Speakers} speakers  As the reader knows them: the snapshot may be older.
   */
  foundAgain(snapshot, speakers) {
    this.rewindToUnheard(snapshot.resume_from_sample);
    this.loss.over();
    const insist = this.naming.settle(this.state.conversation, speakers, "hears");
    this.change({ speakers: insist(this.state.speakers) });
    this.connection.flow();
  }

  /** @param {Message} message */
  receive(message) {
    const before = talk.currentPart(this.state.conversation);
    const conversation = talk.receive(this.state.conversation, message);
    const now = talk.currentPart(conversation);
    const { speakers } = this.state;
    const known = before && now ? learned(speakers, before, now) : speakers;
    this.change({ conversation, speakers: known });
  }

  keepInSync() {
    const part = talk.currentPart(this.state.conversation);
    const action = this.sync.check(part?.transcript.in_sync !== false, performance.now());
    if (action === "ask") this.connection.send({ type: "resync" });
    if (action === "leave") this.connection.restart();
  }

  /**
   * @param {LinkState} link
   * @param {number} retryMs  How long it waits, if it does.
   */
  linkChanged(link, retryMs) {
    const before = this.state.link;
    if (link === "waiting" && before === "open") {
      const part = this.outbox.resumable ? talk.currentPart(this.state.conversation) : null;
      this.loss.happened(part && { session: part.session, seq: part.transcript.seq });
      const { server_restart: restart, ...warnings } = lasting(this.state.warnings);
      this.change({ warnings, obstacle: restart ? RESTARTING : null });
    }
    this.change({ link, retryMs });
    if (link !== "waiting" || before === "waiting") return;
    this.askWhy();
    if (this.state.phase === "stopping" && this.lagSeconds < NEARLY_ALL_SECONDS) this.finish();
  }

  /**
   * The server will not have us.
   *
   * @param {Obstacle | null} _obstacle  Why, if it says so.
   */
  refused(_obstacle) {
    this.finish();
  }

  /** Nothing more is to come. */
  finish() {
    this.connection.stop();
    this.naming.settle(this.state.conversation, this.state.speakers, "over");
    this.outbox.discard();
    this.loss.over();
    const conversation = talk.settle(this.state.conversation);
    const warnings = lasting(this.state.warnings);
    this.change({ phase: "idle", link: "idle", obstacle: null, conversation, warnings });
  }

  /** @param {Partial<State>} changes */
  change(changes) {
    this.state = { ...this.state, ...changes };
    this.dispatchEvent(new Event("change"));
  }
}
