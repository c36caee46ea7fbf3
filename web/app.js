/** The page: one session, its views, and what the reader prefers. */

import { mountKeeping } from "./keeping.js";
import { Session } from "./live/session.js";
import { WakeLock } from "./live/wakelock.js";
import { currentPart, rows } from "./modules/conversation.js";
import { followLink, loadPreferences, savePreferences } from "./modules/preferences.js";
import { serverBase } from "./modules/server-address.js";
import { peopleIn, withPeople } from "./modules/speakers.js";
import { STRINGS } from "./strings.js";
import { mountLanguagePicker, mountSourcePicker } from "./views/choices-view.js";
import { mountControls, mountMeter } from "./views/controls-view.js";
import { localize } from "./views/dom.js";
import { mountFileOpening } from "./views/file-view.js";
import { mountFollow } from "./views/follow-view.js";
import { mountHealth } from "./views/health-view.js";
import { dateText } from "./views/kept-view.js";
import { mountPlayer } from "./views/player-view.js";
import { mountProjector } from "./views/projector-view.js";
import { mountSave } from "./views/save-view.js";
import { mountSearch } from "./views/search-view.js";
import { applyLook, mountSettings } from "./views/settings-view.js";
import { mountShortcuts } from "./views/shortcuts-view.js";
import { labeler, mountSpeakers } from "./views/speakers-view.js";
import { adviceFor, mountAdvice, mountLink, mountNotices } from "./views/status-view.js";
import { mountTranscript } from "./views/transcript-view.js";
import { mountUnsure } from "./views/unsure-view.js";

/** @import { Row } from "./modules/conversation.js" */
/** @import { Offer } from "./keeping.js" */
/** @import { Preferences } from "./modules/preferences.js" */

localize();
const page = document.baseURI;
let { preferences, address } = followLink(loadPreferences(localStorage), page);
if (address !== page) {
  savePreferences(localStorage, preferences);
  history.replaceState(null, "", address);
}
applyLook(preferences);
const session = new Session({ base: serverBase(preferences, address), choices: preferences });

/** @param {Partial<Preferences>} changes */
function prefer(changes) {
  const old = preferences;
  preferences = { ...preferences, ...changes };
  savePreferences(localStorage, preferences);
  if (preferences.ui !== old.ui) location.reload();
  if (preferences.server !== old.server || preferences.key !== old.key) {
    session.base = serverBase(preferences, address);
    session.meetServer();
  }
  applyLook(preferences);
  draw();
  const { device, language, processing, source } = preferences;
  return session.choose({ device, language, processing, source });
}

/** @type {{of: unknown[], rows: Row[]}} */
let known = { of: [], rows: [] };

/** What is on the screen; the same array as long as nothing in it changes. */
function shownRows() {
  const { conversation, speakers } = session.state;
  const lists = conversation.parts.flatMap(({ transcript, hidden, marker }) => [
    transcript.archive,
    transcript.lines,
    hidden,
    marker,
  ]);
  const of = [speakers, ...lists];
  if (of.length !== known.of.length || of.some((each, i) => each !== known.of[i])) {
    known = { of, rows: withPeople(rows(conversation), speakers) };
  }
  return known.rows;
}

