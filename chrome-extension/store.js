/**
 * What outlives the service worker: settings on disk, the running capture until Chrome is closed.
 *
 * @import { Settings } from "./settings.js"
 *
 * @typedef {{tab: number, title: string}} Captured
 * @typedef {"notInvoked" | "notCapturable"} StartProblem
 *
 * @typedef {object} Capture
 * @property {Captured | null} now  The tab that is being captioned.
 * @property {Captured | null} last  The one that was captioned before.
 * @property {StartProblem | null} problem  Why the last start failed.
 * @property {boolean} overlayBlocked  Chrome does not let captions on the page it now shows.
 */

import { readSettings } from "./settings.js";

/** @type {Readonly<Capture>} */
const NO_CAPTURE = { now: null, last: null, problem: null, overlayBlocked: false };

// Each value has a key of its own, so that two that are saved at once do not undo each other.

/** @returns {Promise<Settings>} */
export async function loadSettings() {
  const [found, passing, defaults] = await Promise.all([
    chrome.storage.local.get(),
    chrome.storage.session.get("key"),
    fetch(new URL("defaults.json", import.meta.url)).then((answer) => answer.json()),
  ]);
  const key = passing.key || found.key;
  return readSettings({ ...found, key }, readSettings(defaults));
}

/** @param {Partial<Settings>} changes */
export function saveSettings(changes) {
  return chrome.storage.local.set(changes);
}

/**
 * On disk only if somebody asked for that; else it is forgotten when the browser is closed.
 *
 * @param {string} key
 * @param {boolean} rememberKey
 */
export async function saveKey(key, rememberKey) {
  await Promise.all([
    chrome.storage.session.set({ key: rememberKey ? "" : key }),
    chrome.storage.local.set({ key: rememberKey ? key : "", rememberKey }),
  ]);
}

/** @returns {Promise<Capture>} */
export async function loadCapture() {
  return { ...NO_CAPTURE, ...(await chrome.storage.session.get()) };
}

/** @param {Partial<Capture>} changes */
export function saveCapture(changes) {
  return chrome.storage.session.set(changes);
}

/**
 * @param {{settings?: (settings: Settings) => void, capture?: (capture: Capture) => void}} listener
 */
export function watchStore({ settings, capture }) {
  chrome.storage.onChanged.addListener(async (changes, area) => {
    const secret = area === "session" && "key" in changes;
    if (area === "local" || secret) settings?.(await loadSettings());
    if (area === "session" && !secret) capture?.(await loadCapture());
  });
}
