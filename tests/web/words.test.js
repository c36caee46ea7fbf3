import assert from "node:assert/strict";
import { test } from "node:test";
import { beginPart, emptyConversation, receive, rows } from "../../web/modules/conversation.js";
import { liveUrl } from "../../web/modules/wire.js";
import { placeAt, timeOf, wordSpans } from "../../web/modules/words.js";
import { line, snapshot } from "./samples.js";

/**
 * @param {number} begin
 * @param {...string} words
 */
function timed(begin, ...words) {
  return words.map((word, i) => ({ word, start: begin + i, end: begin + i + 0.5 }));
}

const ROWS = rows(
  receive(
    beginPart(emptyConversation(), { session: "s", offset: 0 }),
    snapshot([
      line(0, "Say, say it.", { begin: 1, finish: 4, words: timed(1, "Say,", " say", " it.") }),
      line(1, null, { begin: 4, finish: 9 }),
      line(2, "你好", { begin: 9, finish: 11, words: timed(9, "你", "好") }),
    ]),
  ),
);

test("words are found in their line, each after the one before", () => {
  const spans = wordSpans("Say, say it.", timed(0, "Say,", " say", " it."));
  assert.deepEqual(spans, [
    { from: 0, to: 4 },
    { from: 5, to: 8 },
    { from: 9, to: 12 },
  ]);
  assert.equal(wordSpans("other", timed(0, "word")), null);
});

test("what is being said at a time", () => {
  const at = (/** @type {number} */ seconds) => {
    const place = placeAt(ROWS, seconds);
    return place && [place.row.key, place.word];
  };
  assert.equal(at(0.9), null, "before the first word");
  assert.deepEqual(at(1), ["0:0", 0]);
  assert.deepEqual(at(2.7), ["0:0", 1], "a word stays marked until the next");
  assert.deepEqual(at(3.99), ["0:0", 2]);
  assert.equal(at(6), null, "in a pause");
  assert.deepEqual(at(10.1), ["0:2", 1]);
  assert.deepEqual(at(60), ["0:2", -1], "long after the last word");
  assert.equal(placeAt([], 1), null);
});

test("a place in the text is a time", () => {
  assert.deepEqual(
    [0, 4, 6, 11, 99].map((offset) => timeOf(ROWS[0], offset)),
    [1, 2, 2, 3, 1],
  );
});

test("a file says itself what it is", () => {
  const url = new URL(liveUrl("http://host/", { container: true, title: "A & B.wav" }));
  assert.equal(url.searchParams.get("title"), "A & B.wav");
  assert.equal(url.searchParams.get("encoding"), "auto");
  assert.equal(url.searchParams.has("sample_rate"), false);
});
