/**
 * Single keys, and the dialog that tells them.
 *
 * @import { Action } from "../modules/shortcuts.js"
 */

import { actionOf, KEYS } from "../modules/shortcuts.js";
import { STRINGS } from "../strings.js";
import { byId, make } from "./dom.js";

/** @type {Readonly<Record<Action, string>>} */
const MEANINGS = {
  record: STRINGS.keyRecord,
  pause: STRINGS.keyPause,
  open: STRINGS.keyOpen,
  play: STRINGS.keyPlay,
  back: STRINGS.keyBack,
  forward: STRINGS.keyForward,
  search: STRINGS.keySearch,
  jump: STRINGS.jump,
  copy: STRINGS.copy,
  larger: STRINGS.keyLarger,
  smaller: STRINGS.keySmaller,
  projector: STRINGS.projector,
  help: STRINGS.keyHelp,
};

/** Where keys write, choose or move something. */
const TYPING = "input:not([type=checkbox]), select, textarea, dialog[open]";

/** @param {{actions: Record<Action, () => void>, wanted: () => boolean}} options */
export function mountShortcuts({ actions, wanted }) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("help"));
  const list = byId("help-keys");
  for (const [action, key] of Object.entries(KEYS)) {
    const meaning = MEANINGS[/** @type {Action} */ (action)];
    list.append(make("dt", "", make("kbd", "", key)), make("dd", "", meaning));
  }
  const help = () => dialog.showModal();
  byId("help-open").addEventListener("click", help);
  byId("help-close").addEventListener("click", () => dialog.close());

  document.addEventListener("keydown", (event) => {
    const typing = event.target instanceof Element && event.target.closest(TYPING);
    if (event.defaultPrevented || typing || !wanted()) return;
    const action = actionOf(event);
    if (!action) return;
    event.preventDefault();
    if (action === "help") help();
    else actions[action]();
  });
}
