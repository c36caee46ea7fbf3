/** The page: one session, its views, and what the reader prefers. */

import { Session } from "./live/session.js";
import { WakeLock } from "./live/wakelock.js";
import { currentPart, rows } from "./modules/conversation.js";
import { loadPreferences, savePreferences } from "./modules/preferences.js";
import { STRINGS } from "./strings.js";
import { mountLanguagePicker, mountSourcePicker } from "./views/choices-view.js";
import { mountControls, mountMeter } from "./views/controls-view.js";
import { localize } from "./views/dom.js";
import { mountFileOpening } from "./views/file-view.js";
import { mountFollow } from "./views/follow-view.js";
import { mountPlayer } from "./views/player-view.js";
import { mountSave } from "./views/save-view.js";
import { applyLook, mountSettings } from "./views/settings-view.js";
import { adviceFor, mountAdvice, mountLink, mountNotices } from "./views/status-view.js";
import { mountTranscript } from "./views/transcript-view.js";

/** @import { Preferences } from "./modules/preferences.js" */

localize();
let preferences = loadPreferences(localStorage);
applyLook(preferences);
const session = new Session({ base: document.baseURI, choices: preferences });

/** @param {Partial<Preferences>} changes */
function prefer(changes) {
  preferences = { ...preferences, ...changes };
  savePreferences(localStorage, preferences);
  applyLook(preferences);
  const { device, language, processing, source } = preferences;
  return session.choose({ device, language, processing, source });
}

mountFollow();
mountSettings({ preferences, changed: prefer });
mountSave({ rows: () => rows(session.state.conversation) });
const renderControls = mountControls(session);
const renderMeter = mountMeter(session);
const transcript = mountTranscript();
const player = mountPlayer({
  rows: () => rows(session.state.conversation),
  transcript,
  close: () => session.closeFile(),
});
mountFileOpening({
  open: (file) => session.openFile(file),
  ready: () => session.state.phase === "idle",
});
const renderLink = mountLink();
const renderNotices = mountNotices({
  undo: () => session.undoClear(),
  forget: () => session.forgetCleared(),
});
const renderAdvice = mountAdvice({ retry: () => session.retryNow() });
const refreshSources = mountSourcePicker({ value: preferences, changed: prefer });
const renderLanguages = mountLanguagePicker({
  value: preferences.language,
  changed: (language) => prefer({ language }),
});

function render() {
  const { state } = session;
  const shown = rows(state.conversation);
  const part = currentPart(state.conversation);
  const running = state.phase === "live" || state.phase === "paused" || state.phase === "stopping";
  const heard = session.heardSeconds;
  transcript.render({ rows: shown, part, listening: running });
  player.render({ file: state.file, heard, busy: running });
  renderControls({ phase: state.phase, source: state.source, hasText: shown.length > 0 });
  renderLink({ state, lag: session.lagSeconds, share: heard / player.length() });
  renderNotices({
    texts: [state.about?.notice ?? "", state.warning, lostText()],
    cleared: state.conversation.cleared !== null,
  });
  renderAdvice(adviceFor(state, session.signal.noSignal));
  renderLanguages(state.about);
  renderMeter();
}

function lostText() {
  const seconds = session.lostSeconds;
  return seconds > 0 ? STRINGS.lost(seconds.toFixed(0)) : "";
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

const wakeLock = new WakeLock();
let { phase } = session.state;

session.addEventListener("change", () => {
  const { state } = session;
  // Only now does the browser tell what the devices are called.
  if (state.phase !== phase && state.phase === "live") refreshSources();
  phase = state.phase;
  wakeLock.want(phase === "live" && state.source !== "file");
  draw();
});
session.addEventListener("level", draw);
navigator.mediaDevices?.addEventListener("devicechange", () => session.devicesChanged());
window.addEventListener("online", () => session.retryNow());
window.addEventListener("beforeunload", (event) => {
  if (session.state.phase !== "idle") event.preventDefault();
});

session.meetServer();
render();
