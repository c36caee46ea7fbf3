/**
 * What the reader says of sessions that have ended, for the server's store: one after the other.
 *
 * @import { Change, Library } from "./library.js"
 */

import { Refusal } from "./server.js";

/** Answers that another attempt may change. */
const PASSING = new Set(["away", "server_restart", "store_unavailable"]);

const AGAIN_MS = 5000;

export class Notes {
  /**
   * @param {Pick<Library, "edit">} library
   * @param {() => Promise<void>} [pause]  Before another attempt.
   */
  constructor(library, pause = () => new Promise((resolve) => setTimeout(resolve, AGAIN_MS))) {
    this.library = library;
    this.pause = pause;
    this.written = Promise.resolve();
  }

  /**
   * @param {string} session
   * @param {Change} change  What is refused stays in the page, which never said it was elsewhere.
   */
  add(session, change) {
    this.written = this.written.then(() => this.write(session, change));
    return this.written;
  }

  /**
   * @param {string} session
   * @param {Change} change
   */
  async write(session, change) {
    while (await this.mustWait(session, change)) await this.pause();
  }

  /**
   * @param {string} session
   * @param {Change} change
   * @returns {Promise<boolean>} Whether it should be tried again.
   */
  async mustWait(session, change) {
    try {
      await this.library.edit(session, change);
      return false;
    } catch (error) {
      if (error instanceof Refusal) return PASSING.has(error.obstacle.code);
      console.error(error);
      return false;
    }
  }
}
