import assert from "node:assert/strict";
import { test } from "node:test";
import { beginPart, emptyConversation, receive, rows } from "../../web/modules/conversation.js";
import {
  adopted,
  changesOf,
  haveLabels,
  merge,
  noSpeakers,
  rename,
  separate,
  withPeople,
} from "../../web/modules/speakers.js";
import { changeOf } from "../../web/modules/stored.js";
import { line, snapshot } from "./samples.js";

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
  ]);
  assert.deepEqual(changesOf(merged, separate(merged, 1)), [{ type: "separate", speaker: 1 }]);
  assert.deepEqual(changesOf(merged, merged), []);
});

test("who becomes a named person takes nobody's name away", () => {
  const before = rename(rename(noSpeakers(), 1, "Ada"), 2, "Bob");
  const merged = merge(before, 2, 1);
  assert.deepEqual(merged, { names: { 1: "Ada" }, same: { 2: 1 } });
  assert.deepEqual(changesOf(before, merged), [{ type: "merge", speaker: 2, into: 1 }]);
  assert.deepEqual(changeOf(before, merged), { merged: { 2: 1 } });
  assert.deepEqual(changeOf(merged, separate(merged, 1)), { merged: { 2: null } });
  assert.deepEqual(changeOf(before, rename(before, 2, "")), { speakers: { 2: "" } });
});

test("somebody who was merged has a label, to be separated by", () => {
  const said = rows(
    receive(
      beginPart(emptyConversation(), { session: "s", offset: 0, diarized: true }),
      snapshot([line(0, "a"), line(1, "b", { speaker: 2 })]),
    ),
  );
  assert.equal(haveLabels(said, noSpeakers()), true);
  assert.equal(haveLabels(said.slice(0, 1), noSpeakers()), false);
  assert.equal(haveLabels(said.slice(0, 1), rename(noSpeakers(), 1, "Ada")), true);
  const one = merge(noSpeakers(), 2, 1);
  assert.equal(haveLabels(withPeople(said, one), one), true);
});
