/**
 * Rows on their way to another document: only what changed travels.
 *
 * @import { Row } from "../../web/modules/conversation.js"
 *
 * @typedef {{changed: Row[], gone: string[]}} RowChanges
 */

import { inTime } from "./merge.js";

export class RowSender {
  constructor() {
    /** @type {Map<string, Row>} */
    this.sent = new Map();
  }

  /**
   * @param {Row[]} rows
   * @returns {RowChanges | null}
   */
  changes(rows) {
    const keys = new Set(rows.map(({ key }) => key));
    const gone = [...this.sent.keys()].filter((key) => !keys.has(key));
    const changed = rows.filter((row) => this.sent.get(row.key) !== row);
    for (const key of gone) this.sent.delete(key);
    for (const row of changed) this.sent.set(row.key, row);
    return gone.length + changed.length > 0 ? { changed, gone } : null;
  }
}

export class RowReceiver {
  constructor() {
    /** @type {Row[]} */
    this.rows = [];
  }

  /** @param {RowChanges | null} changes */
  receive(changes) {
    if (!changes) return;
    const all = new Map(this.rows.map((row) => [row.key, row]));
    for (const key of changes.gone) all.delete(key);
    for (const row of changes.changed) all.set(row.key, row);
    this.rows = [...all.values()].sort(inTime);
  }
}
