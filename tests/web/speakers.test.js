import assert from "node:assert/strict";
import { test } from "node:test";
import {
  adopted,
  changesOf,
  merge,
  noSpeakers,
  rename,
  separate,
} from "../../web/modules/speakers.js";

const nothing = { speakers: {}, merged: {} };

test("what the server says of its speakers is adopted", () => {
  const own = rename(noSpeakers(), 3, "Charles");
  const told = { speakers: { 1: "Ada" }, merged: { 2: 1 } };
  const known = adopted(own, nothing, told);
  assert.deepEqual(known, { names: { 1: "Ada", 3: "Charles" }, same: { 2: 1 } });
  assert.deepEqual(adopted(known, told, nothing), { names: { 3: "Charles" }, same: {} });
});

test("what it has said before is nothing new", () => {
  const own = rename(noSpeakers(), 1, "Countess");
  const told = { speakers: { 1: "Ada" }, merged: {} };
  assert.equal(adopted(own, told, { ...told, speakers: { 1: "Ada" } }), own);
});

test("the server learns what the reader has said", () => {
  const before = rename(noSpeakers(), 2, "Bob");
  assert.deepEqual(changesOf(before, rename(before, 1, "Ada")), [
    { type: "rename", speaker: 1, name: "Ada" },
  ]);
  assert.deepEqual(changesOf(before, rename(before, 2, "")), [
    { type: "rename", speaker: 2, name: "" },
  ]);
  const merged = merge(before, 2, 1);
  assert.deepEqual(changesOf(before, merged), [
    { type: "merge", speaker: 2, into: 1 },
    { type: "rename", speaker: 1, name: "Bob" },
    { type: "rename", speaker: 2, name: "" },
  ]);
  assert.deepEqual(changesOf(merged, separate(merged, 1)), [{ type: "separate", speaker: 1 }]);
  assert.deepEqual(changesOf(merged, merged), []);
});
