/**
 * How long after a sound its words are on the screen, told by what the server says it has heard.
 */

/** Two minutes of frames. */
const MARKS = 2000;

/** The figures are medians of this many answers: about the last half minute of speech. */
const ANSWERS = 100;

export class Latency {
  constructor() {
    /** @type {{sample: number, at: number}[]} */
    this.marks = [];
    /** @type {number[]} */
    this.words = [];
    /** @type {number[]} */
    this.arrivals = [];
  }

  /**
   * The microphone has given this many samples by now.
   *
   * @param {number} sample
   * @param {number} now  Milliseconds.
   */
  recorded(sample, now) {
    this.marks.push({ sample, at: now });
    if (this.marks.length > 2 * MARKS) this.marks = this.marks.slice(-MARKS);
  }

  /**
   * The server's answer: it has got the sound up to one sample, and words for it up to another.
   *
   * @param {{received: number, heard: number | null}} samples  `heard` where there were new words.
   * @param {number} now
   */
  answered({ received, heard }, now) {
    keep(this.arrivals, this.ageOf(received, now));
    if (heard !== null) keep(this.words, this.ageOf(heard, now));
  }

  /** Seconds from a sound to its words; null as long as there were none. */
  get delay() {
    return median(this.words);
  }

  /** Seconds from a sound to the server's word that it has it. */
  get network() {
    return median(this.arrivals);
  }

  /**
   * @param {number} sample
   * @param {number} now
   * @returns {number | null}
   */
  ageOf(sample, now) {
    const mark = this.marks.findLast((each) => each.sample <= sample);
    return mark ? (now - mark.at) / 1000 : null;
  }
}

/**
 * @param {number[]} values
 * @param {number | null} value
 */
function keep(values, value) {
  if (value === null) return;
  values.push(value);
  if (values.length > ANSWERS) values.shift();
}

/** @param {number[]} values */
function median(values) {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}
