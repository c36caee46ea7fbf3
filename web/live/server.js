/** What the server says of itself before any session, so that the page need not wait for one. */

/**
 * @typedef {{notice?: string | null, languages?: string[], model?: string, detects_language?: boolean, diarization?: boolean}} About
 */

/**
 * @param {string} base  The page's own address.
 * @returns {Promise<About | null>} Null if nothing answers.
 */
export async function askServer(base) {
  if (isForeign(base)) return null;
  try {
    const response = await fetch(new URL("health", base), { cache: "no-store" });
    return await response.json();
  } catch {
    return null;
  }
}

/**
 * Web pages may open sockets to other servers, but not ask them anything else.
 *
 * @param {string} base
 */
function isForeign(base) {
  return location.protocol.startsWith("http") && new URL(base).origin !== location.origin;
}

/**
 * @param {string} base
 * @returns {Promise<import("../modules/viewing.js").Running[]>} Empty if nothing answers.
 */
export async function askSessions(base) {
  try {
    const url = new URL("sessions", base);
    url.search = new URL(base).search; // A key, if there is one.
    const response = await fetch(url, { cache: "no-store" });
    const { sessions } = await response.json();
    return Array.isArray(sessions) ? sessions : [];
  } catch {
    return [];
  }
}

/**
 * Whether the server turns our key down: a socket that is refused does not tell a page why.
 *
 * @param {string} base
 * @returns {Promise<boolean>} False if nothing answers.
 */
export async function isRefused(base) {
  if (isForeign(base)) return false;
  try {
    const url = new URL("access", base);
    url.search = new URL(base).search; // A key, if there is one.
    const { status } = await fetch(url, { cache: "no-store" });
    return status === 401 || status === 403;
  } catch {
    return false;
  }
}
