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
 * A key that a link to one session brought: for that session only, whatever other key there is.
 *
 * @param {Places} places
 * @param {string} server
 * @param {string} session
 * @param {string} key  An empty one is forgotten.
 */
export function lendKey({ tab }, server, session, key) {
  write(tab, server, key, linkName(session));
}

/**
 * @param {Places} places
 * @param {string} server
 * @param {string} session
 * @returns {string} Empty if no link brought one.
 */
export function lentKey({ tab }, server, session) {
  return session && read(tab, server, linkName(session));
}

/** @param {string} session */
function linkName(session) {
  return `${NAME}:${session}`;
}

/**
 * @param {Store} store
 * @param {string} server
 * @param {string} [name]
 * @returns {string}
 */
function read(store, server, name = NAME) {
  try {
    const found = JSON.parse(store.getItem(name) ?? "null");
    return found?.server === server && typeof found.key === "string" ? found.key : "";
  } catch {
    return ""; // Storage can be forbidden, or hold anything.
  }
}

/**
 * @param {Store} store
 * @param {string} server
 * @param {string} key
 * @param {string} [name]
 */
function write(store, server, key, name = NAME) {
  try {
    store.setItem(name, key ? JSON.stringify({ server, key }) : "null");
  } catch {
    // The key then lasts as long as the page.
  }
}
