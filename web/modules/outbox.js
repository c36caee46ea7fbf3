/**
 * Recorded audio on its way to the server: a bounded ring, addressed by sample number.
 *
 * Frames stay after they were sent, because a lost connection may make them needed again. When
 * the ring is full the oldest go; those that had never been sent are counted as lost.
 */

/** One minute at 16 kHz. */
export const RING_SAMPLES = 60 * 16000;

const BYTES_PER_SAMPLE = 2;

export class Outbox {
  constructor(capacity = RING_SAMPLES) {
    this.capacity = capacity;
    /** A session that was lost can go on from any sample still here. */
    this.resumable = true;
    /** @type {{at: number, bytes: ArrayBuffer}[]} */
    this.frames = [];
    /** The sample number after the newest one recorded. */
    this.end = 0;
    /** The next sample to send. */
    this.cursor = 0;
    /** Samples that left the ring before they could be sent. */
    this.lost = 0;
  }

  /** The oldest sample still here. */
  get start() {
    return this.frames[0]?.at ?? this.end;
  }

  /** Samples recorded and not sent. */
  get waiting() {
    return this.end - this.cursor;
  }

  /** @param {ArrayBuffer} bytes */
  push(bytes) {
    this.frames.push({ at: this.end, bytes });
    this.end += bytes.byteLength / BYTES_PER_SAMPLE;
    while (this.end - this.start > this.capacity) this.frames.shift();
    if (this.cursor < this.start) {
      this.lost += this.start - this.cursor;
      this.cursor = this.start;
    }
  }

  /** @returns {ArrayBuffer | null} The next bytes to send, if there are any. */
  take() {
    const frame = this.frames[this.indexOf(this.cursor)];
    if (!frame) return null;
    const bytes = frame.bytes.slice((this.cursor - frame.at) * BYTES_PER_SAMPLE);
    this.cursor = frame.at + frame.bytes.byteLength / BYTES_PER_SAMPLE;
    return bytes;
  }

  /**
   * Send again from this sample, or from the oldest one still here.
   *
   * @param {number} sample
   */
  rewind(sample) {
    const wanted = Math.min(Math.max(0, Math.round(sample)), this.end);
    this.cursor = Math.max(this.start, wanted);
  }

  /** Nothing here will be sent any more. */
  discard() {
    this.frames = [];
    this.cursor = this.end;
  }

  /** @param {number} sample */
  indexOf(sample) {
    // The wanted frame is nearly always one of the newest.
    for (let i = this.frames.length - 1; i >= 0; i--) {
      if (this.frames[i].at <= sample) {
        const length = this.frames[i].bytes.byteLength / BYTES_PER_SAMPLE;
        return sample < this.frames[i].at + length ? i : -1;
      }
    }
    return -1;
  }
}
