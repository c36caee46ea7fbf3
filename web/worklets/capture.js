/**
 * On the audio thread: any number of channels at the context's rate become frames of 16 kHz mono
 * PCM for the page. The page's message "flush" asks for what is left, and is answered by "flushed".
 */

import { Framer } from "../modules/framer.js";
import { mixToMono } from "../modules/mix.js";
import { Resampler } from "../modules/resampler.js";
import { SAMPLE_RATE } from "../modules/wire.js";

class Capture extends AudioWorkletProcessor {
  constructor() {
    super();
    this.framer = new Framer();
    this.resampler =
      sampleRate === SAMPLE_RATE ? null : new Resampler({ from: sampleRate, to: SAMPLE_RATE });
    this.port.onmessage = () => {
      this.post(this.framer.flush());
      this.port.postMessage("flushed");
    };
  }

  /** @param {Float32Array[][]} inputs */
  process([channels]) {
    if (channels.length > 0) {
      const mono = mixToMono(channels);
      this.post(this.framer.push(this.resampler ? this.resampler.process(mono) : mono));
    }
    return true;
  }

  /** @param {ArrayBuffer[]} frames */
  post(frames) {
    for (const frame of frames) this.port.postMessage(frame, [frame]);
  }
}

registerProcessor("capture", Capture);
