/** Says, before anything is said, that the server keeps the sound; and lets people say no. */

import { STRINGS } from "../strings.js";
import { byId, setText } from "./dom.js";

/** @param {{value: boolean, changed: (record: boolean) => void}} options */
export function mountSoundKept({ value, changed }) {
  const box = /** @type {HTMLInputElement} */ (byId("record-sound"));
  box.checked = value;
  box.addEventListener("change", () => changed(box.checked));

  /**
   * @param {{offered: boolean, idle: boolean, soundKept: boolean}} props  Whether the server keeps
   *   sound at all, whether nothing runs, and whether it keeps that of what runs.
   */
  return ({ offered, idle, soundKept }) => {
    byId("sound-kept").hidden = !offered;
    box.disabled = !idle;
    const kept = idle ? box.checked : soundKept;
    byId("sound-kept").dataset.kept = String(kept);
    setText(byId("sound-kept-text"), kept ? STRINGS.soundKept : STRINGS.soundNotKept);
  };
}
