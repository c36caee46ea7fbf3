/**
 * What a click on a speaker opens: their name, who is the same person after all, and taking them
 * apart again.
 *
 * @import { Speakers } from "../modules/speakers.js"
 */

import { isMerged, merge, rename, separate } from "../modules/speakers.js";
import { STRINGS } from "../strings.js";
import { byId, make } from "./dom.js";

/** @param {Speakers} speakers */
export function labeler({ names }) {
  return (/** @type {number} */ person) => names[person] ?? STRINGS.speaker(person);
}

/**
 * @param {object} options
 * @param {string} options.id  Of the form; ids of what is in it begin with it.
 * @param {() => Speakers} options.speakers
 * @param {() => number[]} options.people  Everybody in the transcript.
 * @param {(speakers: Speakers) => void} options.changed
 * @param {(person: number) => void} [options.opening]
 * @param {(person: number, name: string) => void} [options.named]
 */
export function mountSpeakerForm({
  id,
  speakers,
  people,
  changed,
  opening = () => {},
  named = () => {},
}) {
  const form = /** @type {HTMLFormElement} */ (byId(id));
  const name = /** @type {HTMLInputElement} */ (byId(`${id}-name`));
  const same = /** @type {HTMLSelectElement} */ (byId(`${id}-same`));
  const apart = byId(`${id}-apart`);
  let person = 0;
  /** @type {HTMLElement | null} */
  let opener = null;

  window.addEventListener("resize", () => {
    if (opener?.isConnected && form.matches(":popover-open")) placeBeside(form, opener);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    let result = rename(speakers(), person, name.value);
    if (same.value) result = merge(result, person, Number(same.value));
    close(result);
    named(person, result.names[person] ?? "");
  });
  apart.addEventListener("click", () => close(separate(speakers(), person)));

  /** @param {Speakers} result */
  const close = (result) => {
    form.hidePopover();
    changed(result);
  };

  return {
    /** Somebody else has this name. */
    refuse: () => close(rename(speakers(), person, "")),
    /** @param {HTMLElement} button  Of the person that its data name. */
    open: (button) => {
      person = Number(button.dataset.person);
      const label = labeler(speakers());
      name.value = speakers().names[person] ?? "";
      name.placeholder = STRINGS.speaker(person);
      const others = people().filter((other) => other !== person);
      same.replaceChildren(
        makeOption("", STRINGS.nobodyElse),
        ...others.map((other) => makeOption(String(other), label(other))),
      );
      byId(`${id}-merge`).hidden = others.length === 0;
      apart.hidden = !isMerged(speakers(), person);
      opening(person);
      form.showPopover();
      opener = button;
      placeBeside(form, button);
      name.select();
    },
  };
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
  const { left, right, top, bottom } = button.getBoundingClientRect();
  const { width, height } = panel.getBoundingClientRect();
  const start = STRINGS.direction === "rtl" ? right - width : left;
  const x = Math.max(8, Math.min(start, innerWidth - width - 8));
  const below = bottom + 6;
  const y = below + height < innerHeight ? below : Math.max(8, top - height - 6);
  panel.style.setProperty("inset", `${y}px auto auto ${x}px`);
}
