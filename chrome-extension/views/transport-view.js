/**
 * Start, stop and clear; how loud each channel is, and for how long it has been recorded.
 *
 * @import { Status } from "../messages.js"
 * @import { Line } from "./line.js"
 */

import { clockText } from "../../web/modules/clock.js";
import { STRINGS } from "../../web/strings.js";
import { byId, make, setText } from "../../web/views/dom.js";
import { tellWorker } from "../messages.js";
import { WORDS } from "../words.js";

/** @param {Line} line */
export function mountTransport(line) {
  const [start, stop, clear] = ["start", "stop", "clear"].map((id) => byId(id));
  const captioned = byId("captioned");
  const renderMeters = mountMeters();
  start.addEventListener("click", () => tellWorker("start"));
  stop.addEventListener("click", () => line.send("stop"));
  clear.addEventListener("click", () => line.send("clear"));

  /** @param {{status: Status, hasText: boolean}} props */
  return ({ status, hasText }) => {
    const idle = status.phase === "idle";
    const focused = document.activeElement;
    start.hidden = !idle;
    stop.hidden = idle;
    clear.hidden = !hasText;
    if (focused === start && !idle) stop.focus();
    if (focused === stop && idle) start.focus();
    setText(byId("stop-text"), status.phase === "stopping" ? STRINGS.stopNow : STRINGS.stop);
    captioned.hidden = idle || status.title === "";
    setText(captioned, WORDS.captioned(status.title));
    byId("sound").hidden = idle;
    setText(byId("clock"), clockText(status.seconds));
    renderMeters(status.channels);
  };
}

function mountMeters() {
  const space = byId("meters");
  /** @type {Map<string, HTMLElement>} */
  const meters = new Map();

  /** @param {Status["channels"]} channels */
  return (channels) => {
    const names = channels.map(({ name }) => name);
    if (names.join() !== [...meters.keys()].join()) {
      meters.clear();
      for (const name of names) meters.set(name, makeMeter(name));
      const rows = [...meters].map(([name, meter]) => make("div", "meter-row", name, meter));
      space.replaceChildren(...rows);
    }
    for (const { name, level } of channels) {
      const meter = meters.get(name);
      meter?.style.setProperty("--level", level.toFixed(3));
      meter?.setAttribute("aria-valuenow", String(Math.round(100 * level)));
    }
  };
}

/** @param {string} name */
function makeMeter(name) {
  const meter = make("div", "meter", make("div", "meter-bar"));
  meter.role = "meter";
  meter.ariaLabel = WORDS.levelOf(name);
  meter.ariaValueMin = "0";
  meter.ariaValueMax = "100";
  return meter;
}
