/** Names, searches, keys and figures: what a reader does with a transcript. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { beginPart, emptyConversation, receive, rows } from "../../web/modules/conversation.js";
import { Latency } from "../../web/modules/latency.js";
import { findAll } from "../../web/modules/search.js";
import { actionOf, KEYS } from "../../web/modules/shortcuts.js";
import {
  isMerged,
  merge,
  noSpeakers,
  peopleIn,
  personOf,
  readSpeakers,
  rename,
  separate,
  withPeople,
} from "../../web/modules/speakers.js";
import { unsureSpans } from "../../web/modules/words.js";
import { line, snapshot } from "./samples.js";

/** @param {import("../../web/modules/wire.js").Line[]} lines */
function rowsOf(...lines) {
  const part = beginPart(emptyConversation(), { session: "s", offset: 0 });
  return rows(receive(part, snapshot(lines)));
}

test("names are given and taken away", () => {
  const named = rename(noSpeakers(), 2, "  Ann \n B. ");
  assert.deepEqual(named.names, { 2: "Ann B." });
  assert.deepEqual(rename(named, 2, " ").names, {});
});

test("voices that are one person, also in a chain, and apart again", () => {
  const shown = rowsOf(
    line(0, "a"),
    line(1, "b", { speaker: 2 }),
    line(2, null),
    line(3, "c", { speaker: 3 }),
  );
  const two = merge(rename(noSpeakers(), 2, "Ann"), 2, 3);
  assert.deepEqual(two.names, { 3: "Ann" }, "the name goes along");
  const all = merge(two, 3, 1);
  assert.deepEqual(
    [1, 2, 3].map((voice) => personOf(all, voice)),
    [1, 1, 1],
  );
  assert.deepEqual(all.names, { 1: "Ann" });
  assert.equal(isMerged(all, 1), true);
  const people = withPeople(shown, all);
  assert.deepEqual(peopleIn(people), [1]);
  assert.equal(people[0], shown[0]);
  assert.equal(withPeople(shown, all)[1], people[1], "the same row each time");
  assert.deepEqual(peopleIn(withPeople(shown, separate(all, 1))), [1, 2, 3]);
  assert.equal(merge(all, 1, 2), all, "nobody is merged into themselves");
});

test("speakers from storage", () => {
  const saved = merge(rename(noSpeakers(), 1, "Ann"), 2, 1);
  assert.deepEqual(readSpeakers(JSON.parse(JSON.stringify(saved))), saved);
  assert.deepEqual(readSpeakers({ names: { 1: 7 }, same: "x" }), noSpeakers());
  assert.deepEqual(readSpeakers(null), noSpeakers());
});

test("search: any case, any accent, in place", () => {
  const shown = rowsOf(line(0, "Straße, İstanbul, 👋 Café"), line(1, null), line(2, "cafe CAFÉ"));
  const found = (/** @type {string} */ query) =>
    findAll(shown, query).map(({ key, from, to }) =>
      shown.find((row) => row.key === key)?.text.slice(from, to),
    );
  assert.deepEqual(found(" café "), ["Café", "cafe", "CAFÉ"]);
  assert.deepEqual(found("istanbul"), ["İstanbul"]);
  assert.deepEqual(found("👋"), ["👋"]);
  assert.deepEqual(found("  "), []);
  assert.equal(findAll(rowsOf(line(0, "aaaa")), "aa").length, 2, "no overlap");
});

test("keys: one each, and none of the browser's own", () => {
  assert.equal(new Set(Object.values(KEYS)).size, Object.keys(KEYS).length);
  const plain = { ctrlKey: false, metaKey: false, altKey: false };
  assert.equal(actionOf({ key: "R", ...plain }), "record");
  assert.equal(actionOf({ key: "r", ...plain, ctrlKey: true }), null);
  assert.equal(actionOf({ key: "Enter", ...plain }), null);
});

test("the delay is the age of the sound that the words are for", () => {
  const latency = new Latency();
  assert.equal(latency.delay, null);
  for (let i = 1; i <= 50; i++) latency.recorded(960 * i, 60 * i);
  latency.answered({ received: 48000, heard: null }, 3050);
  assert.equal(latency.network, 0.05);
  assert.equal(latency.delay, null, "no words, no delay");
  for (const late of [500, 700, 2000]) {
    latency.answered({ received: 48000, heard: 16000 }, 960 + late);
  }
  assert.equal(latency.delay, 0.7, "the median");
  for (let i = 0; i < 9000; i++) latency.recorded(48000 + i, 3000 + i);
  assert.ok(latency.marks.length <= 4000, "bounded");
});

test("words the model was not sure of", () => {
  const words = [
    { word: "sure", start: 0, end: 1, probability: 0.9 },
    { word: "maybe", start: 1, end: 2, probability: 0.3 },
    { word: "untold", start: 2, end: 3 },
  ];
  const [row] = rowsOf(line(0, "sure maybe untold", { words }));
  assert.deepEqual(unsureSpans(row), [{ from: 5, to: 10 }]);
});
