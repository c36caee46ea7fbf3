/** The page as it records: one session, its views, and what the reader prefers. */

import { mountAdmission } from "./admission.js";
import { mountEarlier } from "./earlier.js";
import { mountKeeping } from "./keeping.js";
import { captureObstacle } from "./live/microphone.js";
import { Session } from "./live/session.js";
import { onMicrophoneAllowed } from "./live/streams.js";
import { wakeOnReturn } from "./live/wake.js";
import { WakeLock } from "./live/wakelock.js";
import { drawer, mountReading } from "./reading.js";
import { STRINGS } from "./strings.js";
import { adviceFor, mountAdvice } from "./views/advice-view.js";
import { mountLanguagePicker, mountSourcePicker, mountTargetPicker } from "./views/choices-view.js";
import { mountControls, mountMeter } from "./views/controls-view.js";
import { mountFileOpening } from "./views/file-view.js";
import { mountHealth } from "./views/health-view.js";
import { dateText } from "./views/kept-view.js";
import { mountPlayer } from "./views/player-view.js";
import { mountShare } from "./views/share-view.js";
import { mountShortcuts } from "./views/shortcuts-view.js";
import { mountSoundKept } from "./views/sound-kept-view.js";
import {
  clearedText,
  mountLink,
  mountNotices,
  passingText,
  warningTexts,
} from "./views/status-view.js";

import { mountVoices } from "./voices.js";

/** @import { Offer } from "./keeping.js" */
/** @import { Preferences } from "./modules/preferences.js" */

/** @import { Reader } from "./reader.js" */

/** @param {Reader} reader */
export function record(reader) {
  const session = new Session({ server: reader.server, choices: reader.preferences });
  session.wishes.record = reader.preferences.record;
  const draw = drawer({ text: renderText, state: renderState });

  /** @param {Partial<Preferences>} changes */
  function prefer(changes) {
    if (reader.prefer(changes)) {
      serverChanged();
      admission.look();
    }
    draw();
    const { device, language, processing, record, source, target } = reader.preferences;
    session.wishes.record = record;
    return session.choose({ device, language, processing, source, target });
  }

  function serverChanged() {
    session.turnTo(reader.server);
    session.change({ problem: captureObstacle() });
    session.meetServer();
    session.retryNow();
  }

  const share = mountShare(() => reader.server);
  const earlier = mountEarlier({ server: () => reader.server, share });
  const voices = mountVoices({ server: () => reader.server, choice: () => reader.preferences });
  const renderSoundKept = mountSoundKept({
    value: reader.preferences.record,
    changed: (record) => prefer({ record }),
  });
  /** @type {import("./live/server.js").Access | null} */
  let access = null;
  const admission = mountAdmission({
    reader,
    found: (now) => {
      access = now;
      earlier.admit(now);
      draw();
    },
    changed: serverChanged,
  });
  const reading = mountReading({
    dialogue: session,
    preferences: () => reader.preferences,
    prefer,
    listening: isRunning,
    share,
    aloud: () => isRunning() && session.state.source !== "file",
  });
  mountHealth(session);
  const controls = mountControls(session, { deaf: captureObstacle() !== null });
  const renderMeter = mountMeter(session);
  const player = mountPlayer({
    rows: reading.rows,
    transcript: reading.transcript,
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
  const renderAdvice = mountAdvice({
    tryNow: () => session.retryNow(),
    enterKey: admission.open,
  });
  const refreshSources = mountSourcePicker({ value: reader.preferences, changed: prefer });
  const renderLanguages = mountLanguagePicker({
    value: reader.preferences.language,
    changed: (language) => prefer({ language }),
  });
  const renderTargets = mountTargetPicker({
    value: reader.preferences.target,
    changed: (target) => prefer({ target }),
  });
  mountShortcuts({
    wanted: () => reader.preferences.keys,
    actions: {
      record: () => (session.state.phase === "idle" ? session.start() : session.stop()),
      pause: () => (session.state.phase === "paused" ? session.resume() : session.pause()),
      open: chooseFile,
      play: player.toggle,
      back: () => player.skip(-5),
      forward: () => player.skip(5),
      ...reading.actions,
    },
  });

  /** What is said: only after something changed, for it looks at every row. */
  function renderText() {
    const { state } = session;
    reading.render();
    controls({ phase: state.phase, source: state.source, hasText: reading.rows().length > 0 });
    renderNotices({
      alarms: [...warningTexts(state.warnings), lostText()],
      news: state.about?.notice ?? "",
      cleared: clearedText(state),
      found: foundText(),
      passing: passingText(state.warnings),
    });
    renderLanguages(state.about);
    renderTargets(state.about);
    earlier.render(state.about);
    voices.offer({ access, about: state.about });
    const { about, phase, soundKept } = state;
    renderSoundKept({ offered: about?.recording === true, idle: phase === "idle", soundKept });
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
    wanted: () => reader.preferences.keep,
    offer: (offer) => {
      offered = offer;
    },
  }).then((keeping) => {
    keep = keeping;
    draw();
  });

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
  navigator.mediaDevices?.addEventListener("devicechange", () => session.soundChanged());
  onMicrophoneAllowed(() => session.soundChanged());
  wakeOnReturn(session);
  window.addEventListener("beforeunload", (event) => {
    if (session.state.phase !== "idle") event.preventDefault();
  });

  session.meetServer();
  renderText();
  renderState();
}
