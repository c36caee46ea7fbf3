/**
 * One voice of the transcript: a stream of sound, and the session that captions it.
 *
 * @import { Row } from "../../web/modules/conversation.js"
 * @import { ChannelName, Growing } from "../feed/merge.js"
 * @import { Clock } from "./sound.js"
 * @import { Obstacle, Server } from "../../web/live/server.js"
 *
 * @typedef {object} ChannelOptions
 * @property {ChannelName} name
 * @property {number} number  Which of all channels it is.
 * @property {number} [recording]  Which of all recordings begins with it.
 * @property {Server} server
 * @property {string} language
 * @property {() => void} ended  The sound stopped by itself.
 */

import { Dialogue } from "../../web/live/dialogue.js";
import { refusalProblem } from "../../web/live/state.js";
import { currentPart, markerRow, rows } from "../../web/modules/conversation.js";
import { meterValue, peakDb, SignalWatch } from "../../web/modules/levels.js";
import { countings, placeOf } from "../../web/modules/people.js";
import { SAMPLE_RATE } from "../../web/modules/wire.js";
import { growingOf, placed } from "../feed/merge.js";
import { Sound } from "./sound.js";

export class Channel extends Dialogue {
  /** @param {ChannelOptions} options */
  constructor({ name, number, recording = 0, server, language, ended }) {
    super({ server, language });
    this.name = name;
    this.number = number;
    this.recording = recording;
    /** @type {Row | null} */
    this.marker = null;
    this.ended = ended;
    this.signal = new SignalWatch();
    this.level = 0;
    /** Where its first sample stands on the recorder's clock, in seconds. */
    this.offset = 0;
    /** @type {Sound | null} */
    this.sound = null;
  }

  get running() {
    return this.state.phase !== "idle";
  }

  /**
   * @param {MediaStream} stream
   * @param {Clock} clock
   */
  async listen(stream, clock) {
    this.change({ phase: "starting" });
    const context = await clock.start();
    let first = true;
    const frame = (/** @type {ArrayBuffer} */ bytes) => {
      if (first) this.offset = Math.max(0, clock.seconds - bytes.byteLength / 2 / SAMPLE_RATE);
      first = false;
      this.recorded(bytes);
    };
    this.sound = new Sound({ stream, context, listener: { frame, ended: this.ended } });
    this.change({ phase: "live" });
    this.connection.start();
  }

  /** @param {ArrayBuffer} bytes */
  recorded(bytes) {
    this.outbox.push(bytes);
    this.signal.push(bytes);
    this.level = meterValue(peakDb(bytes));
    this.connection.pump();
    this.dispatchEvent(new Event("level"));
  }

  /** Finish: what was said is still recognised. A second time: now. */
  async stop() {
    if (this.state.phase === "stopping") return this.finish();
    if (this.state.phase !== "live") return;
    this.change({ phase: "stopping" });
    await this.silence();
    this.connection.want({ ended: true });
  }

  async silence() {
    await this.sound?.close();
    this.sound = null;
    this.level = 0;
    this.change({});
  }

  finish() {
    this.silence();
    super.finish();
  }

  /** @param {Obstacle | null} obstacle */
  refused(obstacle) {
    super.refused(obstacle);
    this.change({ problem: refusalProblem(obstacle, this.server) });
  }

  /** @param {Server} server  Another one, or another key for it. */
  moveTo(server) {
    if (!this.turnTo(server)) return;
    this.connection.restart();
    this.connection.hurry();
  }

  /** @returns {Row[]} On the recorder's clock. */
  get rows() {
    const { conversation } = this.state;
    const counted = countings(conversation.parts);
    const { name, number, offset } = this;
    const numberOf = (/** @type {number} */ voice) => placeOf(counted, voice).number;
    const said = rows(conversation).map((row) => placed(row, { name, number, offset, numberOf }));
    if (said.length === 0 || this.recording === 0) return said;
    this.marker ??= { ...markerRow(0, offset, this.recording), key: `${number}` };
    return [this.marker, ...said];
  }

  /** @returns {Growing | null} */
  get growing() {
    const part = this.running ? currentPart(this.state.conversation) : null;
    return part && growingOf(part, this);
  }
}
