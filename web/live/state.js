/**
 * What a session shows of itself.
 *
 * @import { About } from "./server.js"
 * @import { CaptureProblem } from "./microphone.js"
 * @import { Conversation } from "../modules/conversation.js"
 * @import { Speakers } from "../modules/speakers.js"
 * @import { LinkState } from "../modules/reconnect.js"
 *
 * @typedef {"idle" | "starting" | "live" | "paused" | "stopping"} Phase
 * @typedef {CaptureProblem | "refused" | "deviceLost" | "fileUnreadable"} Problem
 * @typedef {"microphone" | "tab" | "file"} Listening  Where the sound comes from.
 *
 * @typedef {object} State
 * @property {Phase} phase
 * @property {LinkState} link
 * @property {Listening} source
 * @property {File | null} file  The file last transcribed.
 * @property {boolean} wasOpen  Whether this recording has reached the server yet.
 * @property {About | null} about  What the server last said of itself.
 * @property {boolean} serverAnswers  Whether it does, though it took no session.
 * @property {Conversation} conversation
 * @property {Speakers} speakers
 * @property {Problem | null} problem
 * @property {string} warning  The server's own words.
 */

import { emptyConversation } from "../modules/conversation.js";
import { noSpeakers } from "../modules/speakers.js";

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
    wasOpen: false,
    about: null,
    serverAnswers: false,
    conversation: emptyConversation(),
    speakers: noSpeakers(),
    problem,
    warning: "",
  };
}
