/**
 * The side panel: a view of the recording that the offscreen document makes, and its switches.
 * Closing it changes nothing.
 *
 * @import { About } from "../web/live/server.js"
 * @import { Preferences } from "../web/modules/preferences.js"
 * @import { Growing } from "./feed/merge.js"
 * @import { Status, ToPanel } from "./messages.js"
 * @import { Capture } from "./store.js"
 */

import "./words.js";
import { Server } from "../web/live/server.js";
import { initialState } from "../web/live/state.js";
import { loadPreferences, savePreferences } from "../web/modules/preferences.js";
import { STRINGS } from "../web/strings.js";
import { adviceFor, mountAdvice } from "../web/views/advice-view.js";
import { mountLanguagePicker } from "../web/views/choices-view.js";
import { byId, localize } from "../web/views/dom.js";
import { mountFollow } from "../web/views/follow-view.js";
import { mountSave } from "../web/views/save-view.js";
import { applyLook } from "../web/views/settings-view.js";
import { mountSoundKept } from "../web/views/sound-kept-view.js";
import { mountLink, mountNotices, warningTexts } from "../web/views/status-view.js";
import { speakerName } from "./feed/merge.js";
import { RowReceiver } from "./feed/rows.js";
import { loadCapture, loadSettings, saveSettings, watchStore } from "./store.js";
import { Line } from "./views/line.js";
import { mountSettings } from "./views/settings-view.js";
import { mountSwitches } from "./views/switches-view.js";
import { mountTranscript } from "./views/transcript-view.js";
import { mountTransport } from "./views/transport-view.js";
import { WORDS } from "./words.js";

localize();
const settings = await loadSettings();
let preferences = loadPreferences(localStorage);
applyLook(preferences);

/** @type {Status} */
const NOBODY = {
  ...initialState(null),
  title: "",
  seconds: 0,
  lag: 0,
  lost: 0,
  cleared: false,
  channels: [],
};
let status = NOBODY;
/** @type {Growing[]} */
let growing = [];
let received = new RowReceiver();
let capture = await loadCapture();

/** @param {Partial<Preferences>} changes */
function prefer(changes) {
  preferences = { ...preferences, ...changes };
  savePreferences(localStorage, preferences);
  applyLook(preferences);
}

const line = new Line({
  began: () => {
    received = new RowReceiver();
  },
  received: (/** @type {ToPanel} */ message) => {
    status = message.status;
    if (message.text) {
      growing = message.text.growing;
      received.receive(message.text.rows);
    }
    draw();
  },
  ended: () => {
    status = NOBODY;
    growing = [];
    draw();
  },
});

const follow = mountFollow(() => ["live", "stopping"].includes(status.phase));
mountSettings({ settings, preferences, changed: prefer });
mountSave({
  rows: () => received.rows,
  labels: () => ({ speaker: speakerName, recording: STRINGS.recordingNumber }),
  language: () => status.about?.target_language ?? "",
});
const renderSwitches = mountSwitches();
const renderTransport = mountTransport(line);
const renderTranscript = mountTranscript();
const renderLink = mountLink();
const renderNotices = mountNotices({
  undo: () => line.send("undo"),
  forget: () => line.send("forget"),
});
const renderAdvice = mountAdvice({
  tryNow: () => line.send("retry"),
  enterKey: () => {
    byId("settings").showPopover();
    byId("key-field").focus();
  },
});
const renderLanguages = mountLanguagePicker({
  value: settings.language,
  changed: (language) => saveSettings({ language }),
});

const renderSoundKept = mountSoundKept({
  value: settings.record,
  changed: (record) => saveSettings({ record }),
});
/** What the server says of itself before anything is captioned. @type {About | null} */
let offered = null;

async function meetServer() {
  const { server, key } = await loadSettings();
  offered = await new Server(server, key).about();
  draw();
}

function render() {
  const { rows } = received;
  const state = { ...initialState(null), ...status };
  renderTranscript({ rows, growing, status });
  follow.render();
  renderTransport({ status, hasText: rows.length > 0 });
  renderLink({ state, lag: status.lag, delay: null, share: 0 });
  const lost = status.lost > 0 ? STRINGS.lost(status.lost.toFixed(0)) : "";
  renderNotices({
    alarms: [...warningTexts(status.warnings), lost],
    news: status.about?.notice ?? "",
    cleared: status.cleared ? "cleared" : "",
  });
  renderAdvice(startAdvice() ?? adviceFor(state, silentMicrophone()));
  renderLanguages(status.about);
  const idle = status.phase === "idle";
  // What ran before may have run at another server.
  const about = (idle ? offered : null) ?? status.about ?? offered;
  renderSoundKept({ offered: about?.recording === true, idle, soundKept: status.soundKept });
  byId("blocked").hidden = !capture.overlayBlocked;
}

function startAdvice() {
  const { problem } = capture;
  return problem && { title: WORDS[`${problem}Title`], text: WORDS[problem] };
}

/** A tab may well be silent; a microphone that is says something is wrong. */
function silentMicrophone() {
  return status.channels.some(({ name, silent }) => name === "me" && silent);
}

let drawn = true;

/** At most once per frame, however many messages come. */
function draw() {
  if (!drawn) return;
  drawn = false;
  requestAnimationFrame(() => {
    drawn = true;
    render();
  });
}

byId("allow-sites").addEventListener("click", () =>
  chrome.permissions.request({ origins: ["http://*/*", "https://*/*"] }),
);

/** @param {Capture} found */
function captureChanged(found) {
  capture = found;
  line.connect();
  draw();
}

/** @param {import("./settings.js").Settings} found */
function settingsChanged(found) {
  renderSwitches(found);
  meetServer();
}

watchStore({ settings: settingsChanged, capture: captureChanged });
settingsChanged(settings);
line.connect();
render();
