/**
 * The last lines of a session, as large as the picture wants them.
 *
 * @import { Part } from "../modules/conversation.js"
 * @import { OverlayOptions } from "../modules/overlay-options.js"
 * @import { Line } from "../modules/wire.js"
 */

import { splitBuffer } from "../modules/transcript.js";
import { STRINGS } from "../strings.js";
import { byId, make, setText } from "./dom.js";

/** More of them than could ever be seen: each is at least one line high. */
const SPARE = 2;

/** @param {OverlayOptions} options */
export function applyOverlayLook(options) {
  const { style, dataset } = document.documentElement;
  style.setProperty("--lines", String(options.lines));
  style.setProperty("--size", `${options.size}px`);
  style.setProperty("--align", options.align);
  if (CSS.supports("color", options.color)) style.setProperty("--color", options.color);
  if (CSS.supports("color", options.background)) style.setProperty("--back", options.background);
  if (CSS.supports("font-family", options.font)) style.setProperty("--font", options.font);
  dataset.position = options.position;
  dataset.shadow = String(options.shadow);
}

/** @param {OverlayOptions} options */
export function mountCaptions({ lines, speakers, translation, interim, hold }) {
  const captions = byId("captions");
  const growing = makeCaption("");
  /** @type {Map<Line, HTMLElement>} */
  const shown = new Map();
  let timer = 0;
  let said = "";
  /** @type {Record<number, string>} */
  let names = {};

  /** @param {Line} line */
  const textOf = ({ text, translation: translated = "", speaker }) => {
    const name = speakers ? `${names[speaker] ?? STRINGS.speaker(speaker)}: ` : "";
    if (translation === "only") return translated && name + translated;
    return text ? name + text.trim() : "";
  };

  /** @param {Line[]} closed */
  const renderClosed = (closed) => {
    const kept = new Set(closed);
    for (const [line, element] of shown) {
      if (kept.has(line)) continue;
      element.remove();
      shown.delete(line);
    }
    for (const line of closed) {
      if (shown.has(line)) continue;
      const element = makeCaption(textOf(line));
      if (translation === "yes" && line.translation) element.append(makeWords(line.translation));
      shown.set(line, element);
      captions.insertBefore(element, growing);
    }
  };

  /** A room that has gone silent should not keep its last words for ever. */
  const stayAwhile = () => {
    const now = captions.textContent;
    if (now === said) return;
    said = now;
    captions.classList.remove("faded");
    clearTimeout(timer);
    if (hold > 0) timer = window.setTimeout(() => captions.classList.add("faded"), 1000 * hold);
  };

  captions.append(growing);

  /** @param {Part | null} part */
  return (part) => {
    const { lines: all = [], ...live } = part?.transcript ?? { lines: [] };
    names = part?.transcript.speakers ?? {};
    renderClosed(all.filter(textOf).slice(-lines - SPARE));
    setText(/** @type {Element} */ (growing.firstElementChild), growingText(live));
    stayAwhile();
  };

  /** @param {Partial<import("../modules/transcript.js").Transcript>} live */
  function growingText({
    buffer_diarization = "",
    buffer_transcription = "",
    buffer_final_chars = 0,
    buffer_translation = "",
  }) {
    if (translation === "only") return buffer_translation.trim();
    const { ink, pencil } = splitBuffer({
      buffer_diarization,
      buffer_transcription,
      buffer_final_chars,
    });
    return (interim ? ink + pencil : ink).trim();
  }
}

/** @param {string} text */
function makeCaption(text) {
  return make("p", "caption", makeWords(text));
}

/** @param {string} text */
function makeWords(text) {
  const words = make("span", "words", text);
  words.dir = "auto";
  return words;
}
