/**
 * How things stand: the link and the lag above, and notices below them.
 *
 * @import { State } from "../live/state.js"
 * @import { Warnings } from "../modules/warnings.js"
 * @import { TextKey } from "../strings.js"
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
    const said = STRINGS[name === "lost" && !state.wasOpen ? "linkConnecting" : LINK_TEXT[name]];
    // A figure that grows is not worth hearing at each step.
    element.ariaLive = name === "reading" ? "off" : "polite";
    setText(text, typeof said === "string" ? said : said(percentText(share)));
    const late = lagSeconds >= LARGE_LAG;
    const steady = !late && delay !== null && name !== "lost";
    lag.hidden = name === "idle" || name === "connecting" || (!steady && lagSeconds < SMALL_LAG);
    lag.classList.toggle("late", late);
    const seconds = (steady ? delay : lagSeconds).toFixed(1);
    setText(lag, steady ? STRINGS.delay(seconds) : STRINGS.lag(seconds));
    lag.dataset.short = STRINGS.seconds(seconds);
    lag.ariaLabel = lag.textContent; // The short one is not to be read out as well.
  };
}

/** Good news goes by itself. */
const PASSING_MS = 10_000;

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

  /**
   * @param {object} props
   * @param {string[]} props.alarms  What went wrong.
   * @param {string} props.news  What is good to know, and stays.
   * @param {TextKey | ""} props.cleared  What became of the transcript before, if it can be had back.
   * @param {string} [props.found]
   * @param {string} [props.passing]  Good news.
   */
  return ({ alarms, news, cleared, found = "", passing = "" }) => {
    // The first is the one that a phone has room for.
    const texts = [...alarms, passing, found, news];
    const wanted = texts.filter((text) => text && !dismissed.has(text));
    for (const text of dismissed) if (!texts.includes(text)) dismissed.delete(text);
    const now = JSON.stringify([wanted, cleared]);
    if (shown === now) return;
    shown = now;
    const notices = wanted.map((text) =>
      text === found ? dismissable(text, ["bringBack", bringBack]) : dismissable(text),
    );
    wanted.forEach((text, i) => {
      notices[i].classList.toggle("alarm", alarms.includes(text));
    });
    const short = notices[wanted.indexOf(passing)];
    if (short) setTimeout(() => short.querySelector("button")?.click(), PASSING_MS);
    if (cleared) {
      const back = cleared === "cleared" ? "undo" : "bringBack";
      const said = /** @type {string} */ (STRINGS[cleared]);
      notices.unshift(makeNotice(said, [back, undo], ["dismiss", forget]));
    }
    space.replaceChildren(...notices);
  };
}

/**
 * @param {State} state
 * @returns {TextKey | ""}
 */
export function clearedText({ before, conversation, phase, source }) {
  if (conversation.cleared) return "cleared";
  const ready = phase === "idle" || source === "file";
  if (!before || !ready) return "";
  return conversation.parts.length === 0 ? "cleared" : "putAside";
}

/**
 * @param {string} text
 * @param {...[TextKey, () => void]} actions
 */
function makeNotice(text, ...actions) {
  const buttons = actions.map(([key, act]) => {
    const button = textButton(key, "quiet");
    button.addEventListener("click", act);
    button.classList.toggle("away", key === "dismiss");
    return button;
  });
  return make("div", "notice", make("p", "", text), ...buttons);
}

/** @type {Readonly<Record<string, TextKey>>} What the server's own words are in English only. */
const WARNINGS = {
  load_shorter_windows: "loadShorterWindows",
  load_final_only: "loadFinalOnly",
  load_no_newcomers: "loadNoNewcomers",
  words_late: "wordsLate",
  no_words: "noWords",
  looping: "looping",
  store_failing: "storeFailing",
  store_losing: "storeLosing",
  diarization_error: "diarizationError",
  voices_error: "voicesError",
  server_restart: "serverRestart",
  model_loading: "modelLoading",
  too_little_speech: "voiceTooLittle",
  name_taken: "voiceNameTaken",
};

/**
 * @param {Warnings} warnings
 * @returns {string[]} As the reader should see them, without what is good news.
 */
export function warningTexts(warnings) {
  return Object.values(warnings)
    .filter(({ code }) => code !== "remembered")
    .map(({ code, message }) => {
      const key = WARNINGS[code];
      return key ? STRINGS[key] : message;
    });
}

/**
 * @param {Warnings} warnings
 * @returns {string} The one that is good news, if any is.
 */
export function passingText(warnings) {
  const good = Object.values(warnings).find(({ code }) => code === "remembered");
  return good ? STRINGS.voiceRemembered(good.message) : "";
}
