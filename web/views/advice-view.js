/**
 * What is in the way, and what helps: one piece of advice at a time.
 *
 * @import { Problem, State } from "../live/state.js"
 *
 * @typedef {"tryNow" | "enterKey"} Way  What can be done about it.
 * @typedef {object} Advice
 * @property {string} title
 * @property {string} text
 * @property {string} [wait]  When the next attempt comes: seen, but not read out each time.
 * @property {Way} [way]
 */

import { STRINGS } from "../strings.js";
import { byId, make, setText, textButton } from "./dom.js";

/** @param {Record<Way, () => void>} ways */
export function mountAdvice(ways) {
  const space = byId("advice");
  const title = make("p", "advice-title");
  const text = make("span", "");
  const wait = make("span", "");
  wait.ariaLive = "off";
  const button = textButton("tryNow");
  /** @type {Way} */
  let way = "tryNow";
  const box = make("div", "advice", make("div", "", title, make("p", "", text, " ", wait)), button);
  button.addEventListener("click", () => ways[way]());

  /** @param {Advice | null} advice */
  return (advice) => {
    if (!advice) return box.remove();
    setText(title, advice.title);
    setText(text, advice.text);
    setText(wait, advice.wait ?? "");
    button.hidden = !advice.way;
    way = advice.way ?? way;
    setText(button, STRINGS[way]);
    if (!box.isConnected) space.append(box);
  };
}

/**
 * Whether the server is known to be in the way, also while it is asked again.
 *
 * @param {Pick<State, "link" | "obstacle">} state
 */
function isKeptOut({ link, obstacle }) {
  return obstacle !== null && (link === "waiting" || link === "connecting");
}

/**
 * The one piece of advice that matters most now.
 *
 * @param {State} state
 * @param {boolean} noSignal
 * @returns {Advice | null}
 */
export function adviceFor(state, noSignal) {
  if (state.problem) return problemAdvice(state.problem, state.soundless);
  if (state.phase === "idle") return null;
  if (isKeptOut(state)) return waitingAdvice(state);
  if (noSignal && state.phase === "live") {
    return state.source === "tab"
      ? { title: STRINGS.noTabSignalTitle, text: STRINGS.noTabSignal }
      : { title: STRINGS.noSignalTitle, text: STRINGS.noSignal };
  }
  return null;
}

/**
 * Why there is no connection, and when the next attempt comes.
 *
 * @param {Pick<State, "obstacle" | "retryMs" | "phase" | "source">} state
 * @returns {Advice}
 */
function waitingAdvice({ obstacle, retryMs, phase, source }) {
  const code = obstacle?.code ?? "";
  const wait = againText(retryMs);
  const file = source === "file";
  if (code === "away" || code === "foreign") {
    const meanwhile = phase === "stopping" ? STRINGS.awayRest : STRINGS.away;
    return { title: STRINGS.awayTitle, text: file ? STRINGS.awayFile : meanwhile, way: "tryNow" };
  }
  const meanwhile = phase === "stopping" ? STRINGS.restMeanwhile : STRINGS.keptMeanwhile;
  const kept = file ? STRINGS.awayFile : meanwhile;
  const [title, text] = /** @type {Record<string, [string, string]>} */ ({
    too_many_sessions: [STRINGS.fullTitle, `${STRINGS.full} ${kept}`],
    overloaded: [STRINGS.overloadedTitle, `${STRINGS.overloaded} ${kept}`],
    server_restart: [STRINGS.restartTitle, kept],
    no_socket: [STRINGS.noSocketTitle, STRINGS.noSocket],
  })[code] ?? [STRINGS.notNowTitle, `${obstacle?.message ?? ""} ${kept}`];
  return { title, text: text.trim(), wait, way: "tryNow" };
}

/** @param {number} retryMs */
function againText(retryMs) {
  return STRINGS.againIn(Math.ceil(retryMs / 1000));
}

/**
 * For somebody who reads along.
 *
 * @param {State} state
 * @returns {Advice | null}
 */
export function watchAdvice(state) {
  const { obstacle, problem, retryMs, conversation } = state;
  const reading = conversation.parts.length > 0;
  if (problem === "shareOver" && reading) {
    return { ...problemAdvice(problem), text: STRINGS.shareOverReading };
  }
  if (problem) return problemAdvice(problem);
  if (!isKeptOut(state) || !obstacle) return null;
  if (obstacle.code === "unknown_session") {
    return reading
      ? { title: STRINGS.interruptedTitle, text: STRINGS.interrupted, way: "tryNow" }
      : { title: STRINGS.noSessionTitle, text: STRINGS.noSession, way: "tryNow" };
  }
  if (["away", "foreign", "server_restart"].includes(obstacle.code)) {
    const restart = obstacle.code === "server_restart";
    const title = restart ? STRINGS.restartTitle : STRINGS.awayTitle;
    return { title, text: STRINGS.awayWatching, way: "tryNow" };
  }
  return {
    title: STRINGS.notNowTitle,
    text: obstacle.message,
    wait: againText(retryMs),
    way: "tryNow",
  };
}

/**
 * @param {State} state
 * @returns {{name: string, text: string}} How somebody who reads along is connected.
 */
export function watchLink({ link, obstacle, problem, wasOpen, conversation }) {
  const nothing = conversation.parts.length === 0;
  if (link === "open") return { name: "live", text: STRINGS.linkWatching };
  if (link === "idle") {
    const waits = nothing && problem === null;
    const shutOut = problem !== null && SHUT_OUT.has(problem);
    return {
      name: "idle",
      text: shutOut ? STRINGS.linkApart : STRINGS[waits ? "linkAwaiting" : "linkOver"],
    };
  }
  if (obstacle?.code === "unknown_session") {
    return { name: "lost", text: nothing ? STRINGS.linkMissing : STRINGS.cutShort };
  }
  if (wasOpen) return { name: "lost", text: STRINGS.linkLost };
  return { name: link === "waiting" ? "lost" : "connecting", text: STRINGS.linkConnecting };
}

/** @type {ReadonlySet<Problem>} */
const KEY_PROBLEMS = new Set(["keyWanted", "keyWrong", "keyScope", "keyThrottled", "shareOver"]);

/** @type {ReadonlySet<Problem>} Of somebody who reads along. */
const SHUT_OUT = new Set([...KEY_PROBLEMS, "refused"]);

/** @type {ReadonlySet<Problem>} In the midst of a recording, which goes on when it is over. */
const MICROPHONE_GONE = new Set(["deviceLost", "takenAway"]);

/**
 * @param {Problem} problem
 * @param {string} [soundless]  The name of a file that could not be heard.
 * @returns {Advice}
 */
function problemAdvice(problem, soundless = "") {
  const advice = { title: STRINGS[`${problem}Title`], text: STRINGS[problem] };
  if (problem === "notAudio" && soundless) advice.text = `${isolated(soundless)} – ${advice.text}`;
  if (KEY_PROBLEMS.has(problem)) return { ...advice, way: "enterKey" };
  return MICROPHONE_GONE.has(problem) ? { ...advice, way: "tryNow" } : advice;
}

/**
 * A name in a sentence, whichever way either is written.
 *
 * @param {string} name
 */
function isolated(name) {
  return `\u2068${name}\u2069`;
}
