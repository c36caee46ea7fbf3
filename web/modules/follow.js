/**
 * Whether the page keeps the newest line in view. The reader decides: scrolling up stops it,
 * coming back to the end starts it again.
 *
 * @typedef {{top: number, height: number, view: number}} ScrollPlace
 *   Where the view stands, how tall the content is and how tall the view.
 */

const NEAR_END = 32;

/** @param {ScrollPlace} place */
function isNearEnd({ top, height, view }) {
  return height - top - view <= NEAR_END;
}

/**
 * @param {boolean} following
 * @param {ScrollPlace} before
 * @param {ScrollPlace} now
 */
export function followNext(following, before, now) {
  const sameLayout = now.height === before.height && now.view === before.view;
  // A layout change also moves the place (the interim line shrinks, a phone is turned): not a wish.
  if (sameLayout && now.top < before.top) return false;
  return isNearEnd(now) || (following && !sameLayout);
}
