/** Floating-point samples into frames of 16-bit PCM, little-endian, ready to send. */

/** 60 ms at 16 kHz: small beside the lag of recognition, and only 17 messages per second. */
export const FRAME_SAMPLES = 960;

export class Framer {
  constructor(frameSamples = FRAME_SAMPLES) {
    this.frameSamples = frameSamples;
    this.frame = new DataView(new ArrayBuffer(2 * frameSamples));
    this.filled = 0;
  }

  /**
   * @param {Float32Array} samples
   * @returns {ArrayBuffer[]} The frames that became full.
   */
  push(samples) {
    /** @type {ArrayBuffer[]} */
    const frames = [];
    for (const sample of samples) {
      this.frame.setInt16(2 * this.filled, toInt16(sample), true);
      this.filled += 1;
      if (this.filled === this.frameSamples) frames.push(...this.flush());
    }
    return frames;
  }

  /** @returns {ArrayBuffer[]} What is left, as one short frame, if there is anything. */
  flush() {
    if (this.filled === 0) return [];
    const frame = /** @type {ArrayBuffer} */ (this.frame.buffer).slice(0, 2 * this.filled);
    this.filled = 0;
    return [frame];
  }
}

/** @param {number} sample */
function toInt16(sample) {
  if (Number.isNaN(sample)) return 0;
  const clipped = Math.max(-1, Math.min(1, sample));
  return Math.round(clipped < 0 ? clipped * 32768 : clipped * 32767);
}
