/**
 * What a session shows of itself.
 *
 * @import { About, Obstacle } from "./server.js"
 * @import { CaptureProblem } from "./microphone.js"
 * @import { Connection } from "./connection.js"
 * @import { AnyOutbox } from "./dialogue.js"
 * @import { Conversation } from "../modules/conversation.js"
 * @import { Speakers } from "../modules/speakers.js"
 * @import { LinkState } from "../modules/reconnect.js"
 * @import { Warnings } from "../modules/warnings.js"
 *
 * @typedef {"idle" | "starting" | "live" | "paused" | "stopping"} Phase
 * @typedef {"keyWanted" | "keyWrong" | "keyScope" | "keyThrottled" | "shareOver"} KeyProblem
 * @typedef {CaptureProblem | KeyProblem | "refused" | "deviceLost" | "takenAway" | "fileUnreadable" | "notAudio" | "unreadable"} Problem
 * @typedef {"microphone" | "tab" | "file"} Listening  Where the sound comes from.
 *
 * @typedef {object} Sheet  All that belongs to one transcript on the screen.
 * @property {number} epoch
 * @property {AnyOutbox} outbox
 * @property {Connection} connection
 * @property {Conversation} conversation
 * @property {Speakers} speakers
 * @property {File | null} file
 *
 * @typedef {object} State
 * @property {Phase} phase
 * @property {LinkState} link
 * @property {Listening} source
 * @property {File | null} file  The file last transcribed.
 * @property {string} soundless  The name of the file that no sound was found in.
 * @property {boolean} soundKept  Whether the server keeps the sound of this session.
 * @property {boolean} wasOpen  Whether this recording has reached the server yet.
 * @property {About | null} about  What the server last said of itself.
 * @property {Obstacle | null} obstacle  Why the server took no session, once that is known.
 * @property {number} retryMs  How long until it is asked again.
 * @property {Conversation} conversation
 * @property {Speakers} speakers  By the numbers of the page; see people.js.
 * @property {Speakers} aside  Of what the last "clear" took away.
 * @property {Sheet | null} before  Another transcript, that was on the screen before this one.
 * @property {boolean} over  What is shown is a session of the past, as the server keeps it.
 * @property {Problem | null} problem
 * @property {Warnings} warnings  What the server says people should know.
 */

import { emptyConversation } from "../modules/conversation.js";
import { noSpeakers } from "../modules/speakers.js";

/**
 * @param {Obstacle | null} obstacle  Why the server will not have us.
 * @param {{key: string, lent?: boolean}} server  With the key that it was shown.
 * @returns {Problem}
 */
export function refusalProblem(obstacle, { key, lent = false }) {
  const code = obstacle?.code ?? "";
  if (code === "unauthorized" && lent) return "shareOver";
  if (code === "unauthorized") return key ? "keyWrong" : "keyWanted";
  if (code === "missing_scope") return "keyScope";
  return code === "too_many_failures" ? "keyThrottled" : "refused";
}

/**
 * @param {Problem | null} problem
 * @returns {State}
 */
export function initialState(problem) {
  return {
    phase: "idle",
    link: "idle",
    source: "microphone",
    file: null,
    soundless: "",
    soundKept: false,
    wasOpen: false,
    about: null,
    obstacle: null,
    retryMs: 0,
    conversation: emptyConversation(),
    speakers: noSpeakers(),
    aside: noSpeakers(),
    before: null,
    over: false,
    problem,
    warnings: {},
  };
}
