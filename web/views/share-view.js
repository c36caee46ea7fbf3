/**
 * A link for others: copied at once, and shown for where a browser does not allow that.
 *
 * @import { Link } from "../live/sharing.js"
 * @import { Server } from "../live/server.js"
 *
 * @typedef {(opener: Element, session: string) => Promise<void>} Share
 */

import { Refusal } from "../live/server.js";
import { linkTo } from "../live/sharing.js";
import { ownHost } from "../modules/viewing.js";
import { STRINGS } from "../strings.js";
import { byId, placeUnder, setText } from "./dom.js";
import { keyTrouble, untilText } from "./key-view.js";

/**
 * @param {() => Server} server
 * @returns {Share}
 */
export function mountShare(server) {
  const panel = byId("share");
  const field = /** @type {HTMLInputElement} */ (byId("share-link"));
  const copyButton = /** @type {HTMLButtonElement} */ (byId("share-copy"));
  const said = byId("share-said");
  const terms = byId("share-terms");
  const here = byId("share-here");
  /** Only the answer to the last question counts. */
  let asked = 0;

  /** @param {Promise<string>} text */
  const copy = async (text) => {
    const mine = asked;
    const copied = await copyLater(text);
    const answered = await text.catch(() => "");
    if (answered && mine === asked) setText(said, copied ? STRINGS.copied : STRINGS.copyFailed);
  };
  /** All of it, and its beginning in sight. */
  const select = () => {
    field.setSelectionRange(0, field.value.length, "backward");
    field.scrollLeft = 0;
  };
  copyButton.addEventListener("click", () => {
    setText(said, "");
    copy(Promise.resolve(field.value));
    select();
  });
  field.addEventListener("focus", select);

  return async (opener, session) => {
    asked += 1;
    const mine = asked;
    field.value = "";
    copyButton.disabled = true;
    setText(said, "");
    setText(terms, "");
    setText(here, "");
    // What lies outside of an open dialog cannot be reached.
    const dialog = opener.closest("dialog");
    (dialog ?? document.body).append(panel);
    panel.style.removeProperty("inset");
    panel.showPopover();
    if (dialog) placeUnder(panel, opener);
    const link = linkTo(server(), session);
    const copying = copy(link.then(({ address }) => address));
    try {
      const found = await link;
      if (mine !== asked) return;
      field.value = found.address;
      copyButton.disabled = false;
      setText(terms, termsOf(found));
      const host = ownHost(found.address);
      setText(here, host && STRINGS.shareHere(host));
      field.focus();
      select();
      await copying;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (mine === asked) setText(said, keyTrouble(error.obstacle));
    }
  };
}

/** @param {Link} link */
function termsOf({ kind, until }) {
  if (kind === "keyed") return STRINGS.shareKeyed;
  return until === null ? STRINGS.shareFree : STRINGS.shareUntil(untilText(until));
}

/**
 * Some browsers allow copying only while a click is handled, so what will be copied is promised.
 *
 * @param {Promise<string>} text
 * @returns {Promise<boolean>} Whether the browser allowed it.
 */
async function copyLater(text) {
  const type = "text/plain";
  const blob = text.then((content) => new Blob([content], { type }));
  try {
    await navigator.clipboard.write([new ClipboardItem({ [type]: blob })]);
    return true;
  } catch {
    blob.catch(() => {}); // Whoever asked for the text is told.
    return false;
  }
}
