/**
 * What to do when things went wrong between the page and the server; decisions only.
 *
 * @import { Resume } from "./wire.js"
 */

/** Remembers a lost session until another one has taken its place. */
export class Loss {
  constructor() {
    /** Whether the session that ran was lost and nothing has taken its place yet. */
    this.lost = false;
    /** @type {Resume | null} */
    this.wanted = null;
    /** @type {Resume | null} */
    this.asked = null;
  }

  /** @param {Resume | null} session */
  happened(session) {
    this.lost = true;
    this.wanted = session;
  }

  /** The session to ask for, as often as it takes; a server that has lost it gives a new one. */
  ask() {
    this.asked = this.wanted;
    return this.asked;
  }

  /** @param {string} session  The one that was opened. */
  isResumedBy(session) {
    return this.lost && this.asked?.session === session;
  }

  over() {
    this.lost = false;
    this.wanted = null;
  }
}

/** A server that cannot repair a transcript in this time is left for a new connection. */
const RESYNC_MS = 5000;

/** After a diff that did not fit: ask for the whole once, and leave a server that does not answer. */
export class SyncGuard {
  constructor() {
    this.since = 0;
  }

  /**
   * @param {boolean} inSync
   * @param {number} now  Milliseconds, never 0.
   * @returns {"wait" | "ask" | "leave"}
   */
  check(inSync, now) {
    if (inSync) {
      this.since = 0;
      return "wait";
    }
    if (this.since === 0) {
      this.since = now;
      return "ask";
    }
    return now - this.since > RESYNC_MS ? "leave" : "wait";
  }
}

/**
 * A server refuses a session in a language it does not know, and a page is not told why it was
 * refused. So where that could be the reason, ask for "auto", and see.
 *
 * @param {string} choice  "" leaves it to the server.
 * @param {string[] | undefined} known  The server's languages, if it told them.
 * @param {boolean} failed  Whether asking for the choice has just failed.
 */
export function languageToAsk(choice, known, failed) {
  if (choice === "") return choice;
  const hopeful = known ? known.includes(choice) : !failed;
  return hopeful ? choice : "auto";
}
