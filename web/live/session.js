/**
 * One reader's recording: sound, connection and conversation, and the few verbs that move them.
 * Emits "change" when its state changed and "level" for every frame of sound.
 *
 * @import { Message } from "../modules/wire.js"
 * @import { Obstacle, Server } from "./server.js"
 * @import { Problem } from "./state.js"
 * @import { Part, Row } from "../modules/conversation.js"
 * @import { Speakers } from "../modules/speakers.js"
 * @import { Choice } from "./streams.js"
 *
 * @typedef {Choice & {language: string, target: string}} Choices
 */

import * as talk from "../modules/conversation.js";
import { Latency } from "../modules/latency.js";
import { peakDb, SignalWatch } from "../modules/levels.js";
import { Outbox } from "../modules/outbox.js";
import { moved, together } from "../modules/people.js";
import { noSpeakers } from "../modules/speakers.js";
import { changeOf } from "../modules/stored.js";
import { bufferText } from "../modules/transcript.js";
import { lasting } from "../modules/warnings.js";
import { SAMPLE_RATE } from "../modules/wire.js";
import { Dialogue } from "./dialogue.js";
import { FileOutbox } from "./file-outbox.js";
import { Library } from "./library.js";
import { CaptureError, captureObstacle, Microphone } from "./microphone.js";
import { Notes } from "./notes.js";
import { refusalProblem } from "./state.js";

/** What a file says it is, if it cannot hold sound. */
const SILENT = /^(text|image|font)\/|pdf|zip|json|msword|officedocument/;

export class Session extends Dialogue {
  /** @param {{server: Server, choices: Choices}} options */
  constructor({ server, choices }) {
    super({ server, language: choices.language, problem: captureObstacle() });
    this.choices = choices;
    this.target = choices.target;
    this.signal = new SignalWatch();
    this.notes = new Notes(new Library(() => this.server));
    /** Counts the conversations that began with nothing. */
    this.epoch = 0;
    this.latency = new Latency();
    this.levelDb = Number.NEGATIVE_INFINITY;
    /** Brings back what a file took the place of. */
    this.putBack = () => {};
    /** The file whose transcript was cleared away. @type {File | null} */
    this.clearedFile = null;
    this.microphone = new Microphone({
      frame: (bytes) => this.recorded(bytes),
      ended: () => this.microphoneEnded(),
    });
  }

  /** Seconds recorded so far. */
  get recordedSeconds() {
    return this.outbox.end / SAMPLE_RATE;
  }

  async start() {
    if (this.state.phase !== "idle") return;
    const { source = "microphone" } = this.choices;
    if (this.state.file || this.state.conversation.parts.length === 0) this.startAnew();
    this.change({ source, file: null });
    this.signal = new SignalWatch();
    this.change({ phase: "starting", problem: null, warnings: {}, wasOpen: false });
    if (!(await this.openMicrophone())) return;
    this.connection.start();
    this.change({ phase: "live" });
  }

  /**
   * Transcribe a file's bytes, in a conversation of its own: its times are the file's.
   *
   * @param {File} file
   */
  openFile(file) {
    if (this.state.phase !== "idle") return;
    if (SILENT.test(file.type)) return this.change({ problem: "notAudio", soundless: file.name });
    const { outbox, connection, epoch, clearedFile } = this;
    const { conversation, speakers, aside, file: before } = this.state;
    this.putBack = () => {
      Object.assign(this, { outbox, connection, epoch, clearedFile });
      this.change({ conversation, speakers, aside, file: before });
    };
    this.startAnew(
      new FileOutbox(file, {
        ready: () => this.connection.pump(),
        broken: () => this.fail("fileUnreadable"),
      }),
    );
    this.change({
      source: "file",
      file,
      phase: "live",
      problem: null,
      warnings: {},
      wasOpen: false,
    });
    this.connection.start();
    this.connection.want({ ended: true });
  }

  /** The file has no sound that anybody can read: what was on the screen before is there again. */
  notAudio() {
    const soundless = this.state.file?.name ?? "";
    this.fail("notAudio");
    if (talk.rows(this.state.conversation).length === 0) this.putBack();
    this.change({ soundless, warnings: {} });
  }

  /** Put the file away; what was said in it stays. */
  closeFile() {
    if (this.state.phase === "idle") this.change({ file: null });
  }

  async pause() {
    if (this.state.source === "file") return;
    if (this.state.phase !== "live") return;
    this.change({ phase: "paused" });
    await this.microphone.pause();
    this.connection.want({ paused: true });
  }

  async resume() {
    if (this.state.phase !== "paused") return;
    this.connection.want({ paused: false });
    await this.microphone.resume();
    this.change({ phase: "live" });
  }

  /** Finish: what was said is still recognised. A second time: now. */
  async stop() {
    if (this.state.phase === "stopping") return this.finish();
    if (this.state.phase !== "live" && this.state.phase !== "paused") return;
    this.change({ phase: "stopping" });
    if (this.state.source === "file") this.outbox.discard();
    await this.microphone.close();
    this.connection.want({ ended: true, paused: false });
  }

  clear() {
    const { conversation, file, phase, warnings } = this.state;
    const running = phase !== "idle";
    if (!running && file) this.clearedFile = file;
    if (running) this.change({ conversation: talk.clear(conversation, true), aside: noSpeakers() });
    else this.putAside();
    this.change({ file: running ? file : null, warnings: lasting(warnings) });
  }

