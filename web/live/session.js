/**
 * One reader's recording: microphone, connection and conversation, and the few verbs that move
 * them. Emits "change" when its state changed and "level" for every frame of sound.
 *
 * @import { Config, Message } from "../modules/wire.js"
 * @import { LinkState } from "../modules/reconnect.js"
 * @import { State } from "./state.js"
 *
 * @typedef {{device: string, processing: boolean, language: string}} Choices
 */

import * as talk from "../modules/conversation.js";
import { peakDb, SignalWatch } from "../modules/levels.js";
import { Outbox } from "../modules/outbox.js";
import { Loss, languageToAsk, SyncGuard } from "../modules/recovery.js";
import { heardUpTo } from "../modules/transcript.js";
import { liveUrl, SAMPLE_RATE } from "../modules/wire.js";
import { Connection } from "./connection.js";
import { CaptureError, captureObstacle, Microphone } from "./microphone.js";
import { askServer } from "./server.js";
import { initialState } from "./state.js";

/** Unheard audio that is not worth a new connection once the reader has pressed stop. */
const NEARLY_ALL_SECONDS = 0.3;

export class Session extends EventTarget {
  /** @param {{base: string, choices: Choices}} options */
  constructor({ base, choices }) {
    super();
    this.base = base;
    this.choices = choices;
    this.state = initialState(captureObstacle());
    this.outbox = new Outbox();
    this.signal = new SignalWatch();
    this.levelDb = Number.NEGATIVE_INFINITY;
    this.loss = new Loss();
    this.sync = new SyncGuard();
    this.microphone = new Microphone({
      frame: (bytes) => this.recorded(bytes),
      ended: () => this.microphoneEnded(),
    });
    this.connection = this.connectionTo(this.outbox);
  }

  /** Seconds recorded so far. */
  get recordedSeconds() {
    return this.outbox.end / SAMPLE_RATE;
  }

  /** Seconds between now and the words on the screen, whichever side they wait on. */
  get lagSeconds() {
    const part = talk.currentPart(this.state.conversation);
    const server = part?.transcript.remaining_time_transcription ?? 0;
    return server + this.outbox.waiting / SAMPLE_RATE;
  }

  /** Seconds that were recorded while the server was away too long, and could not be kept. */
  get lostSeconds() {
    return this.outbox.lost / SAMPLE_RATE;
  }

  async start() {
    if (this.state.phase !== "idle") return;
    if (this.state.conversation.parts.length === 0) this.startAnew();
    this.signal = new SignalWatch();
    this.change({ phase: "starting", problem: null, warning: "", wasOpen: false });
    if (!(await this.openMicrophone())) return;
    this.connection.start();
    this.change({ phase: "live" });
  }

  async pause() {
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
    await this.microphone.close();
    this.connection.want({ ended: true, paused: false });
  }

  clear() {
    const running = this.state.phase !== "idle";
    this.change({ conversation: talk.clear(this.state.conversation, running) });
  }

  undoClear() {
    this.change({ conversation: talk.undoClear(this.state.conversation) });
  }

  forgetCleared() {
    this.change({ conversation: { ...this.state.conversation, cleared: null } });
  }

  retryNow() {
    this.connection.hurry();
  }

  /** @param {Partial<Choices>} choices */
  async choose(choices) {
    const old = this.choices;
    this.choices = { ...old, ...choices };
    if (this.choices.language !== old.language) {
      this.connection.send({ type: "configure", language: this.choices.language });
    }
    const sameSound =
      this.choices.device === old.device && this.choices.processing === old.processing;
    if (!sameSound && (this.state.phase === "live" || this.state.phase === "paused")) {
      await this.openMicrophone();
    }
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
    this.signal.push(bytes);
    this.levelDb = peakDb(bytes);
    this.connection.pump();
    this.dispatchEvent(new Event("level"));
  }

  startAnew() {
    this.outbox = new Outbox();
    this.connection = this.connectionTo(this.outbox);
    this.change({ conversation: talk.emptyConversation() });
  }

  /** @param {Outbox} outbox */
  connectionTo(outbox) {
    return new Connection({
      outbox,
      url: () => this.address(),
      opened: (config) => this.opened(config),
      received: (message) => this.received(message),
      changed: (link) => this.linkChanged(link),
      refused: () => this.refused(),
    });
  }

  /** @returns {string} */
  address() {
    const { about, wasOpen } = this.state;
    const failed = this.connection.reconnect.failures > 0 && !wasOpen;
    const language = languageToAsk(this.choices.language, about?.languages, failed);
    return liveUrl(this.base, { language, resume: this.loss.ask() });
  }

  /** @param {Config} config */
  insistOnLanguage({ language: given, languages = [] }) {
    const { language } = this.choices;
    if (given !== language && languages.includes(language)) {
      this.connection.send({ type: "configure", language });
    }
  }

  /** Ask the server about itself; also what a failed connection may mean. */
  async meetServer() {
    const about = await askServer(this.base);
    this.change({ serverAnswers: about !== null, about: { ...this.state.about, ...about } });
  }

  /**
   * A session on the server: the one we lost, if it was found again, or a new one.
   *
   * @param {Config} config
   * @returns {boolean} Whether audio may flow.
   */
  opened(config) {
    this.change({ about: config, wasOpen: true, warning: "" });
    this.insistOnLanguage(config);
    if (this.loss.isResumedBy(config.session)) return false; // The snapshot says where to go on.
    const afterLoss = this.loss.lost;
    if (afterLoss) this.rewindToUnheard();
    this.loss.over();
    const start = { session: config.session, offset: this.outbox.cursor / SAMPLE_RATE, afterLoss };
    this.change({ conversation: talk.beginPart(this.state.conversation, start) });
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
    } else if (message.type === "warning" || message.type === "error") {
      this.change({ warning: message.message ?? "" });
    } else {
      this.change({ conversation: talk.receive(this.state.conversation, message) });
      if (message.type === "snapshot" && this.loss.lost) {
        this.rewindToUnheard(message.resume_from_sample);
        this.loss.over();
        this.connection.flow();
      }
      this.keepInSync();
    }
  }

  keepInSync() {
    const part = talk.currentPart(this.state.conversation);
    const action = this.sync.check(part?.transcript.in_sync !== false, performance.now());
    if (action === "ask") this.connection.send({ type: "resync" });
    if (action === "leave") this.connection.restart();
  }

  /** @param {LinkState} link */
  linkChanged(link) {
    if (link === "waiting" && this.state.link === "open") {
      const part = talk.currentPart(this.state.conversation);
      this.loss.happened(part && { session: part.session, seq: part.transcript.seq });
    }
    this.change({ link });
    if (link !== "waiting") return;
    this.meetServer();
    if (this.state.phase === "stopping" && this.lagSeconds < NEARLY_ALL_SECONDS) this.finish();
  }

  refused() {
    this.finish();
    this.change({ problem: "refused" });
  }

  finish() {
    this.connection.stop();
    this.microphone.close();
    this.outbox.discard();
    this.loss.over();
    const conversation = talk.settle(this.state.conversation);
    this.change({ phase: "idle", link: "idle", conversation });
  }

  /** @param {Partial<State>} changes */
  change(changes) {
    this.state = { ...this.state, ...changes };
    this.dispatchEvent(new Event("change"));
  }
}
