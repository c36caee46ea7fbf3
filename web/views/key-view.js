/**
 * Asks for the server's key, and says at once whether it is one.
 *
 * @import { Held } from "../modules/keys.js"
 * @import { Access, Obstacle } from "../live/server.js"
 *
 * @typedef {(key: string) => Promise<Obstacle | null>} Check  Why a key does not do; null if it does.
 */

import { STRINGS } from "../strings.js";
import { byId, setCommand, setText } from "./dom.js";

/**
 * @param {object} options
 * @param {() => Held} options.held
 * @param {Check} options.check
 * @param {(held: Held) => void} options.changed
 * @param {string} options.hint  Where such a key comes from.
 */
export function mountKey({ held, check, changed, hint }) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("key"));
  const form = /** @type {HTMLFormElement} */ (byId("key-form"));
  const field = /** @type {HTMLInputElement} */ (byId("key-field"));
  const remember = /** @type {HTMLInputElement} */ (byId("key-remember"));
  const problem = byId("key-problem");
  const use = byId("key-use");
  const close = () => dialog.close();
  setCommand(byId("key-hint"), hint);

  /** @param {string} [text]  What is wrong with the key that there was. */
  const open = (text = "") => {
    if (dialog.open) return;
    field.value = "";
    remember.checked = held().remembered;
    setText(problem, text);
    byId("key-forget").hidden = held().key === "";
    dialog.showModal();
    field.focus();
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const key = field.value.trim();
    if (key === "" || use.ariaBusy === "true") return;
    use.ariaBusy = "true";
    setText(problem, "");
    const obstacle = await check(key);
    use.ariaBusy = "false";
    if (!dialog.open) return;
    if (obstacle) {
      setText(problem, keyTrouble(obstacle));
      field.ariaInvalid = "true";
      field.select();
    } else {
      close();
      changed({ key, remembered: remember.checked });
    }
  });
  field.addEventListener("input", () => {
    field.ariaInvalid = null;
  });
  byId("key-later").addEventListener("click", close);
  byId("key-forget").addEventListener("click", () => {
    close();
    changed({ key: "", remembered: false });
  });
  byId("key-enter").addEventListener("click", () => open());
  // What was typed is not left lying in the page.
  dialog.addEventListener("close", () => {
    field.value = "";
  });
  return open;
}

/**
 * @param {Obstacle} obstacle
 * @returns {string}
 */
export function keyTrouble({ code, message }) {
  if (code === "unauthorized") return `${STRINGS.keyWrongTitle} ${STRINGS.keyWrong}`;
  if (code === "missing_scope") return `${STRINGS.keyScopeTitle} ${STRINGS.keyScope}`;
  if (code === "too_many_failures") return `${STRINGS.keyThrottledTitle} ${STRINGS.keyThrottled}`;
  if (code === "away") return STRINGS.awayTitle;
  return message || STRINGS.refusedTitle;
}

/**
 * @param {{access: Access | null, obstacle: Obstacle | null}} answer
 * @returns {string} Which key is used, or what is wrong with it.
 */
export function accessText({ access, obstacle }) {
  if (access?.session && access.until) return STRINGS.linkInUse(untilText(access.until));
  if (access) return access.name ? STRINGS.keyInUse(access.name) : STRINGS.noKeyNeeded;
  return obstacle ? keyTrouble(obstacle) : "";
}

/**
 * @param {Date} until
 * @returns {string} The time, and the day if it is not today.
 */
export function untilText(until) {
  const today = until.toDateString() === new Date().toDateString();
  const day = today ? {} : /** @type {const} */ ({ dateStyle: "medium" });
  return until.toLocaleString(STRINGS.lang, { ...day, timeStyle: "short" });
}
