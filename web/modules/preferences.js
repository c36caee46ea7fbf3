/**
 * What the reader chose, kept between visits.
 *
 * @typedef {object} Preferences
 * @property {"system" | "light" | "dark"} theme
 * @property {number} size  Step of text size, 0 to 6.
 * @property {boolean} times  Show timestamps.
 * @property {boolean} unsure  Mark the words the model was not sure of.
 * @property {boolean} keys  Single keys do things.
 * @property {string} language  A code, or "auto".
 * @property {"microphone" | "tab"} source  What Start listens to.
 * @property {string} device  A microphone's id; "" is the system's choice.
 * @property {boolean} processing  Noise suppression and echo cancellation.
 *
 * @typedef {Pick<Storage, "getItem" | "setItem">} Store
 */

const KEY = "livestt";

export const SIZES = 7;

/** @type {Readonly<Preferences>} */
export const DEFAULTS = {
  theme: "system",
  size: 2,
  times: true,
  unsure: false,
  keys: true,
  language: "auto",
  source: "microphone",
  device: "",
  processing: false,
};

/**
 * @param {Store} store
 * @returns {Preferences}
 */
export function loadPreferences(store) {
  try {
    return readPreferences(JSON.parse(store.getItem(KEY) ?? "{}"));
  } catch {
    return { ...DEFAULTS }; // Storage can be forbidden, or hold anything.
  }
}

/**
 * @param {Store} store
 * @param {Preferences} preferences
 */
export function savePreferences(store, preferences) {
  try {
    store.setItem(KEY, JSON.stringify(preferences));
  } catch {
    // The choice then lasts as long as the page.
  }
}

/**
 * @param {any} found
 * @returns {Preferences}
 */
function readPreferences(found) {
  const size = Number.isInteger(found?.size) ? found.size : DEFAULTS.size;
  return {
    theme: ["system", "light", "dark"].includes(found?.theme) ? found.theme : DEFAULTS.theme,
    size: Math.max(0, Math.min(SIZES - 1, size)),
    times: typeof found?.times === "boolean" ? found.times : DEFAULTS.times,
    unsure: found?.unsure === true,
    keys: found?.keys !== false,
    language: typeof found?.language === "string" ? found.language : DEFAULTS.language,
    source: found?.source === "tab" ? "tab" : "microphone",
    device: typeof found?.device === "string" ? found.device : DEFAULTS.device,
    processing: found?.processing === true,
  };
}
