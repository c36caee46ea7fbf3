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
 * @param {string} base  The page's own address; a `token` in its query is handed on.
 * @param {string} session
 */
export function viewerUrl(base, session) {
  const url = new URL("asr", base);
  url.protocol = url.protocol === "https:" || url.protocol === "wss:" ? "wss:" : "ws:";
  url.search = new URLSearchParams({ session, role: "viewer", mode: "diff" }).toString();
  const token = new URL(base).searchParams.get("token");
  if (token) url.searchParams.set("token", token);
  return url.href;
}
