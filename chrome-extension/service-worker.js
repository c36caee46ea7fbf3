/**
 * Hears the toolbar button and asks the browser for what only a worker may ask for. It holds
 * nothing: the browser may end it at any moment, and does after half a minute.
 *
 * @import { ToWorker } from "./messages.js"
 * @import { Captured, StartProblem } from "./store.js"
 */

import { isOurPage, tellOffscreen } from "./messages.js";
import { loadCapture, loadSettings, saveCapture, saveSettings, watchStore } from "./store.js";

const OFFSCREEN = "chrome-extension/offscreen.html";
const OVERLAY = "chrome-extension/overlay.js";

// The settings hold the server's key, and content scripts need none of them.
chrome.storage.local.setAccessLevel({ accessLevel: "TRUSTED_CONTEXTS" });

chrome.action.onClicked.addListener((tab) => {
  // At once: the browser opens a panel only while the click is being handled.
  // Some windows have no room for one; the captions on the page are there all the same.
  chrome.sidePanel.open({ windowId: tab.windowId }).catch(() => {});
  start([captured(tab)]);
});

chrome.runtime.onMessage.addListener((/** @type {ToWorker} */ message, sender) => {
  if (message.to !== "worker") return;
  if (message.type === "hide") saveSettings({ overlay: false });
  if (!isOurPage(sender)) return;
  if (message.type === "start") startAgain();
  if (message.type === "stopped") stopped();
});

chrome.tabs.onUpdated.addListener(async (tab, { status }) => {
  if (status !== "complete") return;
  const { now } = await loadCapture();
  if (now?.tab === tab) await showOverlay();
});

chrome.permissions.onAdded.addListener(() => showOverlay());

watchStore({
  settings: async (settings) => {
    if (await hasOffscreen()) await tellOffscreen({ to: "offscreen", type: "settings", settings });
    await showOverlay();
  },
});

/** From the panel: the tab in front, or if the browser does not allow that, the one before. */
async function startAgain() {
  const [front] = await chrome.tabs.query({ active: true, lastFocusedWindow: true });
  const { last } = await loadCapture();
  await start([...(front ? [captured(front)] : []), ...(last ? [last] : [])]);
}

/** @param {Captured[]} tabs  The first that the browser lets us capture is captioned. */
async function start(tabs) {
  const { now } = await loadCapture();
  if (now && now.tab === tabs[0]?.tab && (await hasOffscreen())) return showOverlay();
  /** @type {StartProblem | null} */
  let problem = null;
  for (const tab of tabs) {
    const found = await capture(tab);
    if (found === null) return;
    problem ??= found;
  }
  await saveCapture({ problem: problem ?? "notInvoked" });
}

/**
 * @param {Captured} tab
 * @returns {Promise<StartProblem | null>}
 */
async function capture(tab) {
  let streamId = "";
  try {
    streamId = await chrome.tabCapture.getMediaStreamId({ targetTabId: tab.tab });
  } catch (error) {
    const invoked = !String(error).includes("has not been invoked");
    return invoked ? "notCapturable" : "notInvoked";
  }
  await openOffscreen();
  const settings = await loadSettings();
  const { title } = tab;
  const live = await tellOffscreen({ to: "offscreen", type: "start", streamId, title, settings });
  if (!live) return "notCapturable";
  await saveCapture({ now: tab, last: tab, problem: null, overlayBlocked: false });
  await chrome.action.setBadgeBackgroundColor({ color: "#b3391f" });
  await chrome.action.setBadgeText({ text: "●" });
  await showOverlay();
  return null;
}

async function stopped() {
  await saveCapture({ now: null, overlayBlocked: false });
  await chrome.action.setBadgeText({ text: "" });
}

/** Captions on the captured page, if they are wanted and the browser lets us; again is no harm. */
async function showOverlay() {
  const [{ now, overlayBlocked }, { overlay }] = await Promise.all([loadCapture(), loadSettings()]);
  if (!now || !overlay) return;
  let blocked = false;
  try {
    await chrome.scripting.executeScript({ target: { tabId: now.tab }, files: [OVERLAY] });
  } catch {
    blocked = true; // Another site than the one where the button was pressed, or the browser's own.
  }
  if (blocked !== overlayBlocked) await saveCapture({ overlayBlocked: blocked });
}

async function hasOffscreen() {
  const contexts = await chrome.runtime.getContexts({ contextTypes: ["OFFSCREEN_DOCUMENT"] });
  return contexts.length > 0;
}

async function openOffscreen() {
  if (await hasOffscreen()) return;
  await chrome.offscreen.createDocument({
    url: OFFSCREEN,
    reasons: ["USER_MEDIA", "AUDIO_PLAYBACK"],
    justification:
      "Listens to the tab you chose, keeps it audible and sends its sound to be captioned.",
  });
}

/**
 * @param {chrome.tabs.Tab} tab
 * @returns {Captured}
 */
function captured({ id = chrome.tabs.TAB_ID_NONE, title = "" }) {
  return { tab: id, title };
}
