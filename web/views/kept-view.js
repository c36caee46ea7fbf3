/**
 * Transcripts that this browser keeps: to bring back, and to delete.
 *
 * @import { Archive, Kept } from "../live/archive.js"
 */

import { STRINGS } from "../strings.js";
import { byId, make, textButton } from "./dom.js";

/** @param {number} updated */
export function dateText(updated) {
  const style = /** @type {const} */ ({ dateStyle: "medium", timeStyle: "short" });
  return new Intl.DateTimeFormat(STRINGS.lang, style).format(updated);
}

/**
 * @param {object} options
 * @param {Archive} options.archive
 * @param {() => Promise<Kept[]>} options.listed  What is kept by now.
 * @param {(kept: Kept) => void} options.open
 * @param {() => boolean} options.ready  Whether another transcript may take the screen now.
 * @param {() => void} options.removed  All of them.
 */
export function mountKept({ archive, listed, open, ready, removed }) {
  const panel = byId("save");
  const list = byId("kept-list");

  const show = async () => {
    const all = await listed();
    list.replaceChildren(...all.map(makeItem));
    byId("kept-none").hidden = all.length > 0;
    byId("kept-clear").hidden = all.length === 0;
  };

  /** @param {Kept} kept */
  const makeItem = (kept) => {
    const title = make("span", "kept-text", kept.beginning);
    title.dir = "auto";
    const bring = make(
      "button",
      "quiet kept-open",
      title,
      make("small", "", dateText(kept.updated)),
    );
    bring.type = "button";
    bring.disabled = !ready();
    bring.addEventListener("click", () => {
      panel.hidePopover();
      open(kept);
    });
    const remove = textButton("remove", "quiet");
    remove.ariaLabel = `${STRINGS.remove}: ${kept.beginning}`;
    remove.addEventListener("click", async () => {
      await archive.remove(kept.id);
      show();
    });
    return make("li", "", bring, remove);
  };

  byId("kept-clear").addEventListener("click", async () => {
    removed();
    await archive.removeAll();
    show();
  });
  panel.addEventListener("toggle", show);
}
