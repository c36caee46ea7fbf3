/**
 * Any sample rate to another one, exactly: after n samples in, floor(n * to / from) have come out,
 * so the sound never drifts from the clock however long it lasts.
 *
 * A polyphase windowed-sinc filter. Output k stands at input time k * from / to, kept as a whole
 * number and a remainder, so there is no rounding to add up. The filter is causal: the sound comes
 * out half a filter length late (3 ms from 48 kHz), always the same. Each output depends only on
 * the samples under the filter, so any split of the input into blocks gives the same result.
 */

/** Attenuation in the stop band, in dB. */
const STOP = 80;

/** The transition band, as a share of the lower of the two rates. */
const TRANSITION = 0.05;

/** Above this many phases the coefficients are interpolated (error below -100 dB). */
const MAX_PHASES = 512;

/** @typedef {{from: number, to: number}} Rates */

export class Resampler {
  /** @param {Rates} rates  Whole numbers of Hertz. */
  constructor({ from, to }) {
    const divisor = gcd(from, to);
    this.up = to / divisor;
    this.down = from / divisor;
    this.phases = Math.min(this.up, MAX_PHASES);
    this.taps = tapCount(from, to);
    this.filter = designFilter({ from, to }, this.taps, this.phases);
    /** Input not yet done with; before the first sample there was silence. */
    this.history = new Float32Array(this.taps - 1);
    /** Where the next output stands in `history`, in units of 1 / up input samples. */
    this.position = (this.taps - 1) * this.up;
  }

  /**
   * @param {Float32Array} block
   * @returns {Float32Array}
   */
  process(block) {
    const input = concat(this.history, block);
    // An output is due once the whole input span it stands for has come in: that makes the count exact.
    const available = input.length * this.up - this.position;
    const output = new Float32Array(Math.max(0, Math.floor(available / this.down)));
    for (let k = 0; k < output.length; k++) {
      output[k] = this.sampleAt(input);
      this.position += this.down;
    }
    const done = Math.floor(this.position / this.up) - (this.taps - 1);
    this.history = input.slice(done);
    this.position -= done * this.up;
    return output;
  }

  /** @param {Float32Array} input */
  sampleAt(input) {
    const newest = Math.floor(this.position / this.up);
    const phase = ((this.position % this.up) * this.phases) / this.up;
    const row = Math.floor(phase);
    const between = phase - row;
    let sum = this.dot(input, newest, row);
    if (between > 0) sum += between * (this.dot(input, newest, row + 1) - sum);
    return sum;
  }

  /**
   * @param {Float32Array} input
   * @param {number} newest
   * @param {number} row
   */
  dot(input, newest, row) {
    const { filter, taps } = this;
    const first = row * taps;
    let sum = 0;
    for (let j = 0; j < taps; j++) sum += filter[first + j] * input[newest - j];
    return sum;
  }
}

/**
 * @param {number} from
 * @param {number} to
 */
function tapCount(from, to) {
  const width = (2 * Math.PI * TRANSITION * Math.min(from, to)) / from;
  return 2 * Math.ceil((STOP - 8) / (2.285 * width) / 2);
}

/**
 * Row p holds the filter sampled p / phases of an input sample later; one row more than there are
 * phases, so that interpolation always has a neighbour.
 *
 * @param {Rates} rates
 * @param {number} taps
 * @param {number} phases
 */
function designFilter({ from, to }, taps, phases) {
  const edge = Math.min(from, to) / 2;
  const cutoff = (edge - (TRANSITION * Math.min(from, to)) / 2) / from;
  const filter = new Float64Array((phases + 1) * taps);
  for (let p = 0; p <= phases; p++) {
    let sum = 0;
    for (let j = 0; j < taps; j++) {
      const x = j + p / phases - taps / 2;
      const value = sinc(2 * cutoff * x) * kaiser(x / (taps / 2));
      filter[p * taps + j] = value;
      sum += value;
    }
    // Every phase passes a constant unchanged; otherwise the phases' small differences would hum.
    for (let j = 0; j < taps; j++) filter[p * taps + j] /= sum;
  }
  return filter;
}

const KAISER_BETA = 0.1102 * (STOP - 8.7);

/** @param {number} x  From -1 to 1. */
function kaiser(x) {
  if (x < -1 || x > 1) return 0;
  return besselI0(KAISER_BETA * Math.sqrt(1 - x * x)) / besselI0(KAISER_BETA);
}

/** @param {number} x */
function besselI0(x) {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-12; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

/** @param {number} x */
function sinc(x) {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/**
 * @param {Float32Array} a
 * @param {Float32Array} b
 */
function concat(a, b) {
  const both = new Float32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/**
 * @param {number} a
 * @param {number} b
 * @returns {number}
 */
function gcd(a, b) {
  return b === 0 ? a : gcd(b, a % b);
}
