/**
 * How an overlay looks and whom it follows, from its address.
 *
 * @typedef {object} OverlayOptions
 * @property {string} session  An id, or LATEST.
 * @property {number} lines
 * @property {number} size  Pixels.
 * @property {string} font
 * @property {string} color
 * @property {string} background  Behind the words.
 * @property {"start" | "center" | "end"} align
 * @property {"top" | "bottom"} position
 * @property {boolean} shadow
 * @property {boolean} speakers
 * @property {"no" | "yes" | "only"} translation
 * @property {boolean} interim  Words that may still change, too.
 * @property {number} hold  Seconds until captions of a silent room fade; 0 is never.
 */

/** The newest session, and then the next. */
export const LATEST = "latest";

/** @type {Readonly<OverlayOptions>} */
export const OVERLAY_DEFAULTS = {
  session: LATEST,
  lines: 2,
  size: 48,
  font: "",
  color: "white",
  background: "transparent",
  align: "center",
  position: "bottom",
  shadow: true,
  speakers: false,
  translation: "no",
  interim: true,
  hold: 10,
};

/**
 * Anything that is not understood is as if it were not there.
 *
 * @param {string} search  The query of the address.
 * @returns {OverlayOptions}
 */
export function readOverlay(search) {
  const query = new URLSearchParams(search);
  const given = (/** @type {keyof OverlayOptions} */ name) => query.get(name)?.trim() ?? "";
  const d = OVERLAY_DEFAULTS;
  return {
    session: given("session") || d.session,
    lines: Math.round(number(given("lines"), d.lines, 1, 20)),
    size: number(given("size"), d.size, 8, 400),
    font: given("font"),
    color: colour(given("color")) || d.color,
    background: colour(given("background")) || d.background,
    align: one(
      given("align"),
      { left: "start", right: "end", start: "start", end: "end" },
      d.align,
    ),
    position: one(given("position"), { top: "top" }, d.position),
    shadow: flag(given("shadow"), d.shadow),
    speakers: flag(given("speakers"), d.speakers),
    translation: one(given("translation"), { yes: "yes", 1: "yes", only: "only" }, d.translation),
    interim: flag(given("interim"), d.interim),
    hold: number(given("hold"), d.hold, 0, 3600),
  };
}

/**
 * @param {string} text
 * @param {number} otherwise
 * @param {number} least
 * @param {number} most
 */
function number(text, otherwise, least, most) {
  const value = Number(text);
  return text === "" || !Number.isFinite(value)
    ? otherwise
    : Math.min(most, Math.max(least, value));
}

/**
 * @template T
 * @param {string} text
 * @param {Record<string, T>} meanings
 * @param {T} otherwise
 */
function one(text, meanings, otherwise) {
  return Object.hasOwn(meanings, text) ? meanings[text] : otherwise;
}

/**
 * @param {string} text
 * @param {boolean} otherwise
 */
function flag(text, otherwise) {
  return one(
    text,
    { 1: true, yes: true, true: true, 0: false, no: false, false: false },
    otherwise,
  );
}

/**
 * A "#" does not survive in an address, so hexadecimal digits do without.
 *
 * @param {string} text
 */
function colour(text) {
  return /^([\da-f]{3,4}|[\da-f]{6}|[\da-f]{8})$/i.test(text) ? `#${text}` : text;
}