const labels = () => ({ speaker: labeler(session.state.speakers) });
const jump = mountFollow();
const settings = mountSettings({
  preferences: () => preferences,
  changed: prefer,
  running: () =>
    session.state.link === "open" ? (currentPart(session.state.conversation)?.session ?? "") : "",
});
const copy = mountSave({ rows: shownRows, labels });
const projector = mountProjector();
mountHealth(session);
const controls = mountControls(session);
const renderMeter = mountMeter(session);
const transcript = mountTranscript();
const search = mountSearch({ rows: shownRows, transcript });
const renderUnsure = mountUnsure(transcript);
mountSpeakers({
  speakers: () => session.state.speakers,
  people: () => peopleIn(shownRows()),
  changed: (speakers) => session.nameSpeakers(speakers),
});
const player = mountPlayer({
  rows: shownRows,
  transcript,
  close: () => session.closeFile(),
});
const chooseFile = mountFileOpening({
  open: (file) => session.openFile(file),
  ready: () => session.state.phase === "idle",
});
const renderLink = mountLink();
const renderNotices = mountNotices({
  undo: () => session.undoClear(),
  forget: () => session.forgetCleared(),
  bringBack: () => offered?.bringBack(),
});
const renderAdvice = mountAdvice({ retry: () => session.retryNow() });
const refreshSources = mountSourcePicker({ value: preferences, changed: prefer });
const renderLanguages = mountLanguagePicker({
  value: preferences.language,
  changed: (language) => prefer({ language }),
});
mountShortcuts({
  wanted: () => preferences.keys,
  actions: {
    record: () => (session.state.phase === "idle" ? session.start() : session.stop()),
    pause: () => (session.state.phase === "paused" ? session.resume() : session.pause()),
    open: chooseFile,
    play: player.toggle,
    back: () => player.skip(-5),
    forward: () => player.skip(5),
    search: search.open,
    jump,
    copy,
    larger: () => settings.resize(1),
    smaller: () => settings.resize(-1),
    projector,
    help: () => {},
  },
});

/** What is said: only after something changed, for it looks at every row. */
function renderText() {
  const { state } = session;
  const shown = shownRows();
  transcript.render({
    rows: shown,
    part: currentPart(state.conversation),
    listening: isRunning(),
    speakers: state.speakers,
  });
  renderUnsure({ rows: shown, wanted: preferences.unsure });
  search.render();
  controls({ phase: state.phase, source: state.source, hasText: shown.length > 0 });
  renderNotices({
    texts: [state.about?.notice ?? "", state.warning, lostText()],
    cleared: state.conversation.cleared !== null,
    found: foundText(),
  });
  renderLanguages(state.about);
  settings.render(state.phase === "idle");
  keep();
}

/** How things stand, also between two messages. */
function renderState() {
  const { state } = session;
  const heard = session.heardSeconds;
  player.render({ file: state.file, heard, busy: isRunning() });
  renderLink({
    state,
    lag: session.lagSeconds,
    delay: session.latency.delay,
    share: heard / player.length(),
  });
  renderAdvice(adviceFor(state, session.signal.noSignal));
  renderMeter();
}

function isRunning() {
  return ["live", "paused", "stopping"].includes(session.state.phase);
}

function lostText() {
  const seconds = session.lostSeconds;
  return seconds > 0 ? STRINGS.lost(seconds.toFixed(0)) : "";
}

/** A transcript that a crash left behind, as long as nothing else is on the screen. */
function foundText() {
  if (!offered || session.state.conversation.parts.length > 0) return "";
  return STRINGS.found(dateText(offered.kept.updated));
}

/** @type {Offer | null} */
let offered = null;
/** Nothing is kept until the archive is open. */
let keep = () => {};
mountKeeping({
  session,
  wanted: () => preferences.keep,
  offer: (offer) => {
    offered = offer;
  },
}).then((keeping) => {
  keep = keeping;
  draw();
});

const waiting = { frame: false, text: false };

/** At most once per frame, however many messages come. */
function draw({ text = true } = {}) {
  waiting.text ||= text;
  if (waiting.frame) return;
  waiting.frame = true;
  requestAnimationFrame(() => {
    waiting.frame = false;
    if (waiting.text) renderText();
    waiting.text = false;
    renderState();
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
session.addEventListener("level", () => draw({ text: session.lostSeconds > 0 }));
navigator.mediaDevices?.addEventListener("devicechange", () => session.devicesChanged());
window.addEventListener("online", () => session.retryNow());
window.addEventListener("beforeunload", (event) => {
  if (session.state.phase !== "idle") event.preventDefault();
});

session.meetServer();
renderText();
renderState();
