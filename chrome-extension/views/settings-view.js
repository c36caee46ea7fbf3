/**
 * Where the server is, how the panel looks and how the microphone listens.
 *
 * @import { Preferences } from "../../web/modules/preferences.js"
 * @import { Settings } from "../settings.js"
 */

import { Server } from "../../web/live/server.js";
import { byId, setText } from "../../web/views/dom.js";
import { accessText } from "../../web/views/key-view.js";
import { serverAddress } from "../settings.js";
import { loadSettings, saveKey, saveSettings, watchStore } from "../store.js";
import { WORDS } from "../words.js";

/**
 * @param {object} options
 * @param {Settings} options.settings
 * @param {Preferences} options.preferences  Kept as the page keeps them.
 * @param {(changes: Partial<Preferences>) => void} options.changed
 */
export function mountSettings({ settings, preferences, changed }) {
  const form = /** @type {HTMLFormElement} */ (byId("settings"));
  const fields = /** @type {any} */ (form.elements);
  fields.theme.value = preferences.theme;
  fields.size.value = preferences.size;
  fields.contrast.checked = preferences.contrast;
  fields.times.checked = preferences.times;
  fields.processing.checked = settings.processing;
  mountServer(fields.server, settings.server);
  mountKey(fields.key, fields.rememberKey, settings);

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () =>
    changed({
      theme: fields.theme.value,
      size: Number(fields.size.value),
      contrast: fields.contrast.checked,
      times: fields.times.checked,
    }),
  );
  fields.processing.addEventListener("change", () =>
    saveSettings({ processing: fields.processing.checked }),
  );
}

/**
 * @param {HTMLInputElement} field
 * @param {string} address
 */
function mountServer(field, address) {
  field.value = address;
  field.addEventListener("change", () => {
    const typed = serverAddress(field.value);
    field.ariaInvalid = String(typed === null);
    setText(byId("server-hint"), typed === null ? WORDS.serverWrong : WORDS.serverHint);
    if (typed === null) return;
    field.value = typed;
    // A key is meant for one server, and goes to no other one.
    if (typed !== address) saveKey("", false);
    address = typed;
    saveSettings({ server: typed });
  });
}

/**
 * @param {HTMLInputElement} field
 * @param {HTMLInputElement} remember
 * @param {Settings} settings
 */
function mountKey(field, remember, { key, rememberKey }) {
  field.value = key;
  remember.checked = rememberKey;
  const save = () => saveKey(field.value.trim(), remember.checked);
  field.addEventListener("change", save);
  remember.addEventListener("change", save);

  const look = async () => {
    const { server, key: now } = await loadSettings();
    if (document.activeElement !== field) field.value = now;
    const answer = await new Server(server, now).access();
    const wrong = answer.obstacle !== null && now !== "";
    setText(byId("key-state"), accessText(answer));
    byId("key-state").classList.toggle("trouble", wrong);
    field.ariaInvalid = String(wrong);
  };
  watchStore({ settings: look });
  byId("settings").addEventListener("toggle", look);
}
