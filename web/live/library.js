/**
 * Earlier transcripts on the server: list, search, read, name, save, delete.
 *
 * @import { Found, Stored, StoredTranscript } from "../modules/stored.js"
 * @import { Server } from "./server.js"
 *
 * @typedef {{title?: string, speakers?: Record<string, string>, merged?: Record<string, number | null>}} Change
 *   An empty name takes one away, and null takes merged voices apart.
 */

export class Library {
  /** @param {() => Server} server  The one that is spoken to now. */
  constructor(server) {
    this.server = server;
  }

  /**
   * @param {string} [before]  What the list before ended with.
   * @returns {Promise<{transcripts: Stored[], before?: string}>} The newest first.
   */
  async list(before = "") {
    return (await this.server().ask("transcripts", { query: before ? { before } : {} })).json();
  }

  /**
   * @param {string} words
   * @returns {Promise<Found[]>}
   */
  async find(words) {
    const answer = await this.server().ask("transcripts", { query: { q: words, limit: "100" } });
    return (await answer.json()).lines;
  }

  /**
   * @param {string} id
   * @returns {Promise<StoredTranscript>}
   */
  read(id) {
    return this.server().transcript(id);
  }

  /**
   * @param {string} id
   * @param {Change} change
   * @returns {Promise<Stored>}
   */
  async edit(id, change) {
    return (await this.server().ask(pathOf(id), { method: "PATCH", json: change })).json();
  }

  /** @param {string} id */
  async remove(id) {
    await this.server().ask(pathOf(id), { method: "DELETE" });
  }

  /**
   * @param {string} id
   * @param {string} format
   * @param {boolean} [translated]  With the translation in place of each line that has one.
   * @returns {Promise<Blob>}
   */
  async file(id, format, translated = false) {
    const query = { format, ...(translated && { translated: "true" }) };
    return (await this.server().ask(pathOf(id), { query })).blob();
  }

  /**
   * The recorded sound, where the server keeps it.
   *
   * @param {string} id
   * @returns {Promise<string>} An address for a player; a blob's where a key is wanted, which a
   *   player cannot show.
   */
  async sound(id) {
    const path = `${pathOf(id)}/audio`;
    const server = this.server();
    if (!server.key) return new URL(path, server.base).href;
    return URL.createObjectURL(await (await server.ask(path)).blob());
  }
}

/** @param {string} id */
function pathOf(id) {
  return `transcripts/${encodeURIComponent(id)}`;
}
