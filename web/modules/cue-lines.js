/** The one or two lines that a subtitle's text is shown on. */

/** Columns of a line, as subtitle guides recommend. */
export const CUE_LINE = 42;

/** Scripts that put no space between words. */
const UNSPACED =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}ー、。，！？]/u;
const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3001-\u303e\u30fb-\u30fc\uff01-\uff60]/gu;
const WIDTHLESS = /[\p{Mn}\p{Me}\p{Cf}]/gu;
/** What a line must not begin with. */
const CLOSING = /^[\p{Pe}\p{Pf}\p{Po}ー々]/u;

/**
 * How wide a text is, in Latin letters: a Chinese, Japanese or Korean character is two.
 *
 * @param {string} text
 */
export function columns(text) {
  const count = (/** @type {RegExp} */ pattern) => text.match(pattern)?.length ?? 0;
  return [...text].length + count(WIDE) - count(WIDTHLESS);
}

/**
 * Words as a text, with a space before each that needs one.
 *
 * @param {string[]} words
 */
export function joined(words) {
  return words
    .map((word) => word.trim())
    .map((word, at) => (at === 0 || UNSPACED.test(word) ? word : ` ${word}`))
    .join("");
}

/**
 * Text on one line, or broken near its middle if it is too wide for one.
 *
 * @param {string} text
 */
export function wrap(text) {
  const width = columns(text);
  if (width <= CUE_LINE) return text;
  const uneven = (/** @type {number} */ at) => Math.abs(2 * columns(text.slice(0, at)) - width);
  const [best] = breaksOf(text).sort((a, b) => uneven(a) - uneven(b));
  return best === undefined ? text : `${text.slice(0, best)}\n${text.slice(best).trimStart()}`;
}

/**
 * Where a line may end: before spaces, and between words that need none.
 *
 * @param {string} text
 */
function breaksOf(text) {
  const words = new Intl.Segmenter(undefined, { granularity: "word" });
  return [...words.segment(text)]
    .slice(1)
    .filter(({ segment, index }) => {
      if (segment.startsWith(" ")) return true;
      const before = [...text.slice(Math.max(0, index - 2), index)].at(-1) ?? "";
      return UNSPACED.test(segment) && UNSPACED.test(before) && !CLOSING.test(segment);
    })
    .map(({ index }) => index);
}
