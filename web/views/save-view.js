/**
 * Copy, and download in every format.
 *
 * @import { Row } from "../modules/conversation.js"
 */

import { FORMATS, toText } from "../modules/exporters.js";
import { STRINGS } from "../strings.js";
import { byId, make, setText } from "./dom.js";

const LABELS = { speaker: STRINGS.speaker };

/** @param {{rows: () => Row[]}} options */
export function mountSave({ rows }) {
  const answer = byId("save-answer");
  byId("copy").addEventListener("click", async () => setText(answer, await copy(rows())));

  for (const [extension, format] of Object.entries(FORMATS)) {
    const button = make("button", "", STRINGS.download(format.name, extension));
    button.type = "button";
    button.dataset.format = extension;
    button.addEventListener("click", () => {
      const found = rows();
      setText(answer, found.length > 0 ? "" : STRINGS.nothingToSave);
      if (found.length > 0) download(format.write(found, LABELS), format.type, extension);
    });
    byId("formats").append(button);
  }
  byId("save").addEventListener("toggle", () => setText(answer, ""));
}

/** @param {Row[]} rows */
async function copy(rows) {
  if (rows.length === 0) return STRINGS.nothingToSave;
  try {
    await navigator.clipboard.writeText(toText(rows, LABELS));
    return STRINGS.copied;
  } catch {
    return STRINGS.copyFailed;
  }
}

/**
 * @param {string} content
 * @param {string} type
 * @param {string} extension
 */
function download(content, type, extension) {
  const stamp = new Date().toISOString().slice(0, 16).replace("T", " ").replace(":", ".");
  const link = make("a", "");
  link.href = URL.createObjectURL(new Blob([content], { type: `${type};charset=utf-8` }));
  link.download = `${STRINGS.fileName(stamp)}.${extension}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
