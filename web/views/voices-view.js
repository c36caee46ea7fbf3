/**
 * The voices the server knows: a list to rename and delete, and a way to add one.
 *
 * @import { Voice } from "../live/voices.js"
 *
 * @typedef {object} Wishes
 * @property {(name: string, sample: File) => void} addFile
 * @property {() => void} record  Begin, or end what was begun.
 * @property {(voice: Voice, name: string) => void} rename
 * @property {(voice: Voice) => void} remove
 */

import { STRINGS } from "../strings.js";
import { byId, make, setText, textButton } from "./dom.js";

/** @param {Wishes} wishes */
export function mountVoicesView(wishes) {
  const list = byId("voices-list");
  const name = /** @type {HTMLInputElement} */ (byId("voice-name"));
  const file = /** @type {HTMLInputElement} */ (byId("voice-file"));
  const form = /** @type {HTMLFormElement} */ (byId("voices-add"));

  const named = () => {
    const there = name.value.trim() !== "";
    name.ariaInvalid = there ? null : "true";
    if (!there) name.focus();
    return there;
  };
  name.addEventListener("input", () => {
    name.ariaInvalid = null;
  });
  byId("voice-record").addEventListener("click", () => {
    if (named()) wishes.record();
  });
  byId("voice-choose").addEventListener("click", () => {
    if (named()) file.click();
  });
  file.addEventListener("change", () => {
    const [sample] = file.files ?? [];
    file.value = "";
    if (sample) wishes.addFile(name.value.trim(), sample);
  });
  form.addEventListener("submit", (event) => event.preventDefault());

  return {
    name: () => name.value.trim(),
    clear: () => {
      name.value = "";
    },
    /** @param {Voice[]} voices */
    render: (voices) => {
      list.replaceChildren(...voices.map((voice) => makeItem(voice, wishes)));
      byId("voices-none").hidden = voices.length > 0;
    },
    /**
     * @param {{recording: boolean, seconds: number, most: number, busy: boolean}} props
     */
    renderRecording: ({ recording, seconds, most, busy }) => {
      const left = Math.max(0, Math.ceil(most - seconds));
      setText(
        byId("voice-record-text"),
        recording ? STRINGS.stopRecording(String(left)) : STRINGS.recordVoice(String(most)),
      );
      byId("voice-record").dataset.recording = String(recording);
      byId("voice-record").style.setProperty("--done", String(seconds / most));
      byId("voice-prompt").hidden = !recording;
      name.readOnly = recording || busy;
      for (const id of ["voice-choose", "voice-record"]) byId(id).ariaBusy = String(busy);
    },
  };
}

/** @param {string} moment */
function dayOf(moment) {
  return new Intl.DateTimeFormat(STRINGS.lang, { dateStyle: "medium" }).format(new Date(moment));
}

/**
 * @param {Voice} voice
 * @param {Wishes} wishes
 */
function makeItem(voice, { rename, remove }) {
  const field = make("input", "voice-field");
  field.type = "text";
  field.maxLength = 60;
  field.value = voice.name;
  field.dir = "auto";
  field.ariaLabel = `${STRINGS.speakerName}: ${voice.name}`;
  field.addEventListener("change", () => {
    const name = field.value.trim();
    if (name) rename(voice, name);
    else field.value = voice.name;
  });
  field.addEventListener("keydown", ({ key }) => {
    if (key === "Enter") field.blur();
  });
  const learned = STRINGS.voiceFrom(voice.seconds.toFixed(0), dayOf(voice.created));
  const meta = make("small", "", voice.usable ? learned : STRINGS.voiceUnusable);
  const button = textButton("remove", "quiet");
  button.ariaLabel = `${STRINGS.remove}: ${voice.name}`;
  let asked = false;
  button.addEventListener("click", () => {
    if (asked) return remove(voice);
    asked = true;
    setText(button, STRINGS.deleteForEver);
    button.classList.replace("quiet", "primary");
  });
  button.addEventListener("blur", () => {
    asked = false;
    setText(button, STRINGS.remove);
    button.classList.replace("primary", "quiet");
  });
  return make("li", "", make("div", "", field, meta), button);
}
