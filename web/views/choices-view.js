/**
 * Which microphone, which language.
 *
 * @import { About } from "../live/server.js"
 *
 * @typedef {{value: string, label: string}} Option
 */

import { listMicrophones } from "../live/microphone.js";
import { LANGUAGES } from "../modules/languages.js";
import { STRINGS } from "../strings.js";
import { byId, make } from "./dom.js";

/** @param {{value: string, changed: (device: string) => void}} options */
export function mountMicrophonePicker({ value, changed }) {
  const select = /** @type {HTMLSelectElement} */ (byId("microphone"));
  select.addEventListener("change", () => changed(select.value));

  const refresh = async () => {
    const devices = (await listMicrophones()).filter(({ id }) => id !== "default");
    const options = devices.map(({ id, label }, index) => ({
      value: id,
      label: label || STRINGS.microphoneNumber(index + 1),
    }));
    const wanted = select.value || value;
    fill(select, [{ value: "", label: STRINGS.defaultMicrophone }, ...options], wanted);
  };
  navigator.mediaDevices?.addEventListener("devicechange", refresh);
  refresh();
  return refresh;
}

/** @param {{value: string, changed: (language: string) => void}} options */
export function mountLanguagePicker({ value, changed }) {
  const select = /** @type {HTMLSelectElement} */ (byId("language"));
  select.addEventListener("change", () => changed(select.value));
  let offered = "";

  /** @param {About | null} about  What the server's model knows, once it told us. */
  const render = (about) => {
    const { languages = LANGUAGES, detects_language: detects = true } = about ?? {};
    const offer = JSON.stringify([languages, detects]);
    if (offered === offer) return;
    offered = offer;
    const options = languages.map((code) => ({ value: code, label: languageName(code) }));
    options.sort((a, b) => a.label.localeCompare(b.label));
    if (detects || options.length === 0)
      options.unshift({ value: "auto", label: STRINGS.automatic });
    fill(select, options, select.value || value);
  };
  render(null);
  return render;
}

/**
 * @param {HTMLSelectElement} select
 * @param {Option[]} options
 * @param {string} wanted
 */
function fill(select, options, wanted) {
  select.replaceChildren(
    ...options.map(({ value, label }) => {
      const option = make("option", "", label);
      option.value = value;
      return option;
    }),
  );
  const found = options.some(({ value }) => value === wanted);
  select.value = found ? wanted : options[0].value;
}

/** @param {string} code */
function languageName(code) {
  try {
    const names = new Intl.DisplayNames([document.documentElement.lang], { type: "language" });
    return names.of(code) ?? code;
  } catch {
    return code;
  }
}
