/**
 * What a click on a speaker opens: their name, who is the same person after all, and taking them
 * apart again.
 *
 * @import { Part } from "../modules/conversation.js"
 * @import { Speakers } from "../modules/speakers.js"
 *
 * @typedef {(person: number, voice?: number) => string} Label  What a person is called; shorter for
 *   a reader who sees which voice it is.
 */

import { clockText } from "../modules/clock.js";
import { countings, placeOf } from "../modules/people.js";
import { isMerged, merge, noSpeakers, rename, separate } from "../modules/speakers.js";
import { STRINGS } from "../strings.js";
import { byId, make } from "./dom.js";

/**
 * Everybody's name, or the number that their session gave them. Where sessions follow each other,
 * each counts from 1; somebody of another one is told apart by when it began.
 *
 * @param {Speakers} speakers
 * @param {Pick<Part, "above" | "offset">[]} [parts]
 * @returns {Label}
 */
export function labeler({ names }, parts = []) {
  const counted = countings(parts);
  return (person, voice = 0) => {
    if (names[person] !== undefined || person <= 0) return names[person] ?? STRINGS.speaker(person);
    const { number, above, offset } = placeOf(counted, person);
    const here = counted.length < 2 || (voice > 0 && placeOf(counted, voice).above === above);
    return here ? STRINGS.speaker(number) : `${STRINGS.speaker(number)} (${clockText(offset)})`;
  };
}

/**
 * @param {object} options
 * @param {string} options.id  Of the form; ids of what is in it begin with it.
 * @param {() => Speakers} options.speakers
 * @param {() => number[]} options.people  Everybody in the transcript.
 * @param {() => Pick<Part, "above" | "offset">[]} [options.parts]  Where they are counted anew.
 * @param {(speakers: Speakers) => void} options.changed
 * @param {(person: number) => void} [options.opening]
 * @param {(person: number, name: string) => void} [options.named]
 */
export function mountSpeakerForm({
  id,
  speakers,
  people,
  parts = () => [],
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
      const label = labeler(speakers(), parts());
      name.value = speakers().names[person] ?? "";
      name.placeholder = labeler(noSpeakers(), parts())(person, person);
      const others = people().filter((other) => other !== person);
      same.replaceChildren(
        makeOption("", STRINGS.nobodyElse),
        ...others.map((other) => makeOption(String(other), label(other, person))),
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
