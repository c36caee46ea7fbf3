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
    const kept = !idle && soundKept;
    byId("sound-kept").dataset.kept = String(kept);
    const text = byId("sound-kept-text");
    // Beside the box it is a choice; from Start on it is what is so, and is said.
    text.role = idle ? null : "status";
    const running = soundKept ? STRINGS.soundKept : STRINGS.soundNotKept;
    setText(text, idle ? STRINGS.keepSound : running);
  };
}
