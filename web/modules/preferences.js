/**
 * What the reader chose, kept between visits.
 *
 * @typedef {object} Preferences
 * @property {"system" | "light" | "dark"} theme
 * @property {"serif" | "sans"} face
 * @property {number} size  Step of text size, 0 to 6.
 * @property {boolean} contrast  As strong as can be, whatever the system wants.
 * @property {boolean} times  Show timestamps.
 * @property {boolean} unsure  Mark the words the model was not sure of.
 * @property {boolean} keys  Single keys do things.
 * @property {string} ui  The page's own language; "" is the browser's.
 * @property {string} language  A code, or "auto"; "" is the server's own choice.
 * @property {string} target  A code to translate into, or "none"; "" is the server's own choice.
 * @property {"microphone" | "tab"} source  What Start listens to.
 * @property {string} device  A microphone's id; "" is the system's choice.
 * @property {boolean} processing  Noise suppression and echo cancellation.
 * @property {boolean} keep  Keep transcripts in this browser.
 * @property {boolean} record  Let a server that keeps the sound do so.
 * @property {string} server  Another server's address; "" is the page's own.
 *
 * @typedef {Pick<Storage, "getItem" | "setItem">} Store
 */

const KEY = "livestt";

const SIZES = 7;

/** @type {Readonly<Preferences>} */
export const DEFAULTS = {
  theme: "system",
  face: "serif",
  size: 2,
  contrast: false,
  times: true,
  unsure: false,
  keys: true,
  ui: "",
  language: "",
  target: "",
  source: "microphone",
  device: "",
  processing: false,
  keep: true,
  record: true,
  server: "",
};

/**
 * What a link may say. A microphone means nothing elsewhere, and no link may lead somebody's voice to
 * another server, or make it stay in a browser.
 *
 * @type {(keyof Preferences)[]}
 */
const SHARED = [
  "theme",
  "face",
  "size",
  "contrast",
  "times",
  "unsure",
  "ui",
  "language",
  "target",
  "source",
  "processing",
];

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
 * Take over what a link says, and the address without it: from now on the reader decides.
 *
 * @param {Preferences} preferences
 * @param {string} address
 * @returns {{preferences: Preferences, address: string}}
 */
export function followLink(preferences, address) {
  const url = new URL(address);
  /** @type {Record<string, unknown>} */
  const found = { ...preferences };
  for (const name of SHARED) {
    const text = url.searchParams.get(name);
    if (text === null) continue;
    url.searchParams.delete(name);
    found[name] = typeof DEFAULTS[name] === "string" ? text : Number(text);
    if (typeof DEFAULTS[name] === "boolean") found[name] = text === "1";
  }
  return { preferences: readPreferences(found), address: url.href };
}

/**
 * @param {Preferences} preferences
 * @param {string} page  The page's address; its own query is left out, it may hold a key.
 */
export function linkTo(preferences, page) {
  const url = new URL(page);
  url.search = "";
  url.hash = "";
  for (const name of SHARED) {
    const value = preferences[name];
    if (value === DEFAULTS[name]) continue;
    url.searchParams.set(name, typeof value === "boolean" ? String(Number(value)) : String(value));
  }
  return url.href;
}

/**
 * @param {any} found
 * @returns {Preferences}
 */
function readPreferences(found) {
  const text = (/** @type {"ui" | "language" | "target" | "device" | "server"} */ name) =>
    typeof found?.[name] === "string" ? found[name] : DEFAULTS[name];
  const flag = (
    /** @type {"contrast" | "times" | "unsure" | "keys" | "processing" | "keep" | "record"} */ name,
  ) => (typeof found?.[name] === "boolean" ? found[name] : DEFAULTS[name]);
  const size = Number.isInteger(found?.size) ? found.size : DEFAULTS.size;
  return {
    theme: ["system", "light", "dark"].includes(found?.theme) ? found.theme : DEFAULTS.theme,
    face: found?.face === "sans" ? "sans" : "serif",
    size: Math.max(0, Math.min(SIZES - 1, size)),
    contrast: flag("contrast"),
    times: flag("times"),
    unsure: flag("unsure"),
    keys: flag("keys"),
    ui: text("ui"),
    language: text("language"),
    target: text("target"),
    source: found?.source === "tab" ? "tab" : "microphone",
    device: text("device"),
    processing: flag("processing"),
    keep: flag("keep"),
    record: flag("record"),
    server: text("server"),
  };
}
