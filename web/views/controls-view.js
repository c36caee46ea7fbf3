/**
 * Start, pause, stop and clear; the meter and the clock.
 *
 * @import { Listening, Phase } from "../live/state.js"
 * @import { Session } from "../live/session.js"
 */

import { clockText } from "../modules/clock.js";
import { meterValue } from "../modules/levels.js";
import { STRINGS } from "../strings.js";
import { byId, setText } from "./dom.js";

/** @type {Record<Phase, string[]>} */
const BUTTONS = {
  idle: ["start", "open"],
  starting: ["start"],
  live: ["pause", "stop"],
  paused: ["resume", "stop"],
  stopping: ["stop"],
};

/**
 * @param {Session} session
 * @param {{deaf: boolean}} options  Whether this page can hear nothing but files.
 */
export function mountControls(session, { deaf }) {
  const names = ["start", "open", "pause", "resume", "stop", "clear"];
  const buttons = new Map(names.map((name) => [name, byId(name)]));
  const clear = byId("clear");
  const start = byId("start");
  if (deaf) offerFilesOnly();

  start.addEventListener("click", () => session.start());
  byId("pause").addEventListener("click", () => session.pause());
  byId("resume").addEventListener("click", () => session.resume());
  byId("stop").addEventListener("click", () => session.stop());
  clear.addEventListener("click", () => session.clear());

  /** @param {{phase: Phase, source: Listening, hasText: boolean}} props */
  return ({ phase, source, hasText }) => {
    const focused = document.activeElement;
    for (const [name, button] of buttons) {
      const useless = name === "pause" && source === "file";
      const shown = BUTTONS[phase].includes(name) && !useless && !(deaf && button === start);
      if (button !== clear) button.hidden = !shown;
    }
    clear.hidden = !hasText;
    // Not "disabled", which would throw the keyboard off the button.
    start.ariaDisabled = String(phase === "starting");
    setText(byId("start-text"), phase === "starting" ? STRINGS.starting : STRINGS.start);
    setText(byId("stop-text"), phase === "stopping" ? STRINGS.stopNow : STRINGS.stop);
    byId("sound").hidden = phase === "idle" || phase === "starting" || source === "file";
    keepFocus(focused, [...buttons.values()]);
  };
}

function offerFilesOnly() {
  byId("open").classList.replace("quiet", "primary");
  byId("source-choice").hidden = true;
  setText(byId("empty-title"), STRINGS.emptyFiles);
  setText(byId("empty-text"), STRINGS.emptyFilesText);
}

/**
 * The button just pressed may be gone: the keyboard goes on at the one in its place.
 *
 * @param {Element | null} focused
 * @param {HTMLElement[]} buttons
 */
function keepFocus(focused, buttons) {
  if (!buttons.some((button) => button === focused && button.hidden)) return;
  buttons.find((button) => !button.hidden)?.focus();
}

/** @param {Session} session */
export function mountMeter(session) {
  const meter = byId("meter");
  const clock = byId("clock");
  return () => {
    const value = session.state.phase === "live" ? meterValue(session.levelDb) : 0;
    meter.style.setProperty("--level", value.toFixed(3));
    meter.ariaValueNow = String(Math.round(100 * value));
    setText(clock, clockText(session.recordedSeconds));
  };
}
