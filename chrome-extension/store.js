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

/** @returns {Promise<Settings>} */
export async function loadSettings() {
  const [found, defaults] = await Promise.all([
    chrome.storage.local.get("settings"),
    fetch(new URL("defaults.json", import.meta.url)).then((answer) => answer.json()),
  ]);
  return readSettings(found.settings, readSettings(defaults));
}

/** @param {Partial<Settings>} changes */
export async function saveSettings(changes) {
  await chrome.storage.local.set({ settings: { ...(await loadSettings()), ...changes } });
}

/** @returns {Promise<Capture>} */
export async function loadCapture() {
  const { capture } = await chrome.storage.session.get("capture");
  return { ...NO_CAPTURE, .../** @type {Partial<Capture>} */ (capture) };
}

/** @param {Partial<Capture>} changes */
export async function saveCapture(changes) {
  await chrome.storage.session.set({ capture: { ...(await loadCapture()), ...changes } });
}

/**
 * @param {{settings?: (settings: Settings) => void, capture?: (capture: Capture) => void}} listener
 */
export function watchStore({ settings, capture }) {
  chrome.storage.onChanged.addListener(async (changes, area) => {
    if (area === "local" && changes.settings) settings?.(await loadSettings());
    if (area === "session" && changes.capture) capture?.(await loadCapture());
  });
}
