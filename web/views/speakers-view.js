/**
 * Names for voices, beside the voice: a click on a name opens this.
 *
 * @import { Speakers } from "../modules/speakers.js"
 */

import { isMerged, merge, rename, separate } from "../modules/speakers.js";
import { STRINGS } from "../strings.js";
import { byId, make, setText } from "./dom.js";

/** @param {Speakers} speakers */
export function labeler({ names }) {
  return (/** @type {number} */ person) => names[person] ?? STRINGS.speaker(person);
}

/**
 * @param {object} options
 * @param {() => Speakers} options.speakers
 * @param {() => number[]} options.people  Everybody in the transcript.
 * @param {(speakers: Speakers) => void} options.changed
 * @param {() => boolean} [options.canRemember]  Whether the server can keep a voice now.
 * @param {(person: number, name: string) => void} [options.remember]
 */
export function mountSpeakers({
  speakers,
  people,
  changed,
  canRemember = () => false,
  remember = () => {},
}) {
  const form = /** @type {HTMLFormElement} */ (byId("speaker"));
  const name = /** @type {HTMLInputElement} */ (byId("speaker-name"));
  const same = /** @type {HTMLSelectElement} */ (byId("speaker-same"));
  const apart = byId("speaker-apart");
  const keep = /** @type {HTMLInputElement} */ (byId("speaker-remember"));
  let person = 0;
  /** @type {HTMLElement | null} */
  let opener = null;

  /** @param {HTMLElement} button */
  const open = (button) => {
    person = Number(button.dataset.person);
    const label = labeler(speakers());
    name.value = speakers().names[person] ?? "";
    name.placeholder = STRINGS.speaker(person);
    const others = people().filter((other) => other !== person);
    same.replaceChildren(
      makeOption("", STRINGS.nobodyElse),
      ...others.map((other) => makeOption(String(other), label(other))),
    );
    byId("speaker-merge").hidden = others.length === 0;
    apart.hidden = !isMerged(speakers(), person);
    showVoice();
    form.showPopover();
    opener = button;
    placeBeside(form, button);
    name.select();
  };
  window.addEventListener("resize", () => {
    if (opener?.isConnected && form.matches(":popover-open")) placeBeside(form, opener);
  });

  const showVoice = () => {
    const known = speakers().recognized?.[person];
    byId("speaker-known").hidden = known === undefined;
    byId("speaker-remember-row").hidden = known !== undefined || !canRemember();
    keep.checked = false;
    if (known) {
      const alike = known.similarity.toLocaleString(STRINGS.lang, { style: "percent" });
      setText(byId("speaker-known-text"), STRINGS.recognizedAs(alike));
    }
  };

  byId("log").addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest(".who") : null;
    if (button instanceof HTMLElement) open(button);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    let result = rename(speakers(), person, name.value);
    if (same.value) result = merge(result, person, Number(same.value));
    form.hidePopover();
    changed(result);
    const bare = result.names[person];
    if (keep.checked && bare) remember(person, bare);
  });
  keep.addEventListener("change", () => {
    if (keep.checked && name.value.trim() === "") name.focus();
  });
  byId("speaker-wrong").addEventListener("click", () => {
    form.hidePopover();
    changed(rename(speakers(), person, ""));
  });
  apart.addEventListener("click", () => {
    form.hidePopover();
    changed(separate(speakers(), person));
  });
}

/**
 * @param {string} value
 * @param {string} label
 */
function makeOption(value, label) {
  const option = make("option", "", label);
  option.value = value;
  return option;
}

/**
 * Below the button, or above it, and never over the edge.
 *
 * @param {HTMLElement} panel
 * @param {HTMLElement} button
 */
function placeBeside(panel, button) {
  const { left, top, bottom } = button.getBoundingClientRect();
  const { width, height } = panel.getBoundingClientRect();
  const x = Math.max(8, Math.min(left, innerWidth - width - 8));
  const below = bottom + 6;
  const y = below + height < innerHeight ? below : Math.max(8, top - height - 6);
  panel.style.setProperty("inset", `${y}px auto auto ${x}px`);
}
