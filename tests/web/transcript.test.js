import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { apply, emptyTranscript, heardUpTo, splitBuffer } from "../../web/modules/transcript.js";
import { diff, line, snapshot } from "./samples.js";

/** @param {import("../../web/modules/wire.js").Message[]} messages */
function applyAll(messages) {
  return messages.reduce(apply, emptyTranscript());
}

/** @param {import("../../web/modules/transcript.js").Transcript} transcript */
function texts({ lines }) {
  return lines.map(({ text }) => text);
}

test("lines are appended and pruned from the front", () => {
  const state = applyAll([
    snapshot([line(0, "a"), line(1, "b")]),
    diff(3, { lines_pruned: 1, new_lines: [line(2, "c"), line(3, "d")] }),
  ]);
  assert.deepEqual(texts(state), ["b", "c", "d"]);
  assert.deepEqual(
    state.archive.map(({ text }) => text),
    ["a"],
    "the screen keeps what the server forgets",
  );
});

test("updates replace by id, in what was pruned too", () => {
  const state = applyAll([
    snapshot([line(0, "a"), line(1, "b")]),
    diff(1, { lines_pruned: 1 }),
    diff(2, { new_lines: [line(2, "c")], updates: [line(0, "A"), line(2, "C")] }),
  ]);
  assert.deepEqual(texts(state), ["b", "C"]);
  assert.equal(state.archive[0].text, "A");
});

test("a diff that does not fit changes nothing and says so; a snapshot repairs it", () => {
  const before = applyAll([snapshot([line(0, "a")])]);
  const broken = apply(before, diff(5, { new_lines: [line(4, "e")], buffer_transcription: "x" }));
  assert.equal(broken.in_sync, false);
  assert.deepEqual(texts(broken), ["a"]);
  const ignored = apply(broken, diff(2, { new_lines: [line(1, "b")] }));
  assert.equal(ignored, broken);
  const repaired = apply(broken, snapshot([line(0, "a"), line(1, "b")], { seq: 9 }));
  assert.equal(repaired.in_sync, true);
  assert.equal(repaired.seq, 9);
  assert.equal(repaired.lines[0], before.lines[0], "equal lines keep their identity");
});

test("a later snapshot that begins later loses nothing", () => {
  const state = applyAll([snapshot([line(0, "a"), line(1, "b")]), snapshot([line(1, "b")])]);
  assert.deepEqual(texts(state), ["b"]);
  assert.equal(state.archive[0].text, "a");
});

test("the live fields are those of the newest message", () => {
  const state = applyAll([
    snapshot([], { buffer_transcription: "one two", buffer_final_chars: 3 }),
    diff(0, { buffer_transcription: "one two three", remaining_time_transcription: 0.5 }),
  ]);
  assert.equal(state.buffer_transcription, "one two three");
  assert.equal(state.buffer_final_chars, 3);
  assert.equal(state.remaining_time_transcription, 0.5);
});

test("messages of other kinds, known or not, change nothing", () => {
  const state = applyAll([snapshot([line(0, "a")])]);
  assert.equal(apply(state, { type: "heartbeat", t: 1 }), state);
  assert.equal(apply(state, /** @type {any} */ ({ type: "from-the-future" })), state);
});

test("ink is counted in code points", () => {
  const live = { buffer_transcription: "👋🏽 𝒜 bc", buffer_final_chars: 4 };
  assert.deepEqual(splitBuffer(live), { ink: "👋🏽 𝒜", pencil: " bc" });
  assert.deepEqual(splitBuffer({ ...live, buffer_final_chars: 99 }).pencil, "");
});

test("the growing line begins where the server says, for whoever reads and since whenever", () => {
  const at = (/** @type {number | undefined} */ begin, text = "b") => ({
    audio_received: 20,
    buffer_transcription: text,
    ...(begin !== undefined && { buffer_begin: begin }),
  });
  const messages = [
    snapshot([line(0, "a")], at(undefined, "")),
    diff(1, at(7)),
    diff(1, at(6.5)),
    diff(2, { ...at(9.25), new_lines: [line(8, "b c")] }),
  ];
  const begins = messages.map((_, i, all) => applyAll(all.slice(0, i + 1)).buffer_begin);
  assert.deepEqual(begins.slice(1), [7, 6.5, 9.25]);
  const late = applyAll([snapshot([line(0, "a"), line(8, "b c")], at(9.25))]);
  assert.equal(late.buffer_begin, begins.at(-1));
});

test("what the server has heard is what it got less what it still has to do", () => {
  const state = applyAll([snapshot([], { audio_received: 12, remaining_time_transcription: 1.5 })]);
  assert.equal(heardUpTo(state), 10.5);
});

const VECTORS = new URL("../vectors/native_protocol.json", import.meta.url);

test("the vectors shared with the server", { skip: !existsSync(VECTORS) && "no vectors" }, () => {
  const vectors = JSON.parse(readFileSync(VECTORS, "utf-8"));
  assert.ok(vectors.length > 0);
  for (const { name, messages, expected } of vectors) {
    const state = /** @type {any} */ (applyAll(messages));
    for (const [field, value] of Object.entries(expected)) {
      assert.deepEqual(state[field], value, `${name}: ${field}`);
    }
  }
});
