/** How loud a frame is, and whether anything is heard at all. */

/** Below this nothing useful comes in: a muted or wrong device, not a quiet room. */
const SILENT_DB = -65;

/** Samples of silence after which the page asks about the microphone: 4 s. */
export const NO_SIGNAL_SAMPLES = 4 * 16000;

const FLOOR_DB = -96;

/**
 * @param {ArrayBuffer} frame  16-bit PCM.
 * @returns {number} dB of full scale, of the loudest sample.
 */
export function peakDb(frame) {
  const samples = new DataView(frame);
  let peak = 0;
  for (let i = 0; i + 1 < frame.byteLength; i += 2) {
    peak = Math.max(peak, Math.abs(samples.getInt16(i, true)));
  }
  return peak === 0 ? FLOOR_DB : Math.max(FLOOR_DB, 20 * Math.log10(peak / 32768));
}

/**
 * A meter's reading, 0 to 1: speech fills the upper half.
 *
 * @param {number} db
 */
export function meterValue(db) {
  return Math.max(0, Math.min(1, (db + 60) / 60));
}

/** Counts silence on the sample clock, so a paused page does not complain. */
export class SignalWatch {
  constructor() {
    this.silent = 0;
  }

  /** @param {ArrayBuffer} frame */
  push(frame) {
    const samples = frame.byteLength / 2;
    this.silent = peakDb(frame) < SILENT_DB ? this.silent + samples : 0;
  }

  get noSignal() {
    return this.silent >= NO_SIGNAL_SAMPLES;
  }
}

/** How long the reader sees one figure of the lag before the next. */
const LAG_HOLD_MS = 1000;

/** A calm figure for a jumping lag: the worst of the last second, once a second. */
export class LagReading {
  constructor() {
    this.shown = 0;
    this.worst = 0;
    this.since = Number.NEGATIVE_INFINITY;
  }

  /**
   * @param {number} seconds
   * @param {number} now  Milliseconds.
   */
  read(seconds, now) {
    this.worst = Math.max(this.worst, seconds);
    if (now - this.since >= LAG_HOLD_MS) {
      this.shown = this.worst;
      this.worst = 0;
      this.since = now;
    }
    return this.shown;
  }
}
