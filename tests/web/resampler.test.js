import assert from "node:assert/strict";
import { test } from "node:test";
import { Resampler } from "../../web/modules/resampler.js";

const TO = 16000;

/**
 * @param {number} hertz
 * @param {number} rate
 * @param {number} seconds
 */
function tone(hertz, rate, seconds) {
  const step = (2 * Math.PI * hertz) / rate;
  return Float32Array.from({ length: Math.round(rate * seconds) }, (_, i) => Math.sin(step * i));
}

/** @param {Float32Array} samples */
function rms(samples) {
  return Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length);
}

/**
 * Gain in dB of a tone, measured away from the filter's beginning.
 *
 * @param {number} hertz
 * @param {number} rate
 */
function gainDb(hertz, rate) {
  const output = new Resampler({ from: rate, to: TO }).process(tone(hertz, rate, 0.6));
  return 20 * Math.log10(rms(output.subarray(3200)) / Math.SQRT1_2);
}

for (const rate of [8000, 11025, 16000, 22050, 32000, 44100, 48000, 88200, 96000, 44099]) {
  test(`${rate} Hz: the count is exact whatever the blocks`, () => {
    const resampler = new Resampler({ from: rate, to: TO });
    let input = 0;
    let output = 0;
    for (const block of [128, 1, 127, 1000, 3, 4096, 128, 128]) {
      input += block;
      output += resampler.process(new Float32Array(block)).length;
      assert.equal(output, Math.floor((input * TO) / rate));
    }
  });

  test(`${rate} Hz: any split gives the same samples`, () => {
    const input = tone(440, rate, 0.2);
    const whole = new Resampler({ from: rate, to: TO }).process(input);
    const resampler = new Resampler({ from: rate, to: TO });
    const parts = [];
    for (let at = 0, size = 1; at < input.length; at += size, size = 1 + ((size * 7 + 3) % 509)) {
      parts.push(...resampler.process(input.subarray(at, at + size)));
    }
    assert.deepEqual(parts, [...whole]);
  });
}

test("an hour at 44.1 kHz has not drifted by one sample", () => {
  const resampler = new Resampler({ from: 44100, to: TO });
  // The count depends on the position alone, so the sums of the filter can be left out.
  resampler.sampleAt = () => 0;
  const block = new Float32Array(4099);
  const blocks = Math.floor((3600 * 44100) / block.length);
  let output = 0;
  for (let i = 0; i < blocks; i++) output += resampler.process(block).length;
  assert.equal(output, Math.floor((blocks * block.length * TO) / 44100));
});

for (const rate of [44100, 48000, 96000]) {
  test(`${rate} Hz: speech passes, what would alias does not`, () => {
    for (const hertz of [200, 1000, 4000, 7000]) {
      assert.ok(Math.abs(gainDb(hertz, rate)) < 0.05, `${hertz} Hz: ${gainDb(hertz, rate)} dB`);
    }
    for (const hertz of [8050, 9000, 10000, 15000, 20000]) {
      assert.ok(gainDb(hertz, rate) < -70, `${hertz} Hz: ${gainDb(hertz, rate)} dB`);
    }
  });
}

test("a tone comes out as the same tone, late by half a filter", () => {
  for (const rate of [8000, 44100, 48000, 44099]) {
    const resampler = new Resampler({ from: rate, to: TO });
    const output = resampler.process(tone(1000, rate, 0.3));
    const late = resampler.taps / 2 / rate;
    const worst = output
      .subarray(1600)
      .map((x, k) => Math.abs(x - Math.sin(2 * Math.PI * 1000 * ((k + 1600) / TO - late))))
      .reduce((a, b) => Math.max(a, b));
    assert.ok(worst < 0.005, `${rate} Hz: ${worst}`);
  }
});
