/**
 * Which sound, which language.
 *
 * @import { About } from "../live/server.js"
 * @import { Source } from "../live/streams.js"
 *
 * @typedef {{value: string, label: string}} Option
 * @typedef {{source: Source, device: string}} SoundChoice
 */

import { listMicrophones } from "../live/microphone.js";
import { canShareTabs } from "../live/streams.js";
import { LANGUAGES, languageName } from "../modules/languages.js";
import { STRINGS } from "../strings.js";
import { byId, make } from "./dom.js";

/** The picker's value for the sound of a tab; no device is called so. */
const TAB = "tab";

/**
 * @param {object} options
 * @param {SoundChoice} options.value
 * @param {(choice: SoundChoice) => Promise<boolean>} options.changed  False if it cannot be had.
 */
export function mountSourcePicker({ value, changed }) {
  const select = /** @type {HTMLSelectElement} */ (byId("source"));
  let chosen = value.source === "tab" && canShareTabs() ? TAB : value.device;

  select.addEventListener("change", async () => {
    const wanted = select.value;
    const source = wanted === TAB ? "tab" : "microphone";
    if (await changed({ source, device: wanted === TAB ? "" : wanted })) chosen = wanted;
    else select.value = chosen;
  });

  const refresh = async () => {
    const devices = (await listMicrophones()).filter(({ id }) => id !== "default");
    const microphones = devices.map(({ id, label }, index) => ({
      value: id,
      label: label || STRINGS.microphoneNumber(index + 1),
    }));
    microphones.unshift({ value: "", label: STRINGS.defaultMicrophone });
    const groups = [makeGroup(STRINGS.microphones, microphones)];
    if (canShareTabs()) {
      groups.push(makeGroup(STRINGS.otherSound, [{ value: TAB, label: STRINGS.tabSound }]));
    }
    select.replaceChildren(...groups);
    const known = chosen === TAB || microphones.some(({ value }) => value === chosen);
    select.value = known ? chosen : "";
  };
  navigator.mediaDevices?.addEventListener("devicechange", refresh);
  refresh();
  return refresh;
}

/**
 * @param {string} label
 * @param {Option[]} options
 */
function makeGroup(label, options) {
  const group = make("optgroup", "", ...options.map(makeOption));
  group.label = label;
  return group;
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
    const chosen = offered ? select.value : value;
    offered = offer;
    const options = languages.map((code) => ({
      value: code,
      label: languageName(code, STRINGS.lang),
    }));
    options.sort((a, b) => a.label.localeCompare(b.label));
    if (detects || options.length === 0)
      options.unshift({ value: "auto", label: STRINGS.automatic });
    options.unshift({ value: "", label: STRINGS.asServer });
    fill(select, options, chosen);
  };
  render(null);
  return render;
}

/** @param {{value: string, changed: (target: string) => void}} options */
export function mountTargetPicker({ value, changed }) {
  const select = /** @type {HTMLSelectElement} */ (byId("target"));
  select.addEventListener("change", () => changed(select.value));
  let offered = "";

  /** @param {About | null} about  What the server translates into; without that nothing is asked. */
  return (about) => {
    const languages = (about?.target_languages ?? []).filter((code) => !code.includes("_"));
    const offer = JSON.stringify(languages);
    byId("target-choice").hidden = languages.length === 0;
    if (offer === offered || languages.length === 0) return;
    const chosen = offered ? select.value : value;
    offered = offer;
    const options = languages.map((code) => ({
      value: code,
      label: languageName(code, STRINGS.lang),
    }));
    options.sort((a, b) => a.label.localeCompare(b.label));
    options.unshift({ value: "none", label: STRINGS.noTranslation });
    options.unshift({ value: "", label: STRINGS.asServer });
    fill(select, options, chosen);
  };
}

/**
 * @param {HTMLSelectElement} select
 * @param {Option[]} options
 * @param {string} wanted
 */
function fill(select, options, wanted) {
  select.replaceChildren(...options.map(makeOption));
  const found = options.some(({ value }) => value === wanted);
  select.value = found ? wanted : options[0].value;
}

/** @param {Option} option */
function makeOption({ value, label }) {
  const option = make("option", "", label);
  option.value = value;
  return option;
}
