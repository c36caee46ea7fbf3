/**
 * What the server says people should know: one sentence for each thing that can go wrong, which
 * goes when the server says that all is well again.
 *
 * @typedef {{code: string, message: string}} Said
 * @typedef {Readonly<Record<string, Said>>} Warnings  By what they are about.
 */

/** What each code is about. */
const TOPICS = /** @type {Readonly<Record<string, string>>} */ ({
  load_longer_steps: "load",
  load_shorter_windows: "load",
  load_final_only: "load",
  load_no_newcomers: "load",
  load_normal: "load",
  words_late: "words",
  words_on_time: "words",
  store_failing: "store",
  store_losing: "store",
  store_recovered: "store",
  model_loading: "model",
  model_loaded: "model",
  remembered: "voice",
  too_little_speech: "voice",
  name_taken: "voice",
  voices_off: "voice",
});

/**
 * Codes for people who write clients: what this page sends is what it says it sends, and an MP4 it
 * sends is a file, all of which is soon there.
 */
const OTHERS = new Set(["hardly_speech", "index_at_end"]);

/**
 * Codes that say that something is over. Words in larger groups, half a second later, are nothing
 * that a reader would want to be told.
 */
const GOOD = new Set([
  "load_normal",
  "load_longer_steps",
  "words_on_time",
  "store_recovered",
  "model_loaded",
]);

/** What is so only as long as the server works for this page, and the page looks at it. */
const MOMENTARY = new Set(["load", "words", "model"]);

/**
 * @param {Warnings} warnings
 * @returns {Warnings} Those that outlive the session they were said in.
 */
export function lasting(warnings) {
  return Object.fromEntries(Object.entries(warnings).filter(([topic]) => !MOMENTARY.has(topic)));
}

/**
 * @param {Warnings} warnings
 * @param {{code?: string, message?: string}} said  A warning, or an error.
 * @returns {Warnings}
 */
export function warned(warnings, { code = "", message = "" }) {
  if (OTHERS.has(code)) return warnings;
  const topic = TOPICS[code] ?? (code || message);
  const { [topic]: _, ...others } = warnings;
  return GOOD.has(code) ? others : { ...others, [topic]: { code, message } };
}
