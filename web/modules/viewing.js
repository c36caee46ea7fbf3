/**
 * Sessions that others may follow.
 *
 * @typedef {{id: string, language?: string, started?: string | number, seconds?: number}} Running
 */

/**
 * The one that has run for the shortest time; among equals the last one listed.
 *
 * @param {Running[]} sessions
 * @returns {string | null}
 */
export function newestSession(sessions) {
  const newest = sessions.reduce(
    (/** @type {Running | null} */ best, each) =>
      best === null || startOf(each) >= startOf(best) ? each : best,
    null,
  );
  return newest?.id ?? null;
}

/** @param {Running} running */
function startOf({ started = 0 }) {
  return typeof started === "number" ? started : Date.parse(started) || 0;
}

/**
 * @param {string} base  The address of the server's page.
 * @param {string} session
 */
export function viewerUrl(base, session) {
  const url = new URL("asr", base);
  url.protocol = url.protocol === "https:" || url.protocol === "wss:" ? "wss:" : "ws:";
  url.search = new URLSearchParams({ session, role: "viewer", mode: "diff" }).toString();
  return url.href;
}

/**
 * The session that a page was opened to read along with.
 *
 * @param {string} page  The page's address.
 * @returns {string} Empty if it was not.
 */
export function watchedSession(page) {
  return new URL(page).searchParams.get("watch")?.trim() ?? "";
}

/**
 * The address under which others can read along.
 *
 * @param {string} base  The server's.
 * @param {string} session
 * @param {string} [token]  That lets them; browsers send no server what is behind the `#`.
 */
export function watchAddress(base, session, token = "") {
  const url = new URL(base);
  url.hash = token && `token=${token}`;
  url.search = new URLSearchParams({ watch: session }).toString();
  return url.href;
}

/**
 * The host in an address, if it means whichever computer the address is opened on.
 *
 * @param {string} address
 * @returns {string} Otherwise empty.
 */
export function ownHost(address) {
  const { hostname } = new URL(address);
  return /^(.+\.)?localhost$|^127(\.\d+){3}$|^\[::1\]$/.test(hostname) ? hostname : "";
}
