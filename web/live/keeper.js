/**
 * Keeps what is on the screen in the archive: a little later, and only what changed.
 *
 * @import { Archive, Kept, Placed } from "./archive.js"
 * @import { Conversation, Row } from "../modules/conversation.js"
 * @import { Speakers } from "../modules/speakers.js"
 *
 * @typedef {object} Sheet  What is to be kept now.
 * @property {number} epoch  Another one is another conversation.
 * @property {Conversation} conversation
 * @property {Speakers} speakers
 * @property {boolean} finished
 */

import { rows, settle } from "../modules/conversation.js";
import { placesIn } from "../modules/restoring.js";

const LATER_MS = 1000;
const BEGINNING = 80;

/** This tab's transcript, which a reload brings back. */
const HERE = "livestt-transcript";

export class Keeper {
  /** @param {Archive} archive */
  constructor(archive) {
    this.archive = archive;
    /** @type {Map<string, string>} Ids of the conversations of this page. */
    this.ids = new Map();
    this.id = "";
    /** @type {Map<string, Row>} What the archive has of the current one. */
    this.kept = new Map();
    this.fresh = true;
    /** @type {Sheet | null} */
    this.next = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    /** @type {(() => void) | null} */
    this.release = null;
    this.writing = Promise.resolve();
  }

  /** The transcript that this tab had before it was loaded again. */
  static get mine() {
    return sessionStorage.getItem(HERE);
  }

  /** @param {Sheet} sheet */
  keep(sheet) {
    if (this.next && !isSame(this.next, sheet)) this.now();
    const ends = sheet.finished && this.next?.finished === false;
    this.next = sheet;
    if (ends) this.now();
    else this.timer ??= setTimeout(() => this.now(), LATER_MS);
  }

  now() {
    clearTimeout(this.timer);
    this.timer = undefined;
    const sheet = this.next;
    this.next = null;
    if (!sheet) return;
    // The line that still grows, too: it is replaced by the closed one.
    const shown = rows(settle(sheet.conversation));
    if (shown.length === 0) return;
    this.turnTo(`${sheet.epoch} ${shown[0].key}`);
    const kept = this.describe(sheet, shown);
    const changes = this.changes(shown);
    // A full disk or a closed database must not stop the captions.
    this.writing = this.writing.then(() => this.archive.write(kept, changes)).catch(() => {});
  }

  /**
   * What is shown next is this transcript of the archive, not another one.
   *
   * @param {string} id
   * @param {{epoch: number, conversation: Conversation}} sheet
   */
  adopt(id, { epoch, conversation }) {
    this.ids.set(`${epoch} ${rows(conversation)[0].key}`, id);
  }

  /** Forget what waits, and what is written next is a new transcript. */
  reset() {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.next = null;
    this.ids.clear();
    this.id = "";
  }

  /**
   * A cleared screen begins another transcript; bringing it back goes on with the one before.
   *
   * @param {string} sheet
   */
  turnTo(sheet) {
    const id = this.ids.get(sheet) ?? newId();
    this.ids.set(sheet, id);
    if (id === this.id) return;
    this.id = id;
    this.kept = new Map();
    this.fresh = true;
    sessionStorage.setItem(HERE, id);
    this.release?.();
    navigator.locks?.request(lockName(id), () => {
      return new Promise((resolve) => {
        this.release = () => resolve(null);
      });
    });
  }

  /**
   * @param {Sheet} sheet
   * @param {Row[]} shown
   * @returns {Kept}
   */
  describe({ conversation, speakers, finished }, shown) {
    const beginning = shown.find(({ kind }) => kind === "line")?.text.slice(0, BEGINNING) ?? "";
    const places = placesIn(conversation);
    return { id: this.id, updated: Date.now(), finished, beginning, speakers, places };
  }

  /** @param {Row[]} shown */
  changes(shown) {
    const before = this.kept;
    this.kept = new Map(shown.map((row) => [row.key, row]));
    const gone = [...before.keys()].filter((key) => !this.kept.has(key));
    /** @type {Placed[]} */
    const put = shown
      .map((row, order) => ({ key: row.key, order, row }))
      .filter(({ key, row }) => before.get(key) !== row);
    const all = this.fresh;
    this.fresh = false;
    return { put, gone, all };
  }
}

/**
 * Whether nothing was cleared away between the two, or had back.
 *
 * @param {Sheet} before
 * @param {Sheet} now
 */
function isSame(before, now) {
  const [old, first] = [before, now].map(({ conversation }) => conversation.parts[0]);
  return (
    before.epoch === now.epoch && old?.number === first?.number && old?.hidden === first?.hidden
  );
}

/**
 * Whether some tab has this transcript on its screen.
 *
 * @param {string} id
 */
export async function isOpenElsewhere(id) {
  const { held = [] } = (await navigator.locks?.query()) ?? {};
  return held.some(({ name }) => name === lockName(id));
}

/** @param {string} id */
function lockName(id) {
  return `livestt ${id}`;
}

/** Also on pages that are not secure, where crypto.randomUUID is missing. */
function newId() {
  const [a, b] = crypto.getRandomValues(new Uint32Array(2));
  return `${Date.now()}-${a.toString(36)}${b.toString(36)}`;
}
