/**
 * The panel's line to the offscreen document, if there is one.
 *
 * @import { FromPanel, ToPanel } from "../messages.js"
 */

export class Line {
  /**
   * @param {object} listener
   * @param {() => void} listener.began
   * @param {(message: ToPanel) => void} listener.received
   * @param {() => void} listener.ended
   */
  constructor(listener) {
    this.listener = listener;
    /** @type {chrome.runtime.Port | null} */
    this.port = null;
  }

  connect() {
    if (this.port) return;
    const port = chrome.runtime.connect({ name: "panel" });
    this.port = port;
    this.listener.began();
    port.onMessage.addListener((message) => this.listener.received(message));
    port.onDisconnect.addListener(() => {
      void chrome.runtime.lastError; // Nobody there is no error: nothing is being captioned.
      this.port = null;
      this.listener.ended();
    });
  }

  /** @param {FromPanel["type"]} type */
  send(type) {
    this.port?.postMessage({ type });
  }
}
