/**
 * What single keys do.
 *
 * @typedef {"record" | "pause" | "open" | "play" | "back" | "forward" | "search" | "jump" | "copy"
 *   | "larger" | "smaller" | "projector" | "help"} Action
 * @typedef {Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey">} Stroke
 */

/** @type {Readonly<Record<Action, string>>} The key of each action, as the help shows it. */
export const KEYS = {
  record: "r",
  pause: "p",
  open: "o",
  play: "k",
  back: "j",
  forward: "l",
  search: "/",
  jump: "e",
  copy: "c",
  larger: "+",
  smaller: "-",
  projector: "f",
  help: "?",
};

const ACTIONS = new Map(
  Object.entries(KEYS).map(([action, key]) => [key, /** @type {Action} */ (action)]),
);

/**
 * @param {Stroke} stroke
 * @returns {Action | null} Nothing where the browser or the system may have plans of its own.
 */
export function actionOf({ key, ctrlKey, metaKey, altKey }) {
  if (ctrlKey || metaKey || altKey) return null;
  return ACTIONS.get(key.toLowerCase()) ?? null;
}
