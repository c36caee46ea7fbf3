/** Records a few seconds of one voice. */

import { wavOf } from "../modules/wav.js";
import { SAMPLE_RATE } from "../modules/wire.js";
import { Microphone } from "./microphone.js";

/** @import { Choice } from "./streams.js" */

const BYTES_PER_SECOND = 2 * SAMPLE_RATE;

export class Sampler {
  /** @param {{heard: (seconds: number) => void, done: () => void}} listener */
  constructor(listener) {
    this.listener = listener;
    /** @type {ArrayBuffer[]} */
    this.frames = [];
    this.most = 0;
    this.microphone = new Microphone({
      frame: (bytes) => this.recorded(bytes),
      ended: () => listener.done(),
    });
  }

  get seconds() {
    return this.frames.reduce((sum, { byteLength }) => sum + byteLength, 0) / BYTES_PER_SECOND;
  }

  /**
   * @param {Choice} choice
   * @param {number} seconds  After which it is done by itself.
   */
  async start(choice, seconds) {
    this.frames = [];
    this.most = seconds;
    await this.microphone.open({ ...choice, source: "microphone" });
  }

  /** @returns {Promise<Blob>} What was recorded. */
  async stop() {
    await this.microphone.close();
    return wavOf(this.frames);
  }

  /** @param {ArrayBuffer} bytes */
  recorded(bytes) {
    if (this.seconds >= this.most) return;
    this.frames.push(bytes);
    this.listener.heard(this.seconds);
    if (this.seconds >= this.most) this.listener.done();
  }
}
