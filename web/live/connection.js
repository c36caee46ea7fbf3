/**
 * The socket to the server, kept alive: sends what the outbox holds, no faster than the network
 * takes it, and comes back by itself when it is lost.
 *
 * It is told what is wanted (`paused`, `ended`) and brings the server there, whatever happened to
 * the connection in between. It knows nothing of the page.
 *
 * @import { Config, Message } from "../modules/wire.js"
 * @import { LinkState } from "../modules/reconnect.js"
 *
 * @typedef {object} Sendable  What there is to send; `take` may need to be asked again.
 * @property {number} waiting
 * @property {() => ArrayBuffer | null} take
 * @property {number} [highWater]
 *
 * @typedef {object} ConnectionOptions
 * @property {Sendable} outbox
 * @property {() => string} url
 * @property {() => Promise<string[]>} protocols  What the socket offers, to be let in.
 * @property {(config: Config) => boolean} opened  A session began; true if audio may flow now.
 * @property {(message: Message) => void} received
 * @property {(state: LinkState, retryMs: number) => void} changed
 * @property {() => boolean} [pressing]  Whether there is sound that only waits for the server.
 * @property {(code: number) => void} refused  The server will not have us: no use trying again.
 */

import { Reconnect, Watchdog } from "../modules/reconnect.js";

/** The server says something at least every 5 s. */
const SILENCE_MS = 12000;

/** One second of audio: more in the socket's buffer only hides that the network is slow. */
const HIGH_WATER_BYTES = 32000;

const RETRY_PUMP_MS = 50;
const KEEPALIVE_MS = 5000;
const ACK_MS = 1000;

/** Close codes that say "not you": no key, wrong origin, bad parameters. */
const REFUSALS = new Set([1008, 4400, 4401, 4403]);

export class Connection {
  /** @param {ConnectionOptions} options */
  constructor(options) {
    this.options = options;
    const { changed, pressing } = options;
    this.reconnect = new Reconnect({ connect: () => this.connect(), changed, pressing });
    this.watchdog = new Watchdog({ ms: SILENCE_MS, silent: () => this.restart() });
    /** @type {WebSocket | null} */
    this.socket = null;
    this.flowing = false;
    this.paused = false;
    this.ended = false;
    this.told = { paused: false, ended: false };
    this.retryAfterMs = 0;
    /** The newest message not acknowledged yet; 0 is none. */
    this.seen = 0;
    /** Counts them, so that one that was given up while it was prepared is not made. */
    this.attempts = 0;
    this.ackedAt = Number.NEGATIVE_INFINITY;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.pumpTimer = undefined;
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.keepalive = undefined;
  }

  start() {
    this.paused = false;
    this.ended = false;
    this.reconnect.start();
  }

  stop() {
    this.attempts += 1;
    this.reconnect.stop();
    this.forget(1000);
  }

  hurry() {
    this.reconnect.hurry();
  }

  wake() {
    this.reconnect.wake();
  }

  /** @param {number} ms  While waiting: the server wants us no sooner. */
  postpone(ms) {
    this.reconnect.postpone(ms);
  }

  /** Give this connection up and take a new one. */
  restart() {
    this.forget(4000);
    this.reconnect.lost(this.retryAfterMs);
  }

  /** @param {{paused?: boolean, ended?: boolean}} wanted */
  want({ paused = this.paused, ended = this.ended }) {
    this.paused = paused;
    this.ended = ended;
    this.pump();
  }

  /** Audio may flow to the session that was opened. */
  flow() {
    this.flowing = true;
    this.pump();
  }

  /** @param {{type: string, [field: string]: unknown}} control */
  send(control) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(control));
  }

  /** Bring the server up to date: audio first, then what was wanted after it. */
  pump() {
    clearTimeout(this.pumpTimer);
    const { socket, told } = this;
    if (!this.flowing || socket?.readyState !== WebSocket.OPEN || told.ended) return;
    if (told.paused && !this.paused) this.tellPaused(false);
    if (!this.sendAudio(socket)) {
      this.pumpTimer = setTimeout(() => this.pump(), RETRY_PUMP_MS);
      return;
    }
    if (this.ended) {
      socket.send(new ArrayBuffer(0));
      told.ended = true;
    } else if (this.paused && !told.paused) {
      this.tellPaused(true);
    }
  }

  /**
   * @param {WebSocket} socket
   * @returns {boolean} Whether all is on its way.
   */
  sendAudio(socket) {
    const { outbox } = this.options;
    while (outbox.waiting > 0) {
      if (socket.bufferedAmount >= (outbox.highWater ?? HIGH_WATER_BYTES)) return false;
      const bytes = outbox.take();
      if (!bytes) return false;
      socket.send(bytes);
    }
    return true;
  }

  /** @param {boolean} paused */
  tellPaused(paused) {
    this.told.paused = paused;
    this.send({ type: paused ? "pause" : "unpause" });
    clearInterval(this.keepalive);
    if (paused) this.keepalive = setInterval(() => this.send({ type: "keepalive" }), KEEPALIVE_MS);
  }

  async connect() {
    this.attempts += 1;
    const attempt = this.attempts;
    this.watchdog.feed();
    const protocols = await this.options.protocols();
    if (attempt === this.attempts && this.reconnect.state === "connecting") this.open(protocols);
  }

  /** @param {string[]} protocols */
  open(protocols) {
    let socket;
    try {
      socket = new WebSocket(this.options.url(), protocols);
    } catch {
      this.reconnect.stop(); // A key with characters that no subprotocol may have.
      this.options.refused(1008);
      return;
    }
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => this.receive(JSON.parse(data));
    socket.onclose = ({ code }) => this.closed(code);
    this.socket = socket;
    this.told = { paused: false, ended: false };
    this.retryAfterMs = 0;
    this.seen = 0;
    this.watchdog.feed();
  }

  /** @param {Message} message */
  receive(message) {
    this.watchdog.feed();
    if (message.type === "config") {
      this.reconnect.opened();
      if (this.options.opened(message)) this.flow();
      return;
    }
    if (this.reconnect.state !== "open" && message.type !== "error") return;
    if (message.type === "error") this.retryAfterMs = 1000 * (message.retry_after ?? 0);
    this.options.received(message);
    if ("seq" in message) this.seen = message.seq;
    this.acknowledge();
  }

  /** Now and then; the heartbeats see to it that the last message of a burst is not forgotten. */
  acknowledge() {
    const now = performance.now();
    if (this.seen === 0 || now - this.ackedAt < ACK_MS) return;
    this.ackedAt = now;
    this.send({ type: "ack", seq: this.seen });
    this.seen = 0;
  }

  /** @param {number} code */
  closed(code) {
    this.forget(1000);
    if (REFUSALS.has(code)) {
      this.reconnect.stop();
      this.options.refused(code);
    } else {
      this.reconnect.lost(this.retryAfterMs);
    }
  }

  /**
   * Let go of the socket at once: a dead one can take minutes to say that it is closed.
   *
   * @param {number} code
   */
  forget(code) {
    this.watchdog.stop();
    clearTimeout(this.pumpTimer);
    clearInterval(this.keepalive);
    this.flowing = false;
    if (!this.socket) return;
    this.socket.onmessage = null;
    this.socket.onclose = null;
    this.socket.close(code);
    this.socket = null;
  }
}
