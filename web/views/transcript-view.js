/**
 * The transcript as the reader sees it: closed lines in a log, the growing one below it.
 *
 * @import { Part, Row } from "../modules/conversation.js"
 * @import { Speakers } from "../modules/speakers.js"
 * @import { Label } from "./speaker-form-view.js"
 *
 * @typedef {object} TranscriptProps
 * @property {Row[]} rows
 * @property {Part | null} part
 * @property {boolean} listening  Whether something is to come, if not now.
 * @property {boolean} [hearing]  Whether it could come now.
 * @property {Speakers} [speakers]  Who is who; without it nobody can be given a name.
 * @property {Label} [label]  What they are called.
 * @property {boolean} [voices]  Whether voices can be remembered: then who speaks alone has a name too.
 * @property {boolean} [aloud]  Whether new lines are being said now.
 *
 * @typedef {{element: HTMLElement, row: Row, head: Head}} Shown
 * @typedef {{who: string, known: boolean, language: string}} Head  Who begins here, whether their
 *   voice was recognised, in which other language.
 */

import { clockText } from "../modules/clock.js";
import { voiceIn } from "../modules/people.js";
import { haveLabels, noSpeakers, personOf } from "../modules/speakers.js";
import { splitBuffer } from "../modules/transcript.js";
import { STRINGS } from "../strings.js";
import { byId, make, setText } from "./dom.js";
import { labeler } from "./speaker-form-view.js";
import { mountSpoken } from "./spoken-view.js";

/** Shorter pauses are only a little space. */
const SPOKEN_PAUSE_SECONDS = 5;

