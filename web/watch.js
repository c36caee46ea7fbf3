/** The page as it reads along: somebody else's words, as they are spoken there. */

import { mountAdmission } from "./admission.js";
import { Viewer } from "./live/viewer.js";
import { wakeOnReturn } from "./live/wake.js";
import { WakeLock } from "./live/wakelock.js";
import { watchedSession } from "./modules/viewing.js";
import { drawer, mountReading } from "./reading.js";
import { STRINGS } from "./strings.js";
import { mountAdvice, watchAdvice, watchLink } from "./views/advice-view.js";
import { byId, setText } from "./views/dom.js";
import { mountShare } from "./views/share-view.js";
import { mountShortcuts } from "./views/shortcuts-view.js";
import { mountNotices, warningTexts } from "./views/status-view.js";

/** @import { Reader } from "./reader.js" */

/** @param {Reader} reader */
export function watch(reader) {
  const { dataset } = document.documentElement;
  dataset.watching = "on";
  setText(byId("empty-title"), STRINGS.emptyWatching);
  setText(byId("empty-text"), STRINGS.emptyWatchingText);
  const viewer = new Viewer({ server: reader.server, session: watchedSession(reader.address) });
  const draw = drawer({ text: renderText, state: renderState });

  /** @param {Partial<import("./modules/preferences.js").Preferences>} changes */
  function prefer(changes) {
    if (reader.prefer(changes)) {
      serverChanged();
      admission.look();
    }
    draw();
  }

  function serverChanged() {
    viewer.turnTo(reader.server);
    viewer.change({ problem: null, obstacle: null });
    viewer.again();
  }

  const admission = mountAdmission({
    reader,
    found: () => {},
    changed: serverChanged,
    hint: STRINGS.keyHintWatching,
  });
  const reading = mountReading({
    dialogue: viewer,
    preferences: () => reader.preferences,
    prefer,
    aloud: () => viewer.state.link === "open",
    share: mountShare(() => reader.server),
  });
  const link = byId("link");
  const linkText = byId("link-text");
  const renderAdvice = mountAdvice({
    tryNow: () => viewer.retryNow(),
    enterKey: admission.open,
  });
  const nothing = () => {};
  const renderNotices = mountNotices({ undo: nothing, forget: nothing });
  mountShortcuts({ wanted: () => reader.preferences.keys, actions: reading.actions });

  function renderText() {
    const { about, over, warnings } = viewer.state;
    reading.render();
    renderNotices({
      alarms: warningTexts(warnings),
      news:
        (over && STRINGS.sessionOver) || (ended() && STRINGS.sessionEnded) || about?.notice || "",
      cleared: "",
    });
  }

  /** Its last word was heard here. */
  function ended() {
    const { conversation, phase, problem } = viewer.state;
    return phase === "idle" && problem === null && conversation.parts.length > 0;
  }

  function renderState() {
    const { state } = viewer;
    const advice = watchAdvice(state);
    const { name, text } = watchLink(state);
    link.dataset.link = name;
    setText(linkText, text);
    // What is in the way is the one thing to say where there is nothing to read.
    dataset.watching = advice && reading.rows().length === 0 ? "alone" : "on";
    renderAdvice(advice);
  }

  const wakeLock = new WakeLock();
  viewer.addEventListener("change", () => {
    wakeLock.want(viewer.state.phase === "live");
    draw();
  });
  wakeOnReturn(viewer);

  viewer.start();
  draw();
}
