/**
 * New lines for those who hear the page: each is said once, and whatever changes in it afterwards,
 * or in who said it, is not. What is seen cannot do that: a screen reader takes every row that is
 * drawn again for a new one.
 *
 * @import { Row } from "../modules/conversation.js"
 */

import { byId, make } from "./dom.js";

/** More than this at once was not said just now: it was brought back, or a file is read. */
const MOST_AT_ONCE = 4;

/** So many stay for a screen reader that is still speaking. */
const KEPT = 4;

export function mountSpoken() {
  const log = byId("spoken");
  /** @type {Row[]} */
  let before = [];
  let speaker = 0;

  /**
   * @param {object} props
   * @param {Row[]} props.rows
   * @param {boolean} props.aloud  Whether they are being said now.
   * @param {import("./speaker-form-view.js").Label} props.label  What people are called; "" says nothing.
   */
  return ({ rows, aloud, label }) => {
    if (rows === before) return;
    const known = new Set(before.map(({ key }) => key));
    before = rows;
    const fresh = rows.filter(({ key, kind }) => kind === "line" && !known.has(key));
    if (!aloud || fresh.length > MOST_AT_ONCE) return;
    for (const row of fresh) {
      const who = row.speaker === speaker ? "" : label(row.speaker, row.voice ?? row.speaker);
      speaker = row.speaker;
      const line = make("p", "", who ? `${who}: ${row.text}` : row.text);
      line.dir = "auto";
      if (row.language) line.lang = row.language;
      log.append(line);
    }
    while (log.childElementCount > KEPT) log.firstElementChild?.remove();
  };
}
