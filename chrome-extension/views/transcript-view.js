/**
 * The page's transcript, with a growing line for each channel.
 *
 * @import { Row } from "../../web/modules/conversation.js"
 * @import { Growing } from "../feed/merge.js"
 * @import { Status } from "../messages.js"
 */

import { severalSpeakers } from "../../web/modules/exporters.js";
import { bufferText } from "../../web/modules/transcript.js";
import { byId } from "../../web/views/dom.js";
import { mountSpoken } from "../../web/views/spoken-view.js";
import { mountGrowing, renderRows } from "../../web/views/transcript-view.js";
import { speakerName } from "../feed/merge.js";

export function mountTranscript() {
  const log = byId("log");
  const empty = byId("empty");
  const shown = new Map();
  const speak = mountSpoken();
  const lines = [...byId("growing").querySelectorAll("[data-growing]")].map((element) => ({
    name: element.getAttribute("data-growing"),
    renderLine: mountGrowing(/** @type {HTMLElement} */ (element)),
  }));

  /** @param {{rows: Row[], growing: Growing[], status: Status}} props */
  return ({ rows, growing, status }) => {
    const named = severalSpeakers(rows) || status.channels.length > 1;
    renderRows(log, shown, rows, named);
    speak({ rows, aloud: status.phase !== "idle", label: named ? speakerName : () => "" });
    const silent = growing.every(({ transcript }) => bufferText(transcript) === "");
    let before = rows;
    for (const { name, renderLine } of lines) {
      const part = /** @type {any} */ (newest(growing, name));
      const listening = silent && status.phase === "live" && name === "tab";
      // Two lines that grow at once need both their names.
      if (renderLine({ part, listening, named, rows: before })) before = [];
    }
    empty.hidden = rows.length > 0 || !silent || status.phase !== "idle";
  };
}

/**
 * @param {Growing[]} growing
 * @param {string | null} name
 */
function newest(growing, name) {
  return growing.findLast((line) => line.name === name) ?? null;
}
