/**
 * The transcript as the reader sees it: closed lines in a log, the growing one below it.
 *
 * @import { Part, Row } from "../modules/conversation.js"
 *
 * @typedef {{rows: Row[], part: Part | null, listening: boolean}} TranscriptProps
 * @typedef {{element: HTMLElement, row: Row, speaks: boolean}} Shown
 */

import { clockText } from "../modules/clock.js";
import { severalSpeakers } from "../modules/exporters.js";
import { splitBuffer } from "../modules/transcript.js";
import { STRINGS } from "../strings.js";
import { byId, make, setText } from "./dom.js";

/** Shorter pauses are only a little space. */
const SPOKEN_PAUSE_SECONDS = 5;

export function mountTranscript() {
  const log = byId("log");
  const empty = byId("empty");
  const growing = mountGrowing();
  /** @type {Map<string, Shown>} */
  const shown = new Map();

  /** @param {TranscriptProps} props */
  function render({ rows, part, listening }) {
    const named = severalSpeakers(rows) || (part?.transcript.buffer_speaker ?? 1) > 1;
    renderRows(log, shown, rows, named);
    const text = growing({ part, listening, named, rows });
    empty.hidden = rows.length > 0 || text || listening;
  }

  /**
   * The text of a row where it stands, to mark parts of it.
   *
   * @param {string} key
   * @returns {Text | null}
   */
  function textOf(key) {
    const said = shown.get(key)?.element.querySelector(".said");
    return said?.firstChild instanceof Text ? said.firstChild : null;
  }

  /**
   * @param {Node} node
   * @returns {Row | null} The row that holds it.
   */
  function rowOf(node) {
    const element = (node instanceof Element ? node : node.parentElement)?.closest(".row");
    const key = element instanceof HTMLElement ? element.dataset.key : undefined;
    return shown.get(key ?? "")?.row ?? null;
  }

  return { render, textOf, rowOf };
}

/** @typedef {ReturnType<typeof mountTranscript>} TranscriptView */

/**
 * Keyed: a row's element lives as long as the row, and only what changed is touched.
 *
 * @param {HTMLElement} log
 * @param {Map<string, Shown>} shown
 * @param {Row[]} rows
 * @param {boolean} named
 */
export function renderRows(log, shown, rows, named) {
  const keys = new Set(rows.map((row) => row.key));
  for (const [key, { element }] of shown) {
    if (!keys.has(key)) {
      element.remove();
      shown.delete(key);
    }
  }
  let speaker = 0;
  let next = log.firstElementChild;
  for (const row of rows) {
    const speaks = named && row.kind === "line" && row.speaker !== speaker;
    if (row.kind === "line") speaker = row.speaker;
    const old = shown.get(row.key);
    const fresh = old?.row === row && old.speaks === speaks;
    const element = fresh ? old.element : makeRow(row, speaks);
    element.dataset.key = row.key;
    if (old && !fresh) old.element.replaceWith(element);
    if (old && old.element === next) next = element;
    if (element !== next) log.insertBefore(element, next);
    else next = element.nextElementSibling;
    if (!fresh) shown.set(row.key, { element, row, speaks });
  }
}

/**
 * @param {Row} row
 * @param {boolean} speaks  Whether a new speaker begins here.
 */
function makeRow(row, speaks) {
  if (row.kind === "marker") return make("div", "row marker", make("p", "", STRINGS.gap));
  if (row.kind === "silence") return makeSilence(row);
  const element = make("div", speaks ? "row turn" : "row", makeMargin(row, speaks));
  element.append(makeSaid("said", row.text, row.language));
  if (row.translation) element.append(makeSaid("said translation", row.translation, ""));
  return element;
}

/**
 * @param {string} className
 * @param {string} text
 * @param {string} language
 */
function makeSaid(className, text, language) {
  const said = make("p", className, text);
  said.dir = "auto";
  if (language) said.lang = language;
  return said;
}

/**
 * @param {Row} row
 * @param {boolean} speaks
 */
function makeMargin(row, speaks) {
  const margin = make("div", "margin");
  if (speaks) margin.append(make("span", "who", STRINGS.speaker(row.speaker)));
  const time = make("time", "when", clockText(row.begin));
  time.dateTime = `PT${row.begin.toFixed(2)}S`;
  margin.append(time);
  return margin;
}

/** @param {Row} row */
function makeSilence({ begin, finish }) {
  const seconds = finish - begin;
  const length = seconds < 60 ? STRINGS.seconds(seconds.toFixed(0)) : clockText(seconds);
  const words = seconds < SPOKEN_PAUSE_SECONDS ? "" : STRINGS.pauseOf(length);
  const element = make("div", "row silence", make("span", "", words));
  element.ariaHidden = "true";
  return element;
}

/** The line still being said; a page that hears several voices at once has one for each. */
export function mountGrowing(element = byId("growing")) {
  const [who, when, ink, pencil] = ["who", "when", "ink", "pencil"].map(
    (name) => /** @type {HTMLElement} */ (element.querySelector(`.${name}`)),
  );

  /** @param {TranscriptProps & {named: boolean}} props */
  return ({ part, listening, named, rows }) => {
    const words = part ? splitBuffer(part.transcript) : { ink: "", pencil: "" };
    const text = words.ink + words.pencil !== "";
    const speaker = part?.transcript.buffer_speaker ?? 1;
    const before = rows.findLast(({ kind }) => kind === "line")?.speaker;
    const speaks = text && named && speaker > 0 && speaker !== before;
    setText(ink, words.ink);
    setText(pencil, text ? words.pencil : STRINGS.listening);
    setText(who, speaks ? STRINGS.speaker(speaker) : "");
    setText(when, clockText(part ? part.offset + part.transcript.buffer_begin : 0));
    element.classList.toggle("turn", speaks);
    element.hidden = !text && !listening;
    return text;
  };
}
