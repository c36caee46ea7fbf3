/** What the audio thread does to samples, without an audio thread. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FRAME_SAMPLES, Framer } from "../../web/modules/framer.js";
import {
  LagReading,
  meterValue,
  NO_SIGNAL_SAMPLES,
  peakDb,
  SignalWatch,
} from "../../web/modules/levels.js";
import { mixToMono } from "../../web/modules/mix.js";

/** @param {ArrayBuffer[]} frames */
function samplesOf(frames) {
  return frames.flatMap((frame) => [...new Int16Array(frame)]);
}

test("samples become 16-bit integers, clipped and never wrapped", () => {
  const framer = new Framer(7);
  const [frame] = framer.push(Float32Array.of(0, 1, -1, 2, -2, 0.5, Number.NaN));
  assert.deepEqual([...new Int16Array(frame)], [0, 32767, -32768, 32767, -32768, 16384, 0]);
});

test("frames are 60 ms, and any split gives the same ones", () => {
  const input = Float32Array.from({ length: 5000 }, (_, i) => Math.sin(i / 9));
  const whole = new Framer().push(input);
  assert.equal(whole[0].byteLength, 2 * FRAME_SAMPLES);
  assert.equal(FRAME_SAMPLES / 16000, 0.06);
  const framer = new Framer();
  const parts = [];
  for (let at = 0; at < input.length; at += 128) {
    parts.push(...framer.push(input.subarray(at, at + 128)));
  }
  assert.deepEqual(samplesOf(parts), samplesOf(whole));
});

test("a flush gives what is left, once", () => {
  const framer = new Framer();
  framer.push(new Float32Array(5));
  assert.equal(framer.flush()[0].byteLength, 10);
  assert.deepEqual(framer.flush(), []);
});

test("frames handed out are not written again", () => {
  const framer = new Framer(2);
  const [first] = framer.push(Float32Array.of(0.5, 0.5));
  framer.push(Float32Array.of(-1, -1));
  assert.deepEqual([...new Int16Array(first)], [16384, 16384]);
});

test("all channels are heard", () => {
  const left = Float32Array.of(0, 0);
  const right = Float32Array.of(0.5, -1);
  assert.deepEqual([...mixToMono([left, right])], [0.25, -0.5]);
  assert.equal(mixToMono([right]), right);
  assert.equal(mixToMono([]).length, 0);
});

test("levels in dB of full scale", () => {
  assert.equal(peakDb(Int16Array.of(0, 0).buffer), -96);
  assert.equal(peakDb(Int16Array.of(5, -32768).buffer), 0);
  assert.ok(Math.abs(peakDb(Int16Array.of(16384).buffer) + 6.02) < 0.01);
  assert.deepEqual([-96, -60, -30, 0].map(meterValue), [0, 0, 0.5, 1]);
});

test("no signal is said after four seconds of silence, and taken back at the first sound", () => {
  const watch = new SignalWatch();
  const silence = new ArrayBuffer(2 * 16000);
  for (let i = 0; i < 3; i++) watch.push(silence);
  assert.equal(watch.noSignal, false);
  watch.push(silence);
  assert.equal(watch.noSignal, true);
  assert.equal(NO_SIGNAL_SAMPLES, 64000);
  watch.push(Int16Array.of(3000).buffer);
  assert.equal(watch.noSignal, false);
});

test("the lag is read once a second, at its worst", () => {
  const lag = new LagReading();
  const read = [
    [0.4, 0],
    [1.5, 300],
    [0.2, 900],
    [0.1, 1000],
    [0, 1500],
    [0, 2000],
    [0, 3000],
  ].map(([seconds, now]) => lag.read(seconds, now));
  assert.deepEqual(read, [0.4, 0.4, 0.4, 1.5, 1.5, 0, 0]);
});
