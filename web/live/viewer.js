/**
 * Follows somebody else's live session and says nothing itself. Emits "change" like every dialogue.
 *
 * @import { Config } from "../modules/wire.js"
 * @import { Obstacle, Server } from "./server.js"
 */

import { beginPart, emptyConversation } from "../modules/conversation.js";
import { LATEST } from "../modules/overlay-options.js";
import { restored } from "../modules/restoring.js";
import { noSpeakers } from "../modules/speakers.js";
import { storedRows, storedSpeakers } from "../modules/stored.js";
import { newestSession, viewerUrl } from "../modules/viewing.js";
import { Dialogue } from "./dialogue.js";
import { Refusal } from "./server.js";
import { refusalProblem } from "./state.js";

const LOOK_MS = 2000;

export class Viewer extends Dialogue {
  /** @param {{server: Server, session: string}} options */
  constructor({ server, session }) {
    super({ server, language: "auto" });
    this.wanted = session;
    this.session = session === LATEST ? "" : session;
  }

  /** Follow, and where the newest session is wanted, look out for the next one. */
  start() {
    if (this.session) this.follow(this.session);
    if (this.wanted === LATEST) this.look();
  }

  async look() {
    const newest = newestSession(await this.server.sessions());
    if (newest && newest !== this.session) this.follow(newest);
    setTimeout(() => this.look(), LOOK_MS);
  }

  /** @param {string} session */
  follow(session) {
    this.session = session;
    this.connection.stop();
    const nothing = { conversation: emptyConversation(), speakers: noSpeakers() };
    this.change({ phase: "live", obstacle: null, ...nothing });
    this.connection.start();
  }

  get shareable() {
    if (this.state.problem) return "";
    return super.shareable || (this.state.over ? this.session : "");
  }

  address() {
    return viewerUrl(this.server.base, this.session);
  }

  /**
   * The snapshot to come tells everything.
   *
   * @param {Config} config
   */
  opened(config) {
    const conversation = beginPart(emptyConversation(), {
      session: config.session,
      offset: 0,
      diarized: config.diarization === true,
    });
    this.change({ about: config, wasOpen: true, obstacle: null, conversation });
    return false;
  }

  /** Try at once: another key, or another server. */
  again() {
    this.connection.stop();
    if (!this.session) return;
    this.change({ phase: "live" });
    this.connection.start();
  }

  /** @param {Obstacle | null} obstacle */
  obstructed(obstacle) {
    if (obstacle?.code === "unknown_session") this.askStored();
    super.obstructed(obstacle);
  }

  /** The session does not run any more; the server may have kept what was said in it. */
  async askStored() {
    try {
      const stored = await this.server.transcript(this.session);
      if (this.state.link === "open" || stored.lines.length === 0) return;
      const { parts, ...rest } = restored(storedRows(stored.lines));
      const { session } = this;
      // A name that is given now belongs there, too.
      const conversation = { ...rest, parts: parts.map((part) => ({ ...part, session })) };
      this.change({ conversation, speakers: storedSpeakers(stored), over: stored.ended !== null });
      // One that has not ended may go on: its speaker was only lost.
      if (stored.ended !== null) this.finish();
    } catch (error) {
      if (error instanceof Refusal) return;
      this.finish();
      this.change({ problem: "unreadable" });
      console.error(error);
    }
  }

  /** @param {Obstacle | null} obstacle */
  refused(obstacle) {
    super.refused(obstacle);
    this.change({ problem: refusalProblem(obstacle, this.server) });
  }
}