  /**
   * A session that has ended, or whose socket hears no more, learns it in the server's store.
   *
   * @param {Part} part
   * @param {Speakers} before
   * @param {Speakers} after
   */
  tell(part, before, after) {
    const { about, link, phase } = this.state;
    const listens = link === "open" && phase !== "stopping";
    if (listens && part === talk.currentPart(this.state.conversation)) {
      return super.tell(part, before, after);
    }
    const change = changeOf(before, after);
    const stored = part.session !== "" && (about?.store?.status ?? "off") !== "off";
    if (stored && Object.keys(change).length > 0) this.notes.add(part.session, change);
  }

  /** The people of what is cleared away are not those of what comes. */
  putAside() {
    const { conversation, speakers } = this.state;
    if (conversation.parts.length === 0) return;
    const cleared = talk.clear(conversation, false);
    this.change({ conversation: cleared, speakers: noSpeakers(), aside: speakers });
  }

  undoClear() {
    const { aside, conversation: before, file: now, speakers } = this.state;
    const file = before.parts.length === 0 ? this.clearedFile : now;
    const conversation = talk.undoClear(before);
    const aboveIn = (/** @type {talk.Conversation} */ of) => talk.currentPart(of)?.above ?? 0;
    const by = before.parts.length > 0 ? aboveIn(conversation) - aboveIn(before) : 0;
    const all = together(aside, moved(speakers, by));
    this.change({ conversation, file, speakers: all, aside: noSpeakers() });
  }

  forgetCleared() {
    this.change({ conversation: { ...this.state.conversation, cleared: null } });
  }

  /**
   * Show an earlier transcript; a recording goes on where it ended.
   *
   * @param {{rows: Row[], speakers: Speakers}} earlier
   */
  bringBack({ rows, speakers }) {
    if (this.state.phase !== "idle") return;
    this.startAnew();
    const end = Math.max(0, ...rows.map(({ finish }) => finish));
    this.outbox.end = this.outbox.cursor = Math.ceil(end) * SAMPLE_RATE;
    this.change({ file: null, speakers, conversation: talk.restored(rows) });
  }

  /**
   * @param {Partial<Choices>} choices
   * @returns {Promise<boolean>} False if the sound that was chosen cannot be had.
   */
  async choose(choices) {
    const old = this.choices;
    this.choices = { ...old, ...choices };
    this.speak(this.choices.language);
    this.translateInto(this.choices.target);
    const { device, processing, source = "microphone" } = this.choices;
    const sameSound =
      device === old.device && processing === old.processing && source === this.state.source;
    const recording = this.state.phase === "live" || this.state.phase === "paused";
    if (sameSound || !recording || this.state.source === "file") return true;
    if (await this.openMicrophone()) {
      this.change({ source });
      return true;
    }
    if (!this.microphone.capture) return true;
    // What was heard before is still heard.
    this.choices = { ...this.choices, device: old.device, source: old.source };
    if (this.state.problem === "notShared") this.change({ problem: null });
    return false;
  }

  async openMicrophone() {
    const starting = this.state.phase === "starting";
    try {
      await this.microphone.open(this.choices);
      if (this.state.phase === "paused") await this.microphone.pause();
      this.change({ problem: null });
      return true;
    } catch (error) {
      const found = error instanceof CaptureError ? error.problem : "busy";
      const problem = found === "noDevice" && !starting ? "deviceLost" : found;
      this.change({ problem, phase: starting ? "idle" : this.state.phase });
      return false;
    }
  }

  /** The device was unplugged: go on with whatever the system offers now, or later. */
  async microphoneEnded() {
    if (this.state.source === "tab") return this.stop();
    this.choices = { ...this.choices, device: "" };
    await this.microphone.close();
    await this.openMicrophone();
  }

  async devicesChanged() {
    if (this.state.problem === "deviceLost") await this.openMicrophone();
  }

  /** @param {ArrayBuffer} bytes */
  recorded(bytes) {
    this.outbox.push(bytes);
    this.latency.recorded(this.outbox.end, performance.now());
    this.signal.push(bytes);
    this.levelDb = peakDb(bytes);
    this.connection.pump();
    this.dispatchEvent(new Event("level"));
  }

  /** @param {Message} message */
  received(message) {
    const unreadable = message.type === "error" && message.code === "bad_audio";
    if (unreadable && this.state.source === "file") return this.notAudio();
    const shown = talk.currentPart(this.state.conversation)?.transcript;
    const before = shown && bufferText(shown);
    super.received(message);
    const part = talk.currentPart(this.state.conversation);
    if (message.type !== "diff" || !part) return;
    const { audio_received } = part.transcript;
    const text = bufferText(part.transcript);
    const sampleAt = (/** @type {number} */ at) => (part.offset + at) * SAMPLE_RATE;
    const heard = text && text !== before ? sampleAt(this.heardSeconds) : null;
    this.latency.answered({ received: sampleAt(audio_received), heard }, performance.now());
  }

  /**
   * What was on the screen can be brought back.
   *
   * @param {import("./dialogue.js").AnyOutbox} [outbox]
   */
  startAnew(outbox = new Outbox()) {
    this.outbox = outbox;
    this.epoch += 1;
    this.clearedFile = null;
    this.latency = new Latency();
    this.connection = this.connectionTo(outbox);
    this.putAside();
    this.change({ speakers: noSpeakers() });
  }

  /** @param {Obstacle | null} obstacle */
  refused(obstacle) {
    this.fail(refusalProblem(obstacle, this.server.key));
  }

  /** @param {Problem} problem */
  fail(problem) {
    this.finish();
    this.change({ problem });
  }

  finish() {
    this.microphone.close();
    super.finish();
  }
}
