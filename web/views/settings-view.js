/**
 * How the page looks and how the microphone listens.
 *
 * @import { Preferences } from "../modules/preferences.js"
 */

import { byId } from "./dom.js";

/** @param {{preferences: Preferences, changed: (changes: Partial<Preferences>) => void}} options */
export function mountSettings({ preferences, changed }) {
  const form = /** @type {HTMLFormElement} */ (byId("settings"));
  const fields = /** @type {any} */ (form.elements);
  fields.theme.value = preferences.theme;
  fields.size.value = preferences.size;
  fields.times.checked = preferences.times;
  fields.unsure.checked = preferences.unsure;
  fields.keys.checked = preferences.keys;
  fields.processing.checked = preferences.processing;

  const size = /** @type {HTMLInputElement} */ (fields.size);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () =>
    changed({
      theme: fields.theme.value,
      size: Number(fields.size.value),
      times: fields.times.checked,
      unsure: fields.unsure.checked,
      keys: fields.keys.checked,
      processing: fields.processing.checked,
    }),
  );

  /** @param {number} step */
  return function resize(step) {
    size.valueAsNumber += step;
    changed({ size: size.valueAsNumber });
  };
}

/** @param {Preferences} preferences */
export function applyLook({ theme, size, times }) {
  const { dataset } = document.documentElement;
  dataset.size = String(size);
  dataset.times = times ? "shown" : "hidden";
  if (theme === "system") delete dataset.theme;
  else dataset.theme = theme;
}
