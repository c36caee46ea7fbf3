/**
 * Where the server is, how the panel looks and how the microphone listens.
 *
 * @import { Preferences } from "../../web/modules/preferences.js"
 * @import { Settings } from "../settings.js"
 */

import { byId, setText } from "../../web/views/dom.js";
import { serverAddress } from "../settings.js";
import { saveSettings } from "../store.js";
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
  fields.times.checked = preferences.times;
  fields.processing.checked = settings.processing;
  mountServer(fields.server, settings.server);
  fields.key.value = settings.key;

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () =>
    changed({
      theme: fields.theme.value,
      size: Number(fields.size.value),
      times: fields.times.checked,
    }),
  );
  fields.processing.addEventListener("change", () =>
    saveSettings({ processing: fields.processing.checked }),
  );
  fields.key.addEventListener("change", () => saveSettings({ key: fields.key.value.trim() }));
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
    saveSettings({ server: typed });
  });
}
