/** Which of its languages the page speaks. */

/**
 * @template {string} T
 * @param {readonly string[]} wishes  Language tags, the dearest first.
 * @param {readonly T[]} offered
 * @returns {T} The first of the offered ones if nothing fits.
 */
export function chooseInterface(wishes, offered) {
  for (const wish of wishes) {
    const base = wish.toLowerCase().split("-")[0];
    const found = offered.find((each) => each === base);
    if (found) return found;
  }
  return offered[0];
}
