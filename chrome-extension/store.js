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
  const [found, defaults] = await Promise.all([
    chrome.storage.local.get(),
    fetch(new URL("defaults.json", import.meta.url)).then((answer) => answer.json()),
  ]);
  return readSettings(found, readSettings(defaults));
}

/** @param {Partial<Settings>} changes */
export function saveSettings(changes) {
  return chrome.storage.local.set(changes);
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
  chrome.storage.onChanged.addListener(async (_changes, area) => {
    if (area === "local") settings?.(await loadSettings());
    if (area === "session") capture?.(await loadCapture());
  });
}
