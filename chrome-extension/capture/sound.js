/** One stream of sound as 16 kHz frames, timed by a clock that all streams share. */

import { SAMPLE_RATE } from "../../web/modules/wire.js";

const WORKLET = new URL("../../web/worklets/capture.js", import.meta.url);
const FLUSH_MS = 250;

/** Counts the seconds of recording; what is not recorded does not count. */
export class Clock {
  constructor() {
    this.before = 0;
    /** @type {AudioContext | null} */
    this.context = null;
  }

  get seconds() {
    return this.before + (this.context?.currentTime ?? 0);
  }

  /** @returns {Promise<AudioContext>} */
  async start() {
    if (this.context) return this.context;
    const context = new AudioContext({ sampleRate: SAMPLE_RATE });
    this.context = context;
    await context.audioWorklet.addModule(WORKLET.href);
    await context.resume();
    return context;
  }

  async stop() {
    const { context } = this;
    this.before = this.seconds;
    this.context = null;
    await context?.close();
  }
}

/** @typedef {{frame: (bytes: ArrayBuffer) => void, ended: () => void}} Listener */

export class Sound {
  /**
   * @param {{stream: MediaStream, context: AudioContext, listener: Listener}} options
   */
  constructor({ stream, context, listener }) {
    this.stream = stream;
    this.context = context;
    /** @type {() => void} */
    this.flushed = () => {};
    /** @type {Promise<void> | null} */
    this.closed = null;
    this.source = context.createMediaStreamSource(stream);
    this.node = new AudioWorkletNode(context, "capture");
    this.node.port.onmessage = ({ data }) => {
      if (data === "flushed") this.flushed();
      else listener.frame(data);
    };
    for (const track of stream.getTracks()) track.onended = () => listener.ended();
    // Browsers run a node only if it leads somewhere. This one's output is silent.
    this.source.connect(this.node).connect(context.destination);
  }

  close() {
    this.closed ??= this.end();
    return this.closed;
  }

  /** Not before the audio thread's last samples are here. */
  async end() {
    if (this.context.state === "running") {
      await new Promise((resolve) => {
        this.flushed = () => resolve(null);
        this.node.port.postMessage("flush");
        setTimeout(this.flushed, FLUSH_MS);
      });
    }
    this.node.port.onmessage = null;
    this.source.disconnect();
    this.node.disconnect();
    for (const track of this.stream.getTracks()) {
      track.onended = null;
      track.stop();
    }
  }
}
