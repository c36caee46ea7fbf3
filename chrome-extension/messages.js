/**
 * What the extension's parts tell each other.
 *
 * Panel, overlay and worker reach the offscreen document; only the worker may use most of the
 * browser's interfaces, so the others ask it.
 *
 * @import { About, Obstacle } from "../web/live/server.js"
 * @import { Phase, Problem } from "../web/live/state.js"
 * @import { LinkState } from "../web/modules/reconnect.js"
 * @import { Warnings } from "../web/modules/warnings.js"
 * @import { Captions } from "./feed/captions.js"
 * @import { Growing } from "./feed/merge.js"
 * @import { RowChanges } from "./feed/rows.js"
 * @import { Settings } from "./settings.js"
 *
 * @typedef {{to: "worker", type: "start" | "stopped" | "hide"}} ToWorker
 *
 * @typedef {{to: "offscreen", type: "start", streamId: string, title: string, settings: Settings}
 *   | {to: "offscreen", type: "settings", settings: Settings}} ToOffscreen
 *
 * @typedef {{type: "stop" | "clear" | "undo" | "forget" | "retry"}} FromPanel
 *
 * @typedef {object} Status
 * @property {Phase} phase
 * @property {LinkState} link
 * @property {boolean} wasOpen
 * @property {About | null} about
 * @property {Obstacle | null} obstacle
 * @property {number} retryMs
 * @property {Problem | null} problem
 * @property {Warnings} warnings
 * @property {string} title  Of the tab that is captioned.
 * @property {number} seconds  Recorded so far.
 * @property {number} lag
 * @property {number} lost
 * @property {boolean} cleared
 * @property {boolean} soundKept  Whether the server keeps the sound.
 * @property {{name: string, level: number, silent: boolean}[]} channels
 *
 * @typedef {{growing: Growing[], rows: RowChanges | null}} Text
 * @typedef {{status: Status, text: Text | null}} ToPanel  No text if none changed.
 *
 * @typedef {{x: number, y: number}} Place  Of the overlay's middle, as a share of the window.
 * @typedef {{type: "captions", captions: Captions} | {type: "over"}
 *   | {type: "welcome", place: Place | null, how: string, hide: string}} ToOverlay
 */

/** @param {ToWorker["type"]} type */
export function tellWorker(type) {
  return chrome.runtime.sendMessage({ to: "worker", type });
}

/** @param {ToOffscreen} message */
export function tellOffscreen(message) {
  return chrome.runtime.sendMessage(message);
}

/**
 * Content scripts share a process with the page they are on, so they are believed less.
 *
 * @param {chrome.runtime.MessageSender | undefined} sender
 */
export function isOurPage(sender) {
  const ours = chrome.runtime.getURL("");
  return sender?.id === chrome.runtime.id && (sender.url ?? ours).startsWith(ours);
}
