/** What the server says of itself before any session, so that the page need not wait for one. */

/**
 * @typedef {{notice?: string | null, languages?: string[], model?: string, detects_language?: boolean}} About
 */

/**
 * @param {string} base  The page's own address.
 * @returns {Promise<About | null>} Null if nothing answers.
 */
export async function askServer(base) {
  try {
    const response = await fetch(new URL("health", base), { cache: "no-store" });
    return await response.json();
  } catch {
    return null;
  }
}
