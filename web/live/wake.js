/**
 * Whoever waits for the server tries at once when the network comes back, or the reader does:
 * browsers slow the timers of pages that nobody looks at.
 *
 * @param {{wake: () => void}} dialogue
 */
export function wakeOnReturn(dialogue) {
  window.addEventListener("online", () => dialogue.wake());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") dialogue.wake();
  });
}
