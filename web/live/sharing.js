/**
 * Links with which others read along with one session. On a server with keys a link brings a token,
 * behind its `#`, which browsers send to nobody.
 *
 * @import { Server } from "./server.js"
 *
 * @typedef {object} Link
 * @property {string} address
 * @property {"free" | "lent" | "keyed"} kind  Whether it opens for everybody, with the token in it,
 *   or to those who have a key of their own.
 * @property {Date | null} until  When the token is over, if that is known.
 */

import { watchAddress } from "../modules/viewing.js";
import { Refusal } from "./server.js";

/** What says that others may read along, but not by this page's doing. */
const OWN_KEY = new Set(["missing_scope", "foreign"]);

/**
 * @param {Server} server
 * @param {string} session
 * @returns {Promise<Link>}
 * @throws {Refusal}
 */
export async function linkTo(server, session) {
  /** @type {(kind: Link["kind"], token?: string, until?: Date | null) => Link} */
  const link = (kind, token = "", until = null) => {
    return { address: watchAddress(server.base, session, token), kind, until };
  };
  const { access, obstacle } = await server.access();
  if (obstacle) throw new Refusal(obstacle);
  if (access?.session === session) return link("lent", server.key, access.until); // Passed on.
  if (access?.name === "") return link("free");
  try {
    const { token, until } = await server.share(session);
    return link("lent", token, until);
  } catch (error) {
    if (!(error instanceof Refusal) || !OWN_KEY.has(error.obstacle.code)) throw error;
    return link("keyed");
  }
}
