/**
 * The voices that the server knows by name.
 *
 * @import { Server } from "./server.js"
 *
 * @typedef {object} Voice
 * @property {string} id
 * @property {string} name
 * @property {string} created
 * @property {number} seconds  Of speech it was learned from.
 * @property {boolean} usable  False if another model made it: it is compared with nobody.
 */

export class Voices {
  /** @param {() => Server} server  The one that is spoken to now. */
  constructor(server) {
    this.server = server;
  }

  /** @returns {Promise<Voice[]>} */
  async list() {
    return (await (await this.server().ask("voices")).json()).voices;
  }

  /**
   * @param {string} name
   * @param {Blob} sample  Two to ten seconds of one person.
   * @param {string} fileName
   */
  async add(name, sample, fileName) {
    const body = new FormData();
    body.set("name", name);
    body.set("file", sample, fileName);
    await this.server().ask("voices", { method: "POST", body });
  }

  /**
   * @param {string} id
   * @param {string} name
   */
  async rename(id, name) {
    await this.server().ask(pathOf(id), { method: "PATCH", json: { name } });
  }

  /** @param {string} id */
  async remove(id) {
    await this.server().ask(pathOf(id), { method: "DELETE" });
  }
}

/** @param {string} id */
function pathOf(id) {
  return `voices/${encodeURIComponent(id)}`;
}
