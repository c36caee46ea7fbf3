/**
 * How the page looks and listens, and to which server it speaks.
 *
 * @import { Preferences } from "../modules/preferences.js"
 */

import { linkTo } from "../modules/preferences.js";
import { overlayAddress, serverBase } from "../modules/server-address.js";
import { STRINGS, TABLES, tableNames } from "../strings.js";
import { byId, make, setText } from "./dom.js";

/** Fields that are done only when they are left. */
const TYPED = new Set(["server"]);

/**
 * @param {object} options
 * @param {() => Preferences} options.preferences
 * @param {(changes: Partial<Preferences>) => void} options.changed
 * @param {() => string} options.running  The session that is live, if one is.
 */
export function mountSettings({ preferences, changed, running }) {
  const form = /** @type {HTMLFormElement} */ (byId("settings"));
  const fields = /** @type {any} */ (form.elements);
  const keep = /** @type {HTMLInputElement} */ (byId("keep"));
  const size = /** @type {HTMLInputElement} */ (fields.size);
  fillInterfaceLanguages(fields.ui);

  const now = preferences();
  for (const name of /** @type {const} */ (["theme", "face", "size", "ui", "server"])) {
    fields[name].value = now[name];
  }
  for (const name of /** @type {const} */ (["contrast", "times", "unsure", "keys", "processing"])) {
    fields[name].checked = now[name];
  }
  keep.checked = now.keep;

  const read = () =>
    changed({
      theme: fields.theme.value,
      face: fields.face.value,
      size: Number(size.value),
      contrast: fields.contrast.checked,
      times: fields.times.checked,
      unsure: fields.unsure.checked,
      keys: fields.keys.checked,
      processing: fields.processing.checked,
      ui: fields.ui.value,
      server: fields.server.value.trim(),
    });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", ({ target }) => {
    if (!(target instanceof HTMLInputElement && TYPED.has(target.name))) read();
  });
  form.addEventListener("change", ({ target }) => {
    if (target instanceof HTMLInputElement && TYPED.has(target.name)) read();
  });
  keep.addEventListener("change", () => changed({ keep: keep.checked }));
  mountSharing(preferences, running);

  return {
    /** @param {number} step */
    resize: (step) => {
      size.valueAsNumber += step;
      changed({ size: size.valueAsNumber });
    },
    /**
     * @param {object} props
     * @param {boolean} props.recording  Another language loads the page again.
     * @param {boolean} props.connected  Another server has other sessions.
     */
    render: ({ recording, connected }) => {
      fields.ui.disabled = recording;
      fields.server.disabled = connected;
    },
  };
}

/**
 * @param {() => Preferences} preferences
 * @param {() => string} running  The session that is live, if one is.
 */
function mountSharing(preferences, running) {
  const answer = byId("share-answer");

  /** @param {string} text */
  const say = (text) => {
    setText(answer, text);
    answer.scrollIntoView({ block: "nearest" });
  };
  /** @param {string} address */
  const copy = async (address) => {
    const copied = await navigator.clipboard.writeText(address).then(
      () => true,
      () => false,
    );
    say(copied ? STRINGS.copied : address);
  };
  byId("copy-setup").addEventListener("click", () => {
    copy(linkTo(preferences(), document.baseURI));
  });
  const base = () => serverBase(preferences().server, document.baseURI);
  byId("copy-overlay").addEventListener("click", () => copy(overlayAddress(base(), running())));
  byId("settings").addEventListener("toggle", () => setText(answer, ""));
}

/** @param {HTMLSelectElement} select */
function fillInterfaceLanguages(select) {
  const own = make("option", "", STRINGS.asBrowser);
  own.value = "";
  const others = tableNames().map((name) => {
    const option = make("option", "", TABLES[name].ownName);
    option.value = name;
    option.lang = TABLES[name].lang;
    return option;
  });
  select.replaceChildren(own, ...others);
}

/** @param {Preferences} preferences */
export function applyLook({ theme, face, size, times, contrast }) {
  const { dataset } = document.documentElement;
  if (face === "sans") dataset.face = face;
  else delete dataset.face;
  if (contrast) dataset.contrast = "more";
  else delete dataset.contrast;
  dataset.size = String(size);
  dataset.times = times ? "shown" : "hidden";
  if (theme === "system") delete dataset.theme;
  else dataset.theme = theme;
}
