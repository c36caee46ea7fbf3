/** Where the server is, from what somebody typed. */

/**
 * The address that everything else is relative to, with no query: it may hold a key.
 *
 * @param {string} typed  Empty is the server that the page came from.
 * @param {string} page  The page's own address.
 */
export function serverBase(typed, page) {
  const url = readAddress(typed, page) ?? new URL(page);
  url.search = "";
  url.hash = "";
  return url.href;
}

/**
 * The key that an address brings, in its query or behind its `#`, and the address without it.
 * Links to one session have it there.
 *
 * @param {string} address
 */
export function takeKey(address) {
  const url = new URL(address);
  const behind = new URLSearchParams(url.hash.slice(1));
  const places = [url.searchParams, behind].filter((place) => place.has("token"));
  if (places.length === 0) return { key: "", behind: false, address };
  const key = places[0].get("token")?.trim() ?? "";
  for (const place of places) place.delete("token");
  if (places.includes(behind)) url.hash = behind.toString();
  return { key, behind: places[0] === behind, address: url.href };
}

/**
 * @param {string} typed  With or without a scheme, also ws: and wss:, also with /asr at its end.
 * @param {string} page
 * @returns {URL | null}
 */
function readAddress(typed, page) {
  const bare = typed.trim();
  if (bare === "") return null;
  const scheme = new URL(page).protocol;
  const full = /^[a-z]+:\/\//i.test(bare) ? bare : `${scheme}//${bare}`;
  try {
    const url = new URL(full.replace(/^ws/i, "http"));
    url.pathname = `${url.pathname.replace(/(^|\/)asr\/?$/, "").replace(/\/$/, "")}/`;
    return /^https?:$/.test(url.protocol) ? url : null;
  } catch {
    return null;
  }
}

/**
 * The address of the overlay on that server, without its key. Only on its own machine does a server
 * tell which session is the newest; elsewhere one has to name it.
 *
 * @param {string} base
 * @param {string} [session]  The one that runs, if one does.
 */
export function overlayAddress(base, session = "") {
  const url = new URL("overlay", base);
  const local = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  const wanted = local || session === "" ? "latest" : session;
  url.search = new URLSearchParams({ session: wanted, lines: "2", size: "48" }).toString();
  return url.href;
}
