/**
 * The server: where it is, with which key it is asked, and what it answers.
 *
 * A key travels in headers and in a socket's subprotocols, never in an address: addresses end up in
 * logs and histories.
 *
 * @import { StoredTranscript } from "../modules/stored.js"
 *
 * @typedef {object} About
 * @property {string | null} [notice]
 * @property {string[]} [languages]
 * @property {string[]} [target_languages]
 * @property {string} [target_language]  What lines are translated into; empty if they are not.
 * @property {string} [model]
 * @property {boolean} [detects_language]
 * @property {boolean} [diarization]
 * @property {boolean} [voices]  Whether it keeps voices, to know them again.
 * @property {boolean} [recording]  Whether it keeps the sound.
 * @property {{status: string}} [store]  How the transcript store is; "off" if there is none.
 *
 * @typedef {object} Access  What the key, or having none, allows.
 * @property {string} name  Of the key; empty without one.
 * @property {string[]} scopes
 * @property {string} session  The only one that it shows; empty for all that the scopes allow.
 * @property {Date | null} until  When it is over, if it is ever.
 *
 * @typedef {object} Obstacle  Why the server does not do what it was asked.
 * @property {string} code  As the protocol has it; "away" if nothing answers, "foreign" if a page
 *   may not ask, "" if the answer does not say.
 * @property {string} message  In the server's own words.
 * @property {number} retryAfter  Seconds; 0 if it names none.
 */

/** Long enough to open a socket with it, too short to be worth stealing. */
const TOKEN_SECONDS = 60;

/** What temporary tokens begin with; they cannot beget others. */
const TEMPORARY = "ek_";

/** What may be offered as a subprotocol. */
const FIT = /^[\w!#$%&'*+.^`|~-]+$/;

/** A page may not ask other servers than its own. */
const FOREIGN = "foreign";

export class Refusal extends Error {
  /** @param {Obstacle} obstacle */
  constructor(obstacle) {
    super(obstacle.message);
    this.obstacle = obstacle;
  }
}

export class Server {
  /**
   * @param {string} base  The address of its page.
   * @param {string} [key]
   * @param {boolean} [lent]  Whether the key came with a link to one session.
   */
  constructor(base, key = "", lent = false) {
    this.base = base;
    this.key = key;
    this.lent = lent;
  }

  /** Web pages may open sockets to other servers, but not ask them anything else. */
  get isForeign() {
    return location.protocol.startsWith("http") && new URL(this.base).origin !== location.origin;
  }

  /**
   * @param {string} path  Relative to the base.
   * @param {{method?: string, query?: Record<string, string>, json?: unknown, body?: BodyInit}} [options]
   * @returns {Promise<Response>}
   * @throws {Refusal}
   */
  async ask(path, { method = "GET", query = {}, json, body } = {}) {
    if (this.isForeign) throw new Refusal(obstacle(FOREIGN));
    const url = new URL(path, this.base);
    url.search = new URLSearchParams(query).toString();
    const headers = new Headers(this.key ? { Authorization: `Bearer ${this.key}` } : {});
    if (json !== undefined) headers.set("Content-Type", "application/json");
    const content = json === undefined ? body : JSON.stringify(json);
    let response;
    try {
      response = await fetch(url, { method, headers, body: content, cache: "no-store" });
    } catch {
      throw new Refusal(obstacle("away"));
    }
    if (!response.ok) throw new Refusal(await obstacleOf(response));
    return response;
  }

  /** @returns {Promise<About | null>} What it says of itself; null if nothing answers. */
  async about() {
    try {
      return await (await this.ask("health")).json();
    } catch {
      return null;
    }
  }

  /** @returns {Promise<{access: Access | null, obstacle: Obstacle | null}>} Both null if it cannot be asked. */
  async access() {
    try {
      const { name, scopes, session, expires_at } = await (await this.ask("access")).json();
      const until = typeof expires_at === "number" ? new Date(1000 * expires_at) : null;
      const access = { name: name ?? "", scopes: scopes ?? [], session: session ?? "", until };
      return { access, obstacle: null };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { obstacle } = error;
      return { access: null, obstacle: obstacle.code === FOREIGN ? null : obstacle };
    }
  }

  /** @returns {Promise<import("../modules/viewing.js").Running[]>} Empty if nothing answers. */
  async sessions() {
    try {
      const { sessions } = await (await this.ask("sessions")).json();
      return Array.isArray(sessions) ? sessions : [];
    } catch {
      return [];
    }
  }

  /**
   * @param {string} id
   * @returns {Promise<StoredTranscript>}
   * @throws {Refusal}
   */
  async transcript(id) {
    return (await this.ask(`transcripts/${encodeURIComponent(id)}`)).json();
  }

  /**
   * Why a socket does not open: browsers do not tell, so the same address is asked without one.
   *
   * @param {string} address  The socket's.
   * @returns {Promise<Obstacle | null>} Null if it should.
   */
  async obstacleTo(address) {
    const { searchParams } = new URL(address);
    try {
      await this.ask("asr", { query: Object.fromEntries(searchParams) });
      return null;
    } catch (error) {
      if (error instanceof Refusal) return error.obstacle;
      throw error;
    }
  }

  /**
   * @param {boolean} [itself]  The key, rather than a token made with it: no token may have voices
   *   remembered.
   * @returns {Promise<string[]>} What a socket offers, so that the server lets it in.
   */
  async protocols(itself = false) {
    if (this.key === "") return [];
    return ["token", itself && FIT.test(this.key) ? this.key : await this.token()];
  }

  /**
   * Have a token made with which others can read one session.
   *
   * @param {string} session
   * @returns {Promise<{token: string, until: Date}>}
   * @throws {Refusal}
   */
  async share(session) {
    const answer = await this.ask("tokens", { method: "POST", json: { session } });
    const { token, expires_at } = await answer.json();
    return { token, until: new Date(1000 * expires_at) };
  }

  async token() {
    if (this.isForeign || this.key.startsWith(TEMPORARY)) return this.key;
    try {
      const json = { seconds: TOKEN_SECONDS };
      return (await (await this.ask("tokens", { method: "POST", json })).json()).token;
    } catch {
      return this.key; // Whatever is wrong, the socket will meet it too.
    }
  }
}

/**
 * @param {string} code
 * @returns {Obstacle}
 */
function obstacle(code, message = "", retryAfter = 0) {
  return { code, message, retryAfter };
}

/**
 * @param {Response} response
 * @returns {Promise<Obstacle>}
 */
async function obstacleOf(response) {
  /** @type {any} */
  const told = await response.json().catch(() => null);
  const wait = Number(response.headers.get("Retry-After") ?? told?.retry_after ?? 0);
  return obstacle(String(told?.code ?? ""), String(told?.message ?? ""), wait > 0 ? wait : 0);
}
