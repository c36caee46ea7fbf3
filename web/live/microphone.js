/**
 * The microphone, or a tab's sound, as a stream of 16 kHz frames. Asks for permission only when
 * opened.
 *
 * @import { Choice } from "./streams.js"
 *
 * @typedef {import("./streams.js").CaptureProblem} CaptureProblem
 * @typedef {{frame: (bytes: ArrayBuffer) => void, ended: () => void}} Listener
 * @typedef {{stream: MediaStream, context: AudioContext, node: AudioWorkletNode}} Capture
 */

import { SAMPLE_RATE } from "../modules/wire.js";
import { CaptureError, captureObstacle, openStream } from "./streams.js";

export { CaptureError, captureObstacle };

const WORKLET = new URL("../worklets/capture.js", import.meta.url);
const FLUSH_MS = 250;
/** Whether the browser has what captures, compiled: to fetch it first would cost the first word. */
let warm = false;

/** @returns {Promise<{id: string, label: string}[]>} Empty labels until permission was given. */
export async function listMicrophones() {
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  return devices
    .filter(({ kind, deviceId }) => kind === "audioinput" && deviceId !== "")
    .map(({ deviceId, label }) => ({ id: deviceId, label }));
}

export class Microphone {
  /** @param {Listener} listener */
  constructor(listener) {
    this.listener = listener;
    /** @type {Capture | null} */
    this.capture = null;
    warmUp();
  }

  /** The device in use, as the browser names it. */
  get device() {
    return this.capture?.stream.getAudioTracks()[0]?.getSettings().deviceId ?? "";
  }

  /**
   * Open a device, or change to another one: the old one is let go only when the new one is there.
   *
   * @param {Choice} choice
   */
  async open(choice) {
    const obstacle = captureObstacle();
    if (obstacle) throw new CaptureError(obstacle);
    const thread = audioThread({ sampleRate: SAMPLE_RATE });
    thread.catch(() => {}); // It may fail before it is awaited below.
    let stream;
    try {
      stream = await openStream(choice);
    } catch (error) {
      thread.then(
        (context) => context.close(),
        () => {},
      );
      throw error;
    }
    await this.close();
    const [track] = stream.getAudioTracks();
    track.onended = () => this.listener.ended();
    try {
      this.capture = { stream, ...(await this.listen(stream, await thread)) };
    } catch {
      track.stop();
      throw new CaptureError("incomplete");
    }
  }

  async pause() {
    await this.flush();
    this.setEnabled(false);
    await this.capture?.context.suspend();
  }

  async resume() {
    this.setEnabled(true);
    await this.capture?.context.resume();
  }

  async close() {
    await this.flush();
    const { capture } = this;
    this.capture = null;
    if (!capture) return;
    for (const track of capture.stream.getTracks()) {
      track.onended = null;
      track.stop();
    }
    capture.node.port.onmessage = null;
    await capture.context.close();
  }

  /** @param {boolean} enabled */
  setEnabled(enabled) {
    for (const track of this.capture?.stream.getTracks() ?? []) track.enabled = enabled;
  }

  /** Wait for the audio thread's last samples; a suspended or broken one gives none. */
  async flush() {
    const { capture } = this;
    if (capture?.context.state !== "running") return;
    await new Promise((resolve) => {
      this.flushed = resolve;
      capture.node.port.postMessage("flush");
      setTimeout(resolve, FLUSH_MS);
    });
  }

  /**
   * @param {MediaStream} stream
   * @param {AudioContext} thread
   */
  async listen(stream, thread) {
    const { context, source } = await createSource(stream, thread);
    const node = new AudioWorkletNode(context, "capture");
    node.port.onmessage = ({ data }) => {
      if (data === "flushed") this.flushed?.(null);
      else this.listener.frame(data);
    };
    // Browsers run a node only if it leads somewhere. This one has nothing to say: its output is silent.
    source.connect(node).connect(context.destination);
    await context.resume();
    return { context, node };
  }
}

/** Fetch and compile what captures, where recording may follow; no device is touched. */
function warmUp() {
  if (warm || captureObstacle()) return;
  warm = true;
  new OfflineAudioContext(1, 1, SAMPLE_RATE).audioWorklet.addModule(WORKLET.href).catch(() => {
    warm = false;
  });
}

/**
 * An audio thread that is running and can capture. It is made while the browser still asks for the
 * microphone: what is said before it is there is lost.
 *
 * @param {AudioContextOptions} options
 */
async function audioThread(options) {
  const context = new AudioContext(options);
  try {
    await context.audioWorklet.addModule(WORKLET.href);
  } catch (error) {
    context.close();
    throw error;
  }
  return context;
}

/**
 * Chromium resamples to the rate we ask for; Firefox refuses to mix rates, so there the worklet
 * resamples from the device's own.
 *
 * @param {MediaStream} stream
 * @param {AudioContext} wished
 */
async function createSource(stream, wished) {
  try {
    return { context: wished, source: wished.createMediaStreamSource(stream) };
  } catch {
    wished.close();
    const context = await audioThread({});
    return { context, source: context.createMediaStreamSource(stream) };
  }
}
