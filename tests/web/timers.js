/** Timers that run when a test says so. */
export class FakeTimers {
  constructor() {
    this.now = 0;
    /** @type {{at: number, run: () => void}[]} */
    this.waiting = [];
  }

  /**
   * @param {() => void} run
   * @param {number} ms
   */
  set(run, ms) {
    const timer = { at: this.now + ms, run };
    this.waiting.push(timer);
    return timer;
  }

  /** @param {unknown} timer */
  clear(timer) {
    this.waiting = this.waiting.filter((other) => other !== timer);
  }

  /** @param {number} ms */
  pass(ms) {
    this.now += ms;
    const due = this.waiting.filter(({ at }) => at <= this.now);
    this.waiting = this.waiting.filter(({ at }) => at > this.now);
    for (const { run } of due) run();
  }
}
