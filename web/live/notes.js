/**
 * What the reader says of sessions that have ended, for the server's store: one after the other.
 *
 * @import { Change, Library } from "./library.js"
 */

import { Refusal } from "./server.js";

export class Notes {
  /** @param {Pick<Library, "edit">} library */
  constructor(library) {
    this.library = library;
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
    try {
      await this.library.edit(session, change);
    } catch (error) {
      if (!(error instanceof Refusal)) console.error(error);
    }
  }
}
