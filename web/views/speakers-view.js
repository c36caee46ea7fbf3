/**
 * Names for voices, beside the voice: a click on a name opens this.
 *
 * @import { Part } from "../modules/conversation.js"
 * @import { Speakers } from "../modules/speakers.js"
 */

import { STRINGS } from "../strings.js";
import { byId, setText } from "./dom.js";
import { mountSpeakerForm } from "./speaker-form-view.js";

/**
 * @param {object} options
 * @param {() => Speakers} options.speakers
 * @param {() => number[]} options.people  Everybody in the transcript.
 * @param {() => Part[]} options.parts
 * @param {(speakers: Speakers) => void} options.changed
 * @param {(person: number) => boolean} [options.canRemember]  Whether the server can keep it now.
 * @param {(person: number, name: string) => void} [options.remember]
 */
export function mountSpeakers({
  speakers,
  people,
  parts,
  changed,
  canRemember = () => false,
  remember = () => {},
}) {
  const name = /** @type {HTMLInputElement} */ (byId("speaker-name"));
  const keep = /** @type {HTMLInputElement} */ (byId("speaker-remember"));

  const form = mountSpeakerForm({
    id: "speaker",
    speakers,
    people,
    parts,
    changed,
    opening: (person) => {
      const known = speakers().recognized?.[person];
      byId("speaker-known").hidden = known === undefined;
      byId("speaker-remember-row").hidden = known !== undefined || !canRemember(person);
      keep.checked = false;
      if (known) {
        const alike = known.similarity.toLocaleString(STRINGS.lang, { style: "percent" });
        setText(byId("speaker-known-text"), STRINGS.recognizedAs(alike));
      }
    },
    named: (person, bare) => {
      if (keep.checked && bare) remember(person, bare);
    },
  });

  byId("log").addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest(".who") : null;
    if (button instanceof HTMLElement) form.open(button);
  });
  keep.addEventListener("change", () => {
    if (keep.checked && name.value.trim() === "") name.focus();
  });
  byId("speaker-wrong").addEventListener("click", form.refuse);
}
