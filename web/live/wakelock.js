/** Keeps the screen on while recording: a phone that goes dark stops listening. */

export class WakeLock {
  constructor() {
    /** @type {WakeLockSentinel | null} */
    this.lock = null;
    this.wanted = false;
    /** Whether the browser is being asked: it takes its time, and each answer is a lock. */
    this.asking = false;
    document.addEventListener("visibilitychange", () => this.want(this.wanted));
  }

  /** @param {boolean} wanted */
  async want(wanted) {
    this.wanted = wanted;
    if (this.asking) return;
    const held = this.lock !== null && !this.lock.released;
    if (wanted && !held && document.visibilityState === "visible") {
      this.asking = true;
      // Refused on a low battery, absent in some browsers: captions work without.
      this.lock = (await navigator.wakeLock?.request("screen").catch(() => null)) ?? null;
      this.asking = false;
      if (!this.wanted) await this.want(false);
    } else if (!wanted && held) {
      await this.lock?.release();
    }
  }
}
