/**
 * Copy, and download in every format.
 *
 * @import { Row } from "../modules/conversation.js"
 * @import { Labels } from "../modules/exporters.js"
 */

import { dayStamp } from "../modules/clock.js";
import { FORMATS, SUBTITLES, toText } from "../modules/exporters.js";
import { hasTranslation, inTranslation } from "../modules/translating.js";
import { STRINGS } from "../strings.js";
import { byId, make, setText } from "./dom.js";
import { dateText } from "./kept-view.js";

/**
 * @param {object} options
 * @param {() => Row[]} options.rows
 * @param {() => Labels} options.labels
 * @param {() => string} [options.language]  What the words are translated into.
 * @param {() => string} [options.played]  The name of the file that all this is from, if it is.
 */
export function mountSave({ rows, labels, language = () => "", played = () => "" }) {
  const answer = byId("save-answer");
  const copyAll = async () => setText(answer, await copy(rows(), labels()));
  byId("copy").addEventListener("click", copyAll);

  for (const [extension, format] of Object.entries(FORMATS)) {
    const button = make("button", "", format.name);
    button.type = "button";
    button.ariaLabel = button.title = STRINGS.download(format.name, extension);
    button.dataset.format = extension;
    button.addEventListener("click", () => download(extension));
    byId("formats").append(button);
  }

  const translated = byId("translated");
  for (const extension of SUBTITLES) {
    const { name } = FORMATS[extension];
    const button = make("button", "", name);
    button.type = "button";
    button.ariaLabel = button.title = STRINGS.downloadTranslated(name, extension);
    button.dataset.translated = extension;
    button.addEventListener("click", () => download(extension, true));
    byId("translated-formats").append(button);
  }

  /**
   * @param {string} extension
   * @param {boolean} [other]  In the other language.
   */
  function download(extension, other = false) {
    const found = rows();
    setText(answer, found.length > 0 ? "" : STRINGS.nothingToSave);
    if (found.length === 0) return;
    const format = FORMATS[extension];
    const name = played().replace(/\.[^.]*$/u, "");
    const shown = other ? inTranslation(found, language()) : found;
    const content = format.write(shown, titled(labels(), name));
    const blob = new Blob([content], { type: `${format.type};charset=utf-8` });
    const ending = other && language() ? `${language()}.${extension}` : extension;
    saveAs(blob, `${name || STRINGS.fileName(dayStamp(new Date()))}.${ending}`);
  }

  byId("save").addEventListener("toggle", () => {
    setText(answer, "");
    translated.hidden = !hasTranslation(rows());
  });

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
