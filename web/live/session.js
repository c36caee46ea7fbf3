/**
 * One reader's recording: sound, connection and conversation, and the few verbs that move them.
 * Emits "change" when its state changed and "level" for every frame of sound.
 *
 * @import { Message } from "../modules/wire.js"
 * @import { Obstacle, Server } from "./server.js"
 * @import { Problem } from "./state.js"
 * @import { Place, Row } from "../modules/conversation.js"
 * @import { Speakers } from "../modules/speakers.js"
 * @import { Choice } from "./streams.js"
 *
 * @typedef {Choice & {language: string, target: string}} Choices
 */

import * as talk from "../modules/conversation.js";
import { peakDb, SignalWatch } from "../modules/levels.js";
import { restored } from "../modules/restoring.js";
import { bufferText } from "../modules/transcript.js";
import { SAMPLE_RATE } from "../modules/wire.js";
import { Desk } from "./desk.js";
import { FileOutbox } from "./file-outbox.js";
import { CaptureError, captureObstacle, Microphone } from "./microphone.js";
import { refusalProblem } from "./state.js";

/** What a file says it is, if it cannot hold sound. */
const SILENT = /^(text|image|font)\/|pdf|zip|json|msword|officedocument/;

/** @type {Partial<Record<Problem, Problem>>} What it means if it happens in the midst of a recording. */
const GONE = { noDevice: "deviceLost", denied: "takenAway" };

export class Session extends Desk {
  /** @param {{server: Server, choices: Choices}} options */
  constructor({ server, choices }) {
    super({ server, language: choices.language, problem: captureObstacle() });
    this.choices = choices;
    this.wishes.target = choices.target;
    this.signal = new SignalWatch();
    this.levelDb = Number.NEGATIVE_INFINITY;
    /** Brings back what a file took the place of. */
    this.putBack = () => {};
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
    const putBack = this.remembered();
    if (this.state.file) this.putAside();
    if (this.state.conversation.parts.length === 0) this.startAnew();
    this.change({ source });
    this.signal = new SignalWatch();
    this.change({ phase: "starting", problem: null, warnings: {}, wasOpen: false });
    if (!(await this.openMicrophone())) return putBack();
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
    this.putBack = this.remembered();
    this.putAside();
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

  /**
   * Show an earlier transcript; a recording goes on where it ended.
   *
   * @param {{rows: Row[], speakers: Speakers, places?: Place[]}} earlier
   */
  bringBack({ rows, speakers, places }) {
    if (this.state.phase !== "idle") return;
    this.putAside();
    this.startAnew();
    const end = Math.max(0, ...rows.map(({ finish }) => finish));
    this.outbox.end = this.outbox.cursor = Math.ceil(end) * SAMPLE_RATE;
    this.change({ speakers, conversation: restored(rows, places) });
  }

  /**
   * @param {Partial<Choices>} choices
   * @returns {Promise<boolean>} False if the sound that was chosen cannot be had.
   */
  async choose(choices) {
    const old = this.choices;
    this.choices = { ...old, ...choices };
    const { language, target } = this.choices;
    this.wish({ language, target });
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
      const gone = !starting && this.microphone.capture === null;
      const problem = gone ? (GONE[found] ?? found) : found;
      this.change({ problem, phase: starting ? "idle" : this.state.phase });
      return false;
    }
  }

  /** The device was unplugged: go on with whatever the system offers now, or later. */
  async microphoneEnded() {
    if (this.state.source === "tab") return this.stop();
    this.choices = { ...this.choices, device: "" };
    await this.microphone.close();
    this.levelDb = Number.NEGATIVE_INFINITY;
    await this.openMicrophone();
  }

  get isDeaf() {
    return Object.values(GONE).some((problem) => problem === this.state.problem);
  }

  /** Devices came or went, or the reader allows the microphone again. */
  async soundChanged() {
    if (this.isDeaf) await this.openMicrophone();
  }

  retryNow() {
    if (this.isDeaf) this.openMicrophone();
    else super.retryNow();
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

  /** @param {Obstacle | null} obstacle */
  refused(obstacle) {
    this.fail(refusalProblem(obstacle, this.server));
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
