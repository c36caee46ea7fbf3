/** What the page makes of kept transcripts, of warnings and of a voice that was recorded. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { dayStamp } from "../../web/modules/clock.js";
import { spansOf } from "../../web/modules/search.js";
import { merge, noSpeakers, rename, separate } from "../../web/modules/speakers.js";
import {
  byTranscript,
  changeOf,
  keyOf,
  storedRows,
  storedSpeakers,
} from "../../web/modules/stored.js";
import { lasting, warned } from "../../web/modules/warnings.js";
import { wavOf } from "../../web/modules/wav.js";

test("lines of the store become rows, with the long pauses between them", () => {
  const line = { language: "en", speaker: 2, text: " Hello. " };
  const rows = storedRows([
    { ...line, id: 3, start: 1, end: 2 },
    { ...line, id: 5, start: 3, end: 4, speaker: null },
    { ...line, id: 6, start: 20, end: 21 },
  ]);
  assert.deepEqual(
    rows.map(({ kind, begin, finish, speaker }) => [kind, begin, finish, speaker]),
    [
      ["line", 1, 2, 2],
      ["line", 3, 4, 1],
      ["silence", 4, 20, 1],
      ["line", 20, 21, 2],
    ],
  );
  assert.equal(rows[0].text, "Hello.");
  assert.equal(rows[3].key, keyOf(6));
  assert.deepEqual(storedSpeakers({ speakers: { 2: "Ann" } }).names, { 2: "Ann" });
});

test("a pause that the store has as a line is a pause, said by nobody", () => {
  const said = { speaker: 1, language: "en", text: "Hello." };
  const rows = storedRows([
    { id: 0, start: 0, end: 1, ...said },
    { id: 1, start: 1, end: 8, speaker: null, language: null, text: null },
    { id: 2, start: 8, end: 9, ...said },
  ]);
  assert.deepEqual(
    rows.map(({ kind, begin, finish, text, language }) => [kind, begin, finish, text, language]),
    [
      ["line", 0, 1, "Hello.", "en"],
      ["silence", 1, 8, "", ""],
      ["line", 8, 9, "Hello.", "en"],
    ],
  );
});

test("found lines stand under their transcripts", () => {
  const found = [
    { transcript: "b", id: 1, start: 0, text: "x", title: "B" },
    { transcript: "a", id: 4, start: 9, text: "y" },
    { transcript: "b", id: 2, start: 3, text: "z", title: "B" },
  ];
  const groups = byTranscript(found);
  assert.deepEqual(
    groups.map(({ id, lines }) => [id, lines.map((line) => line.id)]),
    [
      ["b", [1, 2]],
      ["a", [4]],
    ],
  );
});

test("what was searched for is marked, as whole words and beginnings", () => {
  const marked = (/** @type {string} */ text, /** @type {string} */ query) =>
    spansOf(text, query).map(({ from, to }) => text.slice(from, to));
  assert.deepEqual(marked("The Café, cafes and decaf.", "CAFE the"), ["The", "Café", "cafe"]);
  assert.deepEqual(marked("会议开始了，会议", "会议"), ["会议", "会议"]);
  assert.deepEqual(marked("nothing", " "), []);
});

test("a warning goes when its matter is well again, and others stay", () => {
  const busy = warned({}, { code: "load_final_only", message: "m" });
  const both = warned(busy, { code: "words_late", message: "late" });
  assert.deepEqual(
    Object.values(both)
      .map(({ code }) => code)
      .sort(),
    ["load_final_only", "words_late"],
  );
  const less = warned(both, { code: "load_shorter_windows", message: "m" });
  assert.equal(Object.values(less).length, 2, "one sentence for the load");
  assert.deepEqual(Object.keys(warned(less, { code: "load_normal" })), ["words"]);
  assert.equal(warned({}, { message: "unknown" }).unknown.message, "unknown");
});

test("what only who writes clients can change is no warning", () => {
  for (const code of ["hardly_speech", "index_at_end"])
    assert.deepEqual(warned({}, { code, message: "m" }), {});
});

test("words that are hardly late are no warning", () => {
  assert.deepEqual(warned({}, { code: "load_longer_steps", message: "m" }), {});
  const late = warned({}, { code: "load_shorter_windows", message: "m" });
  assert.deepEqual(warned(late, { code: "load_longer_steps", message: "m" }), {});
});

test("what was so at the moment is not said when the moment is over", () => {
  const busy = warned({}, { code: "load_final_only", message: "m" });
  const late = warned(busy, { code: "words_late", message: "m" });
  const failing = warned(late, { code: "store_failing", message: "m" });
  assert.deepEqual(Object.keys(lasting(failing)), ["store"]);
});

test("a recorded voice is a WAV file", async () => {
  const view = new DataView(await wavOf([new ArrayBuffer(6400), new ArrayBuffer(2)]).arrayBuffer());
  assert.equal(view.byteLength, 44 + 6402);
  assert.equal(view.getUint32(0), 0x52494646);
  assert.equal(view.getUint32(24, true), 16000);
  assert.equal(view.getUint32(40, true), 6402);
});

test("what the reader says of stored speakers is what the server is asked", () => {
  const ann = rename(noSpeakers(), 1, "Ann");
  const both = merge(ann, 2, 1);
  assert.deepEqual(changeOf(noSpeakers(), ann), { speakers: { 1: "Ann" } });
  assert.deepEqual(changeOf(ann, both), { merged: { 2: 1 } });
  assert.deepEqual(changeOf(both, separate(both, 1)), { merged: { 2: null } });
  assert.deepEqual(changeOf(ann, rename(ann, 1, "")), { speakers: { 1: "" } });
  assert.deepEqual(changeOf(ann, merge(ann, 1, 2)), {
    speakers: { 2: "Ann" },
    merged: { 1: 2 },
  });
  assert.deepEqual(changeOf(ann, ann), {});
});

test("a file's name has the reader's own time", () => {
  assert.equal(dayStamp(new Date(2026, 2, 5, 9, 7)), "2026-03-05 09.07");
});
