/**
 * What the user chose, kept between visits: where the server is, and what to caption.
 *
 * @typedef {object} Settings
 * @property {string} server  The address of the server's page; ends with a slash.
 * @property {string} key  The server's key, if it wants one.
 * @property {boolean} rememberKey  Keep the key when the browser is closed.
 * @property {string} language  A code, or "auto"; "" is the server's own choice.
 * @property {boolean} microphone  Caption the microphone too, as a channel of its own.
 * @property {boolean} processing  Noise suppression and echo cancellation for the microphone.
 * @property {boolean} overlay  Captions on the page itself.
 * @property {boolean} record  Let a server that keeps the sound do so.
 */

/** @type {Readonly<Settings>} */
export const DEFAULTS = {
  server: "http://127.0.0.1:8000/",
  key: "",
  rememberKey: false,
  language: "",
  microphone: false,
  processing: false,
  overlay: true,
  record: true,
};

const SCHEMES = new Map([
  ["http:", "http:"],
  ["https:", "https:"],
  ["ws:", "http:"],
  ["wss:", "https:"],
]);

/**
 * Whatever storage holds, as settings that can be used.
 *
 * @param {any} found
 * @param {Settings} [defaults]
 * @returns {Settings}
 */
export function readSettings(found, defaults = DEFAULTS) {
  /** @type {any} */
  const settings = {};
  for (const [name, value] of Object.entries(defaults)) {
    settings[name] = typeof found?.[name] === typeof value ? found[name] : value;
  }
  settings.server = serverAddress(settings.server) ?? defaults.server;
  return settings;
}

/**
 * An address as people type it: the scheme, the last slash and `/asr` may be missing or there.
 *
 * @param {string} typed
 * @returns {string | null} Null if it is no address.
 */
export function serverAddress(typed) {
  const text = typed.trim();
  const url = parse(/^[a-z]+:\/\//i.test(text) ? text : `http://${text}`);
  const scheme = SCHEMES.get(url?.protocol ?? "");
  if (!url?.hostname || !scheme || url.username || url.password) return null;
  const path = url.pathname.replace(/\/(asr\/?)?$/, "");
  return `${scheme}//${url.host}${path}/`;
}

/** @param {string} text */
function parse(text) {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}
