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

/**
 * @param {object} options
 * @param {Partial<Record<Action, () => void>>} options.actions  The help comes by itself.
 * @param {() => boolean} options.wanted
 */
export function mountShortcuts({ actions, wanted }) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("help"));
  const list = byId("help-keys");
  const help = () => dialog.showModal();
  /** @type {Partial<Record<Action, () => void>>} */
  const all = { ...actions, help };
  for (const [name, key] of Object.entries(KEYS)) {
    const action = /** @type {Action} */ (name);
    if (!all[action]) continue;
    const meaning = MEANINGS[action];
    list.append(make("dt", "", make("kbd", "", key)), make("dd", "", meaning));
  }
  byId("help-open").addEventListener("click", help);
  byId("help-close").addEventListener("click", () => dialog.close());

  document.addEventListener("keydown", (event) => {
    const typing = event.target instanceof Element && event.target.closest(TYPING);
    if (event.defaultPrevented || typing || !wanted()) return;
    const action = actionOf(event);
    const act = action && all[action];
    if (!act) return;
    event.preventDefault();
    act();
  });
}
