/**
 * What the server lets this page do: found out when the page opens, and again with another key.
 *
 * @import { Access } from "./live/server.js"
 * @import { Reader } from "./reader.js"
 */

import { Server } from "./live/server.js";
import { STRINGS } from "./strings.js";
import { byId, setText } from "./views/dom.js";
import { accessText, keyTrouble, mountKey } from "./views/key-view.js";

/**
 * @param {object} options
 * @param {Reader} options.reader
 * @param {(access: Access | null) => void} options.found  What is allowed, whenever that was asked.
 * @param {() => void} options.changed  Another key is used.
 * @param {string} [options.hint]  Where a key comes from.
 */
export function mountAdmission({ reader, found, changed, hint = STRINGS.keyHint }) {
  const open = mountKey({
    hint,
    held: () => reader.held,
    check: async (key) => (await new Server(reader.base, key).access()).obstacle,
    changed: (held) => {
      reader.hold(held);
      changed();
      look();
    },
  });

  /** @param {boolean} [asking]  Whether a key is asked for if one is wanted. */
  async function look(asking = false) {
    const { access, obstacle } = await reader.server.access();
    setText(byId("key-state"), accessText({ access, obstacle }));
    found(access);
    if (asking && obstacle?.code === "unauthorized" && !reader.lent) {
      open(reader.held.key ? keyTrouble(obstacle) : "");
    }
  }

  look(true);
  return { open: () => open(), look };
}
