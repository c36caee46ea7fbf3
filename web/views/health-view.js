/** The figures behind "how it is going", for whoever asks. */

import { STRINGS } from "../strings.js";
import { byId, make } from "./dom.js";

/** @import { Session } from "../live/session.js" */

/** @param {Session} session */
export function mountHealth(session) {
  const panel = byId("health");
  const list = byId("health-list");
  let timer = 0;

  const show = () => {
    const { latency, lagSeconds, state } = session;
    const figures = [
      [STRINGS.healthDelay, secondsText(latency.delay)],
      [STRINGS.healthNetwork, secondsText(latency.network)],
      [STRINGS.healthWaiting, secondsText(lagSeconds)],
      [STRINGS.healthModel, state.about?.model ?? ""],
    ].filter(([, value]) => value !== "");
    list.replaceChildren(
      ...figures.flatMap(([name, value]) => [make("dt", "", name), make("dd", "", value)]),
    );
  };

  panel.addEventListener("toggle", () => {
    clearInterval(timer);
    if (panel.matches(":popover-open")) timer = window.setInterval(show, 1000);
    show();
  });
}

/** @param {number | null} seconds */
function secondsText(seconds) {
  return seconds === null ? "" : STRINGS.seconds(seconds.toFixed(2));
}
