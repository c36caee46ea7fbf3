/**
 * Plays the file that is transcribed, and marks the word being said. A click on a word goes there.
 *
 * @import { Row } from "../modules/conversation.js"
 * @import { TranscriptView } from "./transcript-view.js"
 *
 * @typedef {object} PlayerProps
 * @property {File | null} file
 * @property {number} heard  Seconds of it that the server has listened to.
 * @property {boolean} busy  Whether it is still being transcribed.
 */

import { clockText } from "../modules/clock.js";
import { placeAt, timeOf, wordSpans } from "../modules/words.js";
import { STRINGS } from "../strings.js";
import { byId, setText } from "./dom.js";
import { rangeOf, setMarks } from "./marks.js";

const SPEEDS = [1, 1.25, 1.5, 2];

/** @param {{rows: () => Row[], transcript: TranscriptView, close: () => void}} options */
export function mountPlayer({ rows, transcript, close }) {
  const player = byId("player");
  const media = /** @type {HTMLAudioElement} */ (byId("media"));
  const seek = /** @type {HTMLInputElement} */ (byId("seek"));
  const play = byId("play");
  const speed = byId("speed");
  const closer = byId("player-close");
  const marker = wordMarker(transcript);
  /** @type {File | null} */
  let loaded = null;
  let used = false;

  const length = () => (Number.isFinite(media.duration) ? media.duration : 0);

  const toggle = () => {
    if (media.paused) media.play().catch(() => {});
    else media.pause();
  };

  /** @param {number} seconds */
  const goTo = (seconds) => {
    used = true;
    media.currentTime = Math.max(0, Math.min(length(), seconds));
    show();
    marker.reveal();
  };

  const show = () => {
    const at = clockText(media.currentTime);
    const all = clockText(length());
    seek.max = String(length());
    seek.value = String(media.currentTime);
    seek.ariaValueText = STRINGS.positionOf(at, all);
    setText(byId("player-clock"), `${at} / ${all}`);
    player.dataset.playing = String(!media.paused);
    play.ariaLabel = media.paused ? STRINGS.play : STRINGS.pausePlayback;
    setText(speed, `${media.playbackRate}×`);
    speed.ariaLabel = STRINGS.speed(String(media.playbackRate));
    marker.mark(loaded && used ? placeAt(rows(), media.currentTime) : null);
  };

  const everyFrame = () => {
    used = true;
    show();
    if (!media.paused) requestAnimationFrame(everyFrame);
  };

  play.addEventListener("click", toggle);
  seek.addEventListener("input", () => goTo(Number(seek.value)));
  speed.addEventListener("click", () => {
    media.playbackRate = SPEEDS[(SPEEDS.indexOf(media.playbackRate) + 1) % SPEEDS.length];
    show();
  });
  closer.addEventListener("click", close);
  media.addEventListener("play", everyFrame);
  for (const name of ["pause", "seeked", "durationchange", "ratechange"]) {
    media.addEventListener(name, show);
  }
  byId("log").addEventListener("click", (event) => {
    const seconds = loaded && timeAtPoint(event, transcript);
    if (seconds !== null) goTo(seconds);
  });

  /** @param {File | null} file */
  const load = (file) => {
    loaded = file;
    used = false;
    if (media.src) URL.revokeObjectURL(media.src);
    if (file) media.src = URL.createObjectURL(file);
    else media.removeAttribute("src");
    media.load();
    show();
  };

  /** @param {PlayerProps} props */
  const render = ({ file, heard, busy }) => {
    if (file !== loaded) load(file);
    player.hidden = file === null;
    byId("log").classList.toggle("playable", file !== null);
    closer.hidden = busy;
    setText(byId("player-name"), file?.name ?? "");
    const share = busy && length() > 0 ? Math.min(1, heard / length()) : 1;
    seek.style.setProperty("--heard", share.toFixed(3));
  };

  return {
    render,
    toggle,
    /** @param {number} seconds */
    skip: (seconds) => goTo(media.currentTime + seconds),
    length,
  };
}

/** @param {TranscriptView} transcript */
function wordMarker(transcript) {
  let shown = "";
  /** @type {Element | null} */
  let said = null;

  /** @param {{row: Row, word: number} | null} place */
  const mark = (place) => {
    const key = place ? `${place.row.key} ${place.word}` : "";
    if (key === shown) return;
    shown = key;
    const text = place && transcript.textOf(place.row.key);
    const span = place && wordSpans(place.row.text, place.row.words)?.[place.word];
    setMarks("saying", text && span ? [rangeOf(text, span)] : []);
    const before = said;
    said = text?.parentElement ?? said;
    if (before && said !== before && isInView(before)) reveal();
  };

  const reveal = () => said?.scrollIntoView({ block: "nearest" });

  return { mark, reveal };
}

/**
 * Whoever scrolled away from the words being said wants to read elsewhere.
 *
 * @param {Element} element
 */
function isInView(element) {
  const { top, bottom } = element.getBoundingClientRect();
  const view = byId("transcript").getBoundingClientRect();
  return bottom > view.top && top < view.bottom;
}

/**
 * @param {MouseEvent} event
 * @param {TranscriptView} transcript
 * @returns {number | null} When the text under the pointer was said.
 */
function timeAtPoint({ target, clientX, clientY }, transcript) {
  const row = target instanceof Node ? transcript.rowOf(target) : null;
  const selecting = !(document.getSelection()?.isCollapsed ?? true);
  if (row?.kind !== "line" || selecting) return null;
  const caret = document.caretPositionFromPoint?.(clientX, clientY);
  const inText = caret && caret.offsetNode === transcript.textOf(row.key);
  return inText ? timeOf(row, caret.offset) : row.begin;
}
