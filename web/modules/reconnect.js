/**
 * When to connect, wait and give up, as a state machine with injected timers.
 *
 *   idle --start--> connecting --opened--> open --lost--> waiting --timer--> connecting ...
 *   any --stop--> idle
 *
 * @typedef {"idle" | "connecting" | "open" | "waiting"} LinkState
 *
 * @typedef {object} Timers
 * @property {(run: () => void, ms: number) => unknown} set
 * @property {(timer: any) => void} clear
 *
 * @typedef {object} ReconnectOptions
 * @property {() => void} connect  Open a new connection now.
 * @property {(state: LinkState, retryMs: number) => void} [changed]
 * @property {() => boolean} [pressing]  Whether there is sound that only waits for the server.
 * @property {Timers} [timers]
 * @property {() => number} [random]  From 0 to 1.
 */

export const FIRST_DELAY_MS = 500;
export const LONGEST_DELAY_MS = 15000;

/** Sound is kept for a minute only, and its reader watches: a server that is back is soon found. */
export const LONGEST_PRESSING_MS = 3000;

/** A connection that lived this long has proved itself: the next loss starts at the short delay. */
export const STABLE_MS = 10000;

/** @type {Timers} */
const browserTimers = {
  set: (run, ms) => setTimeout(run, ms),
  clear: (timer) => clearTimeout(timer),
};

export class Reconnect {
  /** @param {ReconnectOptions} options */
  constructor({
    connect,
    changed = () => {},
    pressing = () => false,
    timers = browserTimers,
    random = Math.random,
  }) {
    this.connect = connect;
    this.changed = changed;
    this.pressing = pressing;
    this.timers = timers;
    this.random = random;
    /** @type {LinkState} */
    this.state = "idle";
    this.failures = 0;
    /** Whether it waits because the server told it to. */
    this.told = false;
    /** @type {unknown} */
    this.timer = null;
  }

  start() {
    if (this.state !== "idle") return;
    this.failures = 0;
    this.attempt();
  }

  stop() {
    this.clearTimer();
    this.enter("idle");
  }

  opened() {
    if (this.state !== "connecting") return;
    this.clearTimer();
    this.timer = this.timers.set(() => {
      this.failures = 0;
    }, STABLE_MS);
    this.enter("open");
  }

  /** @param {number} [atLeastMs]  The server's own wish, if it told one. */
  lost(atLeastMs = 0) {
    if (this.state !== "connecting" && this.state !== "open") return;
    this.clearTimer();
    const delay = Math.max(atLeastMs, this.delay());
    this.failures += 1;
    this.told = atLeastMs > 0;
    this.timer = this.timers.set(() => this.attempt(), delay);
    this.enter("waiting", delay);
  }

  /** The network or the reader came back: try at once, unless the server named a time. */
  wake() {
    if (!this.told) this.hurry();
  }

  /** The reader asked: do not wait any longer. */
  hurry() {
    if (this.state !== "waiting") return;
    this.clearTimer();
    this.attempt();
  }

  /** @param {number} ms  The server told how long it wants to be left alone. */
  postpone(ms) {
    if (this.state !== "waiting") return;
    this.clearTimer();
    this.told = true;
    this.timer = this.timers.set(() => this.attempt(), ms);
    this.enter("waiting", ms);
  }

  attempt() {
    this.enter("connecting");
    this.connect();
  }

  /** Doubles up to the longest, less up to a half so that many pages do not return at once. */
  delay() {
    const longest = this.pressing() ? LONGEST_PRESSING_MS : LONGEST_DELAY_MS;
    const full = Math.min(longest, FIRST_DELAY_MS * 2 ** this.failures);
    return Math.round(full * (1 - 0.5 * this.random()));
  }

  clearTimer() {
    this.timers.clear(this.timer);
    this.timer = null;
  }

  /**
   * @param {LinkState} state
   * @param {number} [retryMs]
   */
  enter(state, retryMs = 0) {
    this.state = state;
    this.changed(state, retryMs);
  }
}

/** Calls `silent` when `feed` was not called for too long: browsers do not show pings to a page. */
export class Watchdog {
  /**
   * @param {{ms: number, silent: () => void, timers?: Timers}} options
   */
  constructor({ ms, silent, timers = browserTimers }) {
    this.ms = ms;
    this.silent = silent;
    this.timers = timers;
    /** @type {unknown} */
    this.timer = null;
  }

  feed() {
    this.stop();
    this.timer = this.timers.set(this.silent, this.ms);
  }

  stop() {
    this.timers.clear(this.timer);
    this.timer = null;
  }
}
