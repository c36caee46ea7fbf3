/**
 * Recorded audio on its way to the server: a bounded ring, addressed by sample number.
 *
 * Frames stay after they were sent, because a lost connection may make them needed again. When
 * the ring is full the oldest go; those that are needed after that are counted as lost, and sent as
 * silence, so that what comes after them keeps its time.
 */

/** A second of silence at most is made at once. */
const SILENCE_SAMPLES = 16000;

/** One minute at 16 kHz. */
const RING_SAMPLES = 60 * 16000;

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
    /** Samples that were needed after they had left the ring. */
    this.lost = 0;
    /** The sample number up to which they are counted. */
    this.counted = 0;
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
    this.countLost();
  }

  countLost() {
    if (this.cursor >= this.start) return;
    this.lost += Math.max(0, this.start - Math.max(this.cursor, this.counted));
    this.counted = Math.max(this.counted, this.start);
  }

  /** @returns {ArrayBuffer | null} The next bytes to send, if there are any. */
  take() {
    if (this.cursor < this.start) {
      const silent = Math.min(this.start - this.cursor, SILENCE_SAMPLES);
      this.cursor += silent;
      return new ArrayBuffer(silent * BYTES_PER_SAMPLE);
    }
    const frame = this.frames[this.indexOf(this.cursor)];
    if (!frame) return null;
    const bytes = frame.bytes.slice((this.cursor - frame.at) * BYTES_PER_SAMPLE);
    this.cursor = frame.at + frame.bytes.byteLength / BYTES_PER_SAMPLE;
    return bytes;
  }

  /**
   * Send again from this sample.
   *
   * @param {number} sample
   */
  rewind(sample) {
    this.cursor = Math.min(Math.max(0, Math.round(sample)), this.end);
    this.countLost();
  }

  /**
   * All of it turns out to have been recorded later.
   *
   * @param {number} by  Samples, perhaps not quite a whole number of them: times are in seconds.
   */
  moveOn(by) {
    const samples = Math.round(by);
    this.frames = this.frames.map(({ at, bytes }) => ({ at: at + samples, bytes }));
    this.end += samples;
    this.cursor += samples;
    this.counted += samples;
  }

  /** Send nothing that is no longer here: a new session counts from what is sent first. */
  skipLost() {
    this.cursor = Math.max(this.cursor, this.start);
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
