/**
 * Transcripts in the browser's own database, row by row, so that a crash costs at most a moment.
 *
 * @import { Place, Row } from "../modules/conversation.js"
 * @import { Speakers } from "../modules/speakers.js"
 *
 * @typedef {object} Kept
 * @property {string} id
 * @property {number} updated  Milliseconds since 1970.
 * @property {boolean} finished  False while it was still going on.
 * @property {string} beginning  Its first words.
 * @property {Speakers} speakers
 * @property {Place[]} [places]  Where its sessions stand; old ones have none.
 *
 * @typedef {{key: string, order: number, row: Row}} Placed
 */

const NAME = "livestt";
const VERSION = 1;

/** More are forgotten, the oldest first. */
const MOST = 30;

export class Archive {
  /** @param {IDBDatabase} database */
  constructor(database) {
    this.database = database;
  }

  /** @returns {Promise<Archive | null>} Null where the browser keeps nothing. */
  static async open() {
    try {
      const request = indexedDB.open(NAME, VERSION);
      request.onupgradeneeded = () => {
        request.result.createObjectStore("transcripts", { keyPath: "id" });
        request.result.createObjectStore("rows", { keyPath: ["transcript", "key"] });
      };
      return new Archive(await answerOf(request));
    } catch {
      return null;
    }
  }

  /** @returns {Promise<Kept[]>} The newest first. */
  async list() {
    const store = this.database.transaction("transcripts").objectStore("transcripts");
    /** @type {Kept[]} */
    const all = await answerOf(store.getAll());
    return all.sort((a, b) => b.updated - a.updated);
  }

  /**
   * @param {string} id
   * @returns {Promise<Row[]>}
   */
  async rows(id) {
    const store = this.database.transaction("rows").objectStore("rows");
    /** @type {Placed[]} */
    const placed = await answerOf(store.getAll(rangeOf(id)));
    return placed.sort((a, b) => a.order - b.order).map(({ row }) => row);
  }

  /**
   * @param {Kept} kept
   * @param {{put: Placed[], gone: string[], all: boolean}} changes  `all`: nothing else stays.
   */
  async write(kept, { put, gone, all }) {
    const transaction = this.database.transaction(["transcripts", "rows"], "readwrite", {
      durability: "relaxed",
    });
    const rows = transaction.objectStore("rows");
    if (all) rows.delete(rangeOf(kept.id));
    for (const key of gone) rows.delete([kept.id, key]);
    for (const placed of put) rows.put({ transcript: kept.id, ...placed });
    transaction.objectStore("transcripts").put(kept);
    transaction.commit(); // A page that is about to go does not wait.
    await done(transaction);
  }

  /** @param {string} id */
  async remove(id) {
    const transaction = this.database.transaction(["transcripts", "rows"], "readwrite");
    transaction.objectStore("rows").delete(rangeOf(id));
    transaction.objectStore("transcripts").delete(id);
    await done(transaction);
  }

  async removeAll() {
    const transaction = this.database.transaction(["transcripts", "rows"], "readwrite");
    transaction.objectStore("rows").clear();
    transaction.objectStore("transcripts").clear();
    await done(transaction);
  }

  async prune() {
    const surplus = (await this.list()).slice(MOST);
    for (const { id } of surplus) await this.remove(id);
  }
}

/** @param {string} id */
function rangeOf(id) {
  return IDBKeyRange.bound([id], [id, []]);
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function answerOf(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * @param {IDBTransaction} transaction
 * @returns {Promise<void>}
 */
function done(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
    transaction.onerror = () => reject(transaction.error);
  });
}
