/**
 * The document that nobody sees. It owns the recording, because a panel can be closed and a worker
 * is ended after half a minute. Panel and overlay are told what changed through ports.
 *
 * @import { FromPanel, Place, ToOffscreen, ToOverlay, ToPanel } from "./messages.js"
 */

import { Recorder } from "./capture/recorder.js";
import { captionsOf } from "./feed/captions.js";
import { RowSender } from "./feed/rows.js";
import { isOurPage, tellWorker } from "./messages.js";
import { WORDS } from "./words.js";

const LEVEL_MS = 60;

const playback = /** @type {HTMLAudioElement} */ (document.getElementById("playback"));
const recorder = new Recorder({ playback });

/** @type {Map<chrome.runtime.Port, RowSender>} */
const panels = new Map();
/** @type {Map<chrome.runtime.Port, string>} The captions each overlay shows. */
const overlays = new Map();
/** @type {Place | null} Where the reader has dragged the overlay; a new page has it there too. */
let place = null;
let running = false;
let drawn = true;
/** Whether more changed than how loud it is. */
let textChanged = true;
let levelAt = Number.NEGATIVE_INFINITY;

chrome.runtime.onMessage.addListener((/** @type {ToOffscreen} */ message, sender, answer) => {
  if (message.to !== "offscreen" || !isOurPage(sender)) return;
  if (message.type === "settings") {
    recorder.follow(message.settings);
    if (!message.settings.overlay) closeOverlays();
    return;
  }
  recorder.start(message).then(answer, () => answer(false));
  return true; // The answer comes later.
});

chrome.runtime.onConnect.addListener((port) => {
  if (port.name === "panel" && isOurPage(port.sender)) welcomePanel(port);
  if (port.name === "overlay") welcomeOverlay(port);
});

/** @type {Record<FromPanel["type"], () => void>} */
const COMMANDS = {
  stop: () => recorder.stop(),
  clear: () => recorder.clear(),
  undo: () => recorder.undoClear(),
  forget: () => recorder.forgetCleared(),
  retry: () => recorder.retryNow(),
};

/** @param {chrome.runtime.Port} port */
function welcomePanel(port) {
  panels.set(port, new RowSender());
  port.onDisconnect.addListener(() => panels.delete(port));
  port.onMessage.addListener((/** @type {FromPanel} */ { type }) => COMMANDS[type]());
  changed();
}

/** @param {chrome.runtime.Port} port */
function welcomeOverlay(port) {
  overlays.set(port, "");
  port.onDisconnect.addListener(() => overlays.delete(port));
  port.onMessage.addListener((/** @type {Place} */ { x, y }) => {
    place = { x: Number(x), y: Number(y) };
  });
  const { overlayHow: how, overlayHide: hide } = WORDS;
  tellOverlay(port, { type: "welcome", place, how, hide });
  changed();
}

function changed() {
  textChanged = true;
  drawSoon();
}

/** Once for all the changes that one message of the server makes. */
function drawSoon() {
  if (!drawn) return;
  drawn = false;
  queueMicrotask(() => {
    drawn = true;
    draw();
  });
}

function draw() {
  const { status } = recorder;
  if (textChanged) drawText();
  else for (const port of panels.keys()) tellPanel(port, { status, text: null });
  textChanged = false;
  if (!recorder.running) closeOverlays();
  if (running && !recorder.running) tellWorker("stopped");
  running = recorder.running;
}

function drawText() {
  const { rows, growing, status } = recorder;
  for (const [port, sender] of panels) {
    tellPanel(port, { status, text: { growing, rows: sender.changes(rows) } });
  }
  const captions = captionsOf(rows, growing);
  const now = JSON.stringify(captions);
  for (const [port, shown] of overlays) {
    if (shown !== now) tellOverlay(port, { type: "captions", captions });
    overlays.set(port, now);
  }
}

/**
 * @param {chrome.runtime.Port} port
 * @param {ToPanel} message
 */
function tellPanel(port, message) {
  port.postMessage(message);
}

function closeOverlays() {
  for (const port of overlays.keys()) tellOverlay(port, { type: "over" });
}

/**
 * @param {chrome.runtime.Port} port
 * @param {ToOverlay} message
 */
function tellOverlay(port, message) {
  port.postMessage(message);
}

recorder.addEventListener("change", changed);
recorder.addEventListener("level", () => {
  const now = performance.now();
  if (now - levelAt < LEVEL_MS) return;
  levelAt = now;
  drawSoon();
});
navigator.mediaDevices.addEventListener("devicechange", () => {
  if (recorder.settings.microphone) recorder.followMicrophone();
});
window.addEventListener("online", () => recorder.wake());
