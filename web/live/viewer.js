/**
 * Follows somebody else's live session and says nothing itself. Emits "change" like every dialogue.
 *
 * @import { Config } from "../modules/wire.js"
 */

import { beginPart, emptyConversation } from "../modules/conversation.js";
import { LATEST } from "../modules/overlay-options.js";
import { newestSession, viewerUrl } from "../modules/viewing.js";
import { Dialogue } from "./dialogue.js";
import { askSessions } from "./server.js";

const LOOK_MS = 2000;

export class Viewer extends Dialogue {
  /** @param {{base: string, session: string}} options */
  constructor({ base, session }) {
    super({ base, language: "auto" });
    this.wanted = session;
    this.session = session === LATEST ? "" : session;
  }

  /** Follow, and where the newest session is wanted, look out for the next one. */
  start() {
    if (this.session) this.follow(this.session);
    if (this.wanted === LATEST) this.look();
  }

  async look() {
    const newest = newestSession(await askSessions(this.base));
    if (newest && newest !== this.session) this.follow(newest);
    setTimeout(() => this.look(), LOOK_MS);
  }

  /** @param {string} session */
  follow(session) {
    this.session = session;
    this.connection.stop();
    this.change({ phase: "live", conversation: emptyConversation() });
    this.connection.start();
  }

  address() {
    return viewerUrl(this.base, this.session);
  }

  /**
   * The snapshot to come tells everything.
   *
   * @param {Config} config
   */
  opened(config) {
    const conversation = beginPart(emptyConversation(), { session: config.session, offset: 0 });
    this.change({ about: config, wasOpen: true, conversation });
    return false;
  }

  /** @param {import("../modules/reconnect.js").LinkState} link */
  linkChanged(link) {
    this.change({ link });
    if (link === "waiting") this.meetServer();
  }
}
