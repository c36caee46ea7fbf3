/**
 * Why a server takes no session, and what that means to somebody who waits for it.
 *
 * @import { Obstacle } from "./server.js"
 */

/** What no further attempt can help, until somebody does something about it. */
const FINAL = new Set([
  ...["unauthorized", "missing_scope", "too_many_failures"],
  ...["origin_not_allowed", "host_not_allowed"],
]);

/** A server that answers though no socket opens: it is no matter of a moment. */
const NO_SOCKET = { code: "no_socket", message: "", retryAfter: 0 };
const PATIENT_FAILURES = 2;

/** A server that said so before it went away. */
export const RESTARTING = { code: "server_restart", message: "", retryAfter: 0 };

/** How a server closes what was read with a token that is over. */
const TOKEN_OVER = 4401;

/**
 * @param {number} code  With which the server closed the socket for good.
 * @returns {Obstacle | null}
 */
export function reasonOf(code) {
  return code === TOKEN_OVER ? { code: "unauthorized", message: "", retryAfter: 0 } : null;
}

/** @param {Obstacle | null} obstacle */
export function isFinal(obstacle) {
  return FINAL.has(obstacle?.code ?? "");
}

/**
 * @param {Obstacle | null} found  What the server says, if it says anything is in the way.
 * @param {{known: Obstacle | null, failures: number}} before  What was known, and how often no
 *   socket has opened.
 * @returns {Obstacle | null}
 */
export function reasonNow(found, { known, failures }) {
  if (found?.code === "away" && known === RESTARTING) return RESTARTING;
  return found ?? (failures >= PATIENT_FAILURES ? NO_SOCKET : null);
}
