/**
 * Copy, and download in every format.
 *
 * @import { Row } from "../modules/conversation.js"
 * @import { Labels } from "../modules/exporters.js"
 */

import { dayStamp } from "../modules/clock.js";
import { FORMATS, toText } from "../modules/exporters.js";
import { STRINGS } from "../strings.js";
import { byId, make, setText } from "./dom.js";
import { dateText } from "./kept-view.js";

/**
 * @param {object} options
 * @param {() => Row[]} options.rows
 * @param {() => Labels} options.labels
 * @param {() => string} [options.played]  The name of the file that all this is from, if it is.
 */
export function mountSave({ rows, labels, played = () => "" }) {
  const answer = byId("save-answer");
  const copyAll = async () => setText(answer, await copy(rows(), labels()));
  byId("copy").addEventListener("click", copyAll);

  for (const [extension, format] of Object.entries(FORMATS)) {
    const button = make("button", "", format.name);
    button.type = "button";
    button.ariaLabel = button.title = STRINGS.download(format.name, extension);
    button.dataset.format = extension;
    button.addEventListener("click", () => {
      const found = rows();
      setText(answer, found.length > 0 ? "" : STRINGS.nothingToSave);
      if (found.length === 0) return;
      const name = played().replace(/\.[^.]*$/u, "");
      const content = format.write(found, titled(labels(), name));
      const blob = new Blob([content], { type: `${format.type};charset=utf-8` });
      saveAs(blob, `${name || STRINGS.fileName(dayStamp(new Date()))}.${extension}`);
    });
    byId("formats").append(button);
  }
  byId("save").addEventListener("toggle", () => setText(answer, ""));

  /** Copy at a key's stroke: the panel opens to say how it went. */
  return () => {
    byId("save").showPopover();
    setTimeout(copyAll); // After the panel's own "toggle".
  };
}

/**
 * @param {Labels} labels
 * @param {string} name
 * @returns {Labels}
 */
function titled(labels, name) {
  return { ...labels, title: name || `${STRINGS.transcript}, ${dateText(Date.now())}` };
}

/**
 * @param {Row[]} rows
 * @param {Labels} labels
 */
async function copy(rows, labels) {
  if (rows.length === 0) return STRINGS.nothingToSave;
  try {
    await navigator.clipboard.writeText(toText(rows, labels));
    return STRINGS.copied;
  } catch {
    return STRINGS.copyFailed;
  }
}

/**
 * @param {Blob} blob
 * @param {string} name
 */
export function saveAs(blob, name) {
  const link = make("a", "");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