export function mountTranscript() {
  const log = byId("log");
  const empty = byId("empty");
  const growing = mountGrowing();
  const speak = mountSpoken();
  const sheet = byId("sheet");
  /** @type {Map<string, Shown>} */
  const shown = new Map();

  /** @param {TranscriptProps & {speakers: Speakers, label: Label}} props */
  function render({ rows, part, listening, hearing, speakers, label, voices, aloud = false }) {
    const named = voices === true || growingVoice(part) > 1 || haveLabels(rows, speakers);
    renderRows(log, shown, rows, named, speakers, label);
    speak({ rows, aloud, label: named ? label : () => "" });
    const translated = rows.some(({ translation }) => translation !== "");
    sheet.classList.toggle("translated", translated);
    const text = growing({ part, listening: hearing === true, named, rows, speakers, label });
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
 * @param {Speakers} [speakers]  If they can be given names here.
 * @param {Label} [label]  What they are called.
 */
export function renderRows(log, shown, rows, named, speakers, label = labeler(noSpeakers())) {
  const keys = new Set(rows.map((row) => row.key));
  for (const [key, { element }] of shown) {
    if (!keys.has(key)) {
      element.remove();
      shown.delete(key);
    }
  }
  let speaker = 0;
  let language = "";
  let next = log.firstElementChild;
  for (const row of rows) {
    const turn = named && row.kind === "line" && row.speaker !== speaker;
    const switched = row.language !== "" && language !== "" && row.language !== language;
    const who = turn ? label(row.speaker, row.voice ?? row.speaker) : "";
    const known = turn && speakers?.recognized?.[row.speaker] !== undefined;
    const head = { who, known, language: switched ? row.language : "" };
    if (row.kind === "line") speaker = row.speaker;
    if (row.kind === "marker") speaker = 0;
    language = row.language || language;
    const old = shown.get(row.key);
    const fresh = old?.row === row && sameHead(old.head, head);
    const element = fresh ? old.element : makeRow(row, head, speakers !== undefined);
    if (old && !fresh) replace(old.element, element);
    if (old && old.element === next) next = element;
    if (element !== next) log.insertBefore(element, next);
    else next = element.nextElementSibling;
    if (!fresh) shown.set(row.key, { element, row, head });
  }
}

/**
 * The keyboard stays where it was.
 *
 * @param {HTMLElement} old
 * @param {HTMLElement} element
 */
function replace(old, element) {
  const focused = old.contains(document.activeElement);
  old.replaceWith(element);
  const button = focused && element.querySelector("button");
  if (button) button.focus();
}

/**
 * @param {Head} a
 * @param {Head} b
 */
function sameHead(a, b) {
  return a.who === b.who && a.known === b.known && a.language === b.language;
}

/**
 * @param {Row} row
 * @param {Head} head
 * @param {boolean} renamable
 */
function makeRow(row, head, renamable) {
  const element = makeRowOf(row, head, renamable);
  element.dataset.key = row.key;
  return element;
}

/**
 * @param {Row} row
 * @param {Head} head
 * @param {boolean} renamable
 */
function makeRowOf(row, head, renamable) {
  if (row.kind === "marker") return makeMarker(row);
  if (row.kind === "silence") return makeSilence(row);
  const element = make("div", head.who ? "row turn" : "row", makeMargin(row, head, renamable));
  element.append(makeSaid("said", row.text, row.language));
  if (row.translation) element.append(makeSaid("said translation", row.translation, ""));
  return element;
}

/** @param {Row} row */
function makeMarker({ recording }) {
  const text = recording ? STRINGS.recordingNumber(recording) : STRINGS.gap;
  return make("div", "row marker", make("p", "", text));
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
 * @param {Head} head
 * @param {boolean} renamable
 */
function makeMargin(row, { who, known, language }, renamable) {
  const margin = make("div", "margin");
  const open = renamable && row.speaker > 0;
  const name = open ? makeNameButton(row.speaker, who) : makeName(row.speaker, who);
  if (known) name.append(" ", makeVoiceMark());
  if (who) margin.append(name);
  const time = make("time", "when", clockText(row.begin));
  time.dateTime = `PT${row.begin.toFixed(2)}S`;
  margin.append(time);
  if (language) margin.append(make("span", "tongue", language.toUpperCase()));
  return margin;
}

/** How many colours the style sheet has for people. */
export const HUES = 8;

/**
 * @param {number} person
 * @param {string} name
 */
function makeName(person, name) {
  const element = make("span", "who", name);
  element.dir = "auto";
  element.dataset.hue = String(person % HUES);
  return element;
}

/**
 * @param {number} person
 * @param {string} name
 */
function makeNameButton(person, name) {
  const button = make("button", "who", name);
  button.type = "button";
  button.dir = "auto";
  button.title = STRINGS.speakerForm;
  button.dataset.person = String(person);
  button.dataset.hue = String(person % HUES);
  return button;
}

/** Says that a name came from a voice. */
function makeVoiceMark() {
  const mark = make("span", "voice-mark");
  mark.role = "img";
  mark.ariaLabel = mark.title = STRINGS.recognized;
  return mark;
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

/** @param {Part | null} part */
function growingVoice(part) {
  return part ? voiceIn(part, part.transcript.buffer_speaker) : 1;
}

/** The line still being said; a page that hears several voices at once has one for each. */
export function mountGrowing(element = byId("growing")) {
  const [who, when, ink, pencil] = ["who", "when", "ink", "pencil"].map(
    (name) => /** @type {HTMLElement} */ (element.querySelector(`.${name}`)),
  );
  const translation = element.querySelector(".translation");
  const said = /** @type {HTMLElement} */ (element.querySelector(".said"));

  /** @param {TranscriptProps & {named: boolean}} props */
  return ({ part, listening, named, rows, speakers = noSpeakers(), label = labeler(speakers) }) => {
    const words = part ? splitBuffer(part.transcript) : { ink: "", pencil: "" };
    const text = words.ink + words.pencil !== "";
    const voice = growingVoice(part);
    const speaker = personOf(speakers, voice);
    const before = rows.findLast(({ kind }) => kind !== "silence");
    const speaks = text && named && speaker > 0 && speaker !== before?.speaker;
    said.lang = text ? (before?.language ?? "") : STRINGS.lang;
    setText(ink, words.ink);
    setText(pencil, text ? words.pencil : STRINGS.listening);
    setText(who, speaks ? label(speaker, voice) : "");
    who.dataset.hue = String(speaker % HUES);
    setText(when, part && text ? clockText(part.offset + part.transcript.buffer_begin) : "");
    if (translation) setText(translation, part?.transcript.buffer_translation ?? "");
    element.classList.toggle("turn", speaks);
    element.hidden = !text && !listening;
    return text;
  };
}
