/**
 * The key for a server: for as long as the tab is open, or for good where somebody asked for that.
 * It is kept with the address it is meant for, and goes to no other one.
 *
 * @import { Store } from "./preferences.js"
 *
 * @typedef {{key: string, remembered: boolean}} Held
 * @typedef {{tab: Store, lasting: Store}} Places
 */

const NAME = "livestt-key";

/**
 * @param {Places} places
 * @param {string} server  The address of its page.
 * @returns {Held}
 */
export function loadKey({ tab, lasting }, server) {
  const here = read(tab, server);
  if (here) return { key: here, remembered: false };
  const kept = read(lasting, server);
  return { key: kept, remembered: kept !== "" };
}

/**
 * @param {Places} places
 * @param {string} server
 * @param {Held} held  An empty key is forgotten.
 */
export function saveKey({ tab, lasting }, server, { key, remembered }) {
  write(tab, server, remembered ? "" : key);
  write(lasting, server, remembered ? key : "");
}

/**
 * A key that a link brought: what was remembered stays for another time.
 *
 * @param {Places} places
 * @param {string} server
 * @param {string} key
 */
export function borrowKey({ tab }, server, key) {
  write(tab, server, key);
}

/**
 * @param {Store} store
 * @param {string} server
 * @returns {string}
 */
function read(store, server) {
  try {
    const found = JSON.parse(store.getItem(NAME) ?? "null");
    return found?.server === server && typeof found.key === "string" ? found.key : "";
  } catch {
    return ""; // Storage can be forbidden, or hold anything.
  }
}

/**
 * @param {Store} store
 * @param {string} server
 * @param {string} key
 */
function write(store, server, key) {
  try {
    store.setItem(NAME, key ? JSON.stringify({ server, key }) : "null");
  } catch {
    // The key then lasts as long as the page.
  }
}
