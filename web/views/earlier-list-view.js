/**
 * The list of earlier transcripts, by day, or the lines that a search found.
 *
 * @import { Found, Stored } from "../modules/stored.js"
 *
 * @typedef {object} ListProps
 * @property {Stored[]} transcripts
 * @property {Found[] | null} found  What was searched for; null shows the list.
 * @property {string} query
 * @property {string} chosen  The transcript that is open.
 * @property {number} [line]  The line of it that was looked for.
 */

import { clockText } from "../modules/clock.js";
import { spansOf } from "../modules/search.js";
import { byTranscript } from "../modules/stored.js";
import { STRINGS } from "../strings.js";
import { byId, make } from "./dom.js";

/** @param {{open: (id: string, line?: number) => void}} options */
export function mountEarlierList({ open }) {
  const list = byId("earlier-items");

  list.addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest("[data-transcript]") : null;
    if (!(button instanceof HTMLElement)) return;
    const { transcript = "", line } = button.dataset;
    open(transcript, line === undefined ? undefined : Number(line));
  });
  list.addEventListener("keydown", (event) => moveFocus(list, event));

  /** @param {ListProps} props */
  return ({ transcripts, found, query, chosen, line }) => {
    const focused = placeOf(document.activeElement);
    list.replaceChildren(
      ...(found ? foundItems(found, query, { chosen, line }) : listItems(transcripts, chosen)),
    );
    if (focused)
      buttons(list)
        .find((button) => placeOf(button) === focused)
        ?.focus();
  };
}

/**
 * @param {Stored[]} transcripts
 * @param {string} chosen
 */
function listItems(transcripts, chosen) {
  /** @type {HTMLElement[]} */
  const items = [];
  let day = "";
  for (const stored of transcripts) {
    const now = dayText(stored.started);
    if (now !== day) items.push(make("h3", "library-day", now));
    day = now;
    items.push(makeItem(stored, chosen));
  }
  return items;
}

/**
 * @param {Stored} stored
 * @param {string} chosen
 */
function makeItem(stored, chosen) {
  const name = make("span", "library-name", nameOf(stored));
  name.dir = "auto";
  const facts = [timeText(stored.started), lengthText(stored.seconds)];
  if (stored.owner) facts.push(stored.owner);
  const meta = make("small", "", facts.join(" · "));
  if (stored.running) meta.prepend(make("b", "library-live", STRINGS.linkLive), " ");
  else if (stored.ended === null) meta.prepend(make("b", "", STRINGS.cutShort), " ");
  return makeButton("library-item", stored.id, chosen, name, meta);
}

/**
 * @param {Found[]} found
 * @param {string} query
 * @param {{chosen: string, line?: number}} open
 */
function foundItems(found, query, { chosen, line: at }) {
  return byTranscript(found).flatMap(({ id, title, started, lines }) => {
    const when = started ? `${dayText(started)}, ${timeText(started)}` : "";
    const heading = make("h3", "library-day", title || when);
    heading.dir = "auto";
    const hits = lines.map((line) => {
      const text = make("span", "library-line", ...marked(line.text, query));
      text.dir = "auto";
      const time = make("small", "", clockText(line.start));
      const open = line.id === at ? chosen : "";
      const button = makeButton("library-item found", id, open, time, text);
      button.dataset.line = String(line.id);
      return button;
    });
    return [heading, ...hits];
  });
}

/**
 * @param {string} className
 * @param {string} id
 * @param {string} chosen
 * @param {...Node} children
 */
function makeButton(className, id, chosen, ...children) {
  const button = make("button", className, ...children);
  button.type = "button";
  button.dataset.transcript = id;
  if (id === chosen) button.ariaCurrent = "true";
  return button;
}

/**
 * @param {string} text
 * @param {string} query
 */
function marked(text, query) {
  /** @type {(string | HTMLElement)[]} */
  const parts = [];
  let at = 0;
  for (const { from, to } of spansOf(text, query)) {
    parts.push(text.slice(at, from), make("mark", "", text.slice(from, to)));
    at = to;
  }
  return [...parts, text.slice(at)];
}

/**
 * Arrow keys go from one entry to the next.
 *
 * @param {HTMLElement} list
 * @param {KeyboardEvent} event
 */
function moveFocus(list, event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const all = buttons(list);
  const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  if (!step || at < 0) return;
  event.preventDefault();
  all[at + step]?.focus();
}

/** @param {HTMLElement} list */
function buttons(list) {
  return /** @type {HTMLElement[]} */ ([...list.querySelectorAll("button")]);
}

/** @param {Element | null} element */
function placeOf(element) {
  if (!(element instanceof HTMLElement) || !element.dataset.transcript) return "";
  return `${element.dataset.transcript} ${element.dataset.line ?? ""}`;
}

/** @param {Stored} stored */
export function nameOf({ title, beginning }) {
  return title || beginning || STRINGS.untitled;
}

/** @param {string} started */
export function dayText(started) {
  const day = new Date(started);
  const ago = Math.round((midnight(new Date()) - midnight(day)) / 86_400_000);
  if (ago < 2) {
    const words = new Intl.RelativeTimeFormat(STRINGS.lang, { numeric: "auto" });
    const word = words.format(-ago, "day");
    return word.charAt(0).toLocaleUpperCase(STRINGS.lang) + word.slice(1);
  }
  return new Intl.DateTimeFormat(STRINGS.lang, { dateStyle: "full" }).format(day);
}

/** @param {Date} date */
function midnight(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

/** @param {string} started */
export function timeText(started) {
  return new Intl.DateTimeFormat(STRINGS.lang, { timeStyle: "short" }).format(new Date(started));
}

/** @param {number} seconds */
export function lengthText(seconds) {
  return seconds < 60 ? STRINGS.seconds(seconds.toFixed(0)) : clockText(seconds);
}
