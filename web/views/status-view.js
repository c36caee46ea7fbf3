/**
 * How things stand: the link and the lag above, notices below them, advice when help is needed.
 *
 * @import { Problem, State } from "../live/state.js"
 * @import { TextKey } from "../strings.js"
 *
 * @typedef {{title: string, text: string, retry?: boolean}} Advice
 */

import { LagReading } from "../modules/levels.js";
import { STRINGS } from "../strings.js";
import { byId, make, setText, textButton } from "./dom.js";

/** A smaller lag is normal and not worth a number. */
const SMALL_LAG = 0.05;

/** From here on the reader should know that the words are late. */
const LARGE_LAG = 4;

/** @param {number} share */
function percentText(share) {
  const known = Number.isFinite(share) ? Math.min(1, share) : 0;
  return known.toLocaleString(document.documentElement.lang, { style: "percent" });
}

/** @param {State} state */
function linkName({ phase, link, source, wasOpen }) {
  if (phase === "idle") return "idle";
  if (link === "waiting" || (link === "connecting" && wasOpen)) return "lost";
  if (link === "connecting" || phase === "starting") return "connecting";
  return source === "file" ? "reading" : phase;
}

/** @type {Record<string, TextKey | "linkReading">} */
const LINK_TEXT = {
  idle: "linkIdle",
  connecting: "linkConnecting",
  live: "linkLive",
  paused: "linkPaused",
  stopping: "linkStopping",
  reading: "linkReading",
  lost: "linkLost",
};

export function mountLink() {
  const element = byId("link");
  const text = byId("link-text");
  const lag = byId("lag");
  const reading = new LagReading();

  /**
   * @param {{state: State, lag: number, delay: number | null, share: number}} props  How much of
   *   the words is late, and usually; and how much of a file was read.
   */
  return ({ state, lag: lagNow, delay, share }) => {
    const lagSeconds = reading.read(lagNow, performance.now());
    const name = linkName(state);
    element.dataset.link = name;
    const said = STRINGS[LINK_TEXT[name]];
    setText(text, typeof said === "string" ? said : said(percentText(share)));
    const late = lagSeconds >= LARGE_LAG;
    const steady = !late && delay !== null && name !== "lost";
    lag.hidden = name === "idle" || name === "connecting" || (!steady && lagSeconds < SMALL_LAG);
    lag.classList.toggle("late", late);
    const words = steady ? STRINGS.delay(delay.toFixed(1)) : STRINGS.lag(lagSeconds.toFixed(1));
    setText(lag, words);
  };
}

/**
 * Short sentences that stay until they are put away; each is said once.
 *
 * @param {object} options
 * @param {() => void} options.undo  What to do after a "clear".
 * @param {() => void} options.forget
 * @param {() => void} [options.bringBack]  What to do with a transcript that was kept.
 */
export function mountNotices({ undo, forget, bringBack = () => {} }) {
  const space = byId("notices");
  /** @type {Set<string>} */
  const dismissed = new Set();
  let shown = "";

  /**
   * @param {string} text
   * @param {...[TextKey, () => void]} actions
   */
  const dismissable = (text, ...actions) => {
    const dismiss = () => {
      dismissed.add(text);
      notice.remove();
    };
    const notice = makeNotice(text, ...actions, ["dismiss", dismiss]);
    return notice;
  };

  /** @param {{texts: string[], cleared: boolean, found?: string}} props */
  return ({ texts, cleared, found = "" }) => {
    const wanted = [...texts, found].filter((text) => text && !dismissed.has(text));
    const now = JSON.stringify([wanted, cleared]);
    if (shown === now) return;
    shown = now;
    const notices = wanted.map((text) =>
      text === found ? dismissable(text, ["bringBack", bringBack]) : dismissable(text),
    );
    if (cleared) notices.push(makeNotice(STRINGS.cleared, ["undo", undo], ["dismiss", forget]));
    space.replaceChildren(...notices);
  };
}

/**
 * @param {string} text
 * @param {...[TextKey, () => void]} actions
 */
function makeNotice(text, ...actions) {
  const buttons = actions.map(([key, act]) => {
    const button = textButton(key, "quiet");
    button.addEventListener("click", act);
    return button;
  });
  return make("div", "notice", make("p", "", text), ...buttons);
}

/** @param {{retry: () => void}} options */
export function mountAdvice({ retry }) {
  const space = byId("advice");
  const title = make("p", "advice-title");
  const text = make("p", "");
  const button = textButton("tryNow", "quiet");
  const box = make("div", "advice", make("div", "", title, text), button);
  button.addEventListener("click", retry);

  /** @param {Advice | null} advice */
  return (advice) => {
    if (!advice) return box.remove();
    setText(title, advice.title);
    setText(text, advice.text);
    button.hidden = !advice.retry;
    if (!box.isConnected) space.append(box);
  };
}

/**
 * The one piece of advice that matters most now.
 *
 * @param {State} state
 * @param {boolean} noSignal
 * @returns {Advice | null}
 */
export function adviceFor(state, noSignal) {
  if (state.problem) return problemAdvice(state.problem);
  if (state.phase === "idle") return null;
  if (state.link === "waiting") {
    const [title, text] = state.serverAnswers
      ? [STRINGS.fullTitle, STRINGS.full]
      : [STRINGS.awayTitle, STRINGS.away];
    return { title, text: state.source === "file" ? STRINGS.awayFile : text, retry: true };
  }
  if (noSignal && state.phase === "live") {
    return state.source === "tab"
      ? { title: STRINGS.noTabSignalTitle, text: STRINGS.noTabSignal }
      : { title: STRINGS.noSignalTitle, text: STRINGS.noSignal };
  }
  return null;
}

/**
 * For somebody who reads along.
 *
 * @param {State} state
 * @returns {Advice | null}
 */
export function watchAdvice({ link, serverAnswers }) {
  if (link !== "waiting") return null;
  return serverAnswers
    ? { title: STRINGS.noSessionTitle, text: STRINGS.noSession, retry: true }
    : { title: STRINGS.awayTitle, text: STRINGS.awayWatching, retry: true };
}

/** @param {Problem} problem */
function problemAdvice(problem) {
  return { title: STRINGS[`${problem}Title`], text: STRINGS[problem] };
}
