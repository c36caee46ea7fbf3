import assert from "node:assert/strict";
import { test } from "node:test";
import {
  beginPart,
  clear,
  currentPart,
  emptyConversation,
  receive,
  rows,
  settle,
  undoClear,
} from "../../web/modules/conversation.js";
import { placesIn, restored } from "../../web/modules/restoring.js";
import { diff, line, snapshot } from "./samples.js";

/** @import { Conversation } from "../../web/modules/conversation.js" */

/** @param {Conversation} conversation */
function shown(conversation) {
  return rows(conversation).map(({ kind, text }) => (kind === "line" ? text : kind));
}

function started() {
  return beginPart(emptyConversation(), { session: "s", offset: 0 });
}

test("rows are lines and silences, and keep their identity", () => {
  const first = receive(started(), snapshot([line(0, " a "), line(1, null)]));
  const second = receive(first, diff(3, { new_lines: [line(2, "b")] }));
  assert.deepEqual(shown(second), ["a", "silence", "b"]);
  assert.equal(rows(first)[0], rows(second)[0]);
});

test("a message that changes nothing gives the same conversation", () => {
  const conversation = started();
  assert.equal(receive(conversation, { type: "heartbeat", t: 1 }), conversation);
});

test("after a loss nothing shown is missing, and times go on", () => {
  let conversation = receive(
    started(),
    snapshot([line(0, "a")], {
      buffer_transcription: "half a sen",
      buffer_final_chars: 4,
      audio_received: 3,
    }),
  );
  conversation = beginPart(conversation, { session: "t", offset: 2.5, afterLoss: true });
  conversation = receive(conversation, snapshot([line(0, "b")]));
  assert.deepEqual(shown(conversation), ["a", "half a sen", "marker", "b"]);
  assert.equal(rows(conversation)[3].begin, 2.5);
  assert.equal(new Set(rows(conversation).map(({ key }) => key)).size, 4);
});

test("no marker where there is nothing to mark", () => {
  const conversation = beginPart(started(), { session: "t", offset: 0, afterLoss: true });
  assert.deepEqual(shown(conversation), []);
});

test("settling closes the growing line once", () => {
  const live = {
    buffer_transcription: " last words",
    buffer_speaker: 2,
    buffer_begin: 5,
    audio_received: 9,
  };
  const settled = settle(receive(started(), snapshot([line(0, "a")], live)));
  assert.deepEqual(shown(settled), ["a", "last words"]);
  assert.equal(rows(settled)[1].speaker, 2);
  assert.equal(rows(settled)[1].begin, 5);
  assert.equal(rows(settled)[1].finish, 9);
  assert.equal(settle(settled), settled);
});

test("word times move with their part", () => {
  const words = [{ word: "a", start: 0.25, end: 0.5 }];
  const part = beginPart(emptyConversation(), { session: "s", offset: 10 });
  const conversation = receive(part, snapshot([line(0, "a", { words })]));
  assert.deepEqual(rows(conversation)[0].words, [{ word: "a", start: 10.25, end: 10.5 }]);
});

test("clearing a running session hides what is there and lets the rest come", () => {
  const before = receive(started(), snapshot([line(0, "a"), line(1, "b")]));
  const cleared = clear(before, true);
  assert.deepEqual(shown(cleared), []);
  const later = receive(cleared, diff(3, { new_lines: [line(2, "c")] }));
  assert.deepEqual(shown(later), ["c"]);
  assert.deepEqual(shown(undoClear(later)), ["a", "b", "c"]);
  assert.equal(undoClear(undoClear(later)).cleared, null);
});

test("another recording is marked as one, and one that goes on after a loss is not", () => {
  let now = receive(started(), snapshot([line(0, "a")]));
  now = beginPart(now, { session: "t", offset: 2, afterLoss: true });
  now = receive(now, snapshot([line(0, "b")]));
  now = beginPart(now, { session: "u", offset: 4 });
  assert.deepEqual(
    rows(now).map(({ kind, recording }) => (kind === "marker" ? (recording ?? "lost") : kind)),
    ["line", "lost", "line", 2],
  );
});

test("clearing between sessions can be undone too", () => {
  const before = receive(started(), snapshot([line(0, "a", { finish: 3 })]));
  const cleared = clear(before, false);
  assert.equal(currentPart(cleared), null);
  assert.deepEqual(shown(undoClear(cleared)), ["a"]);
  const next = beginPart(cleared, { session: "t", offset: 5 });
  const both = undoClear(receive(next, snapshot([line(0, "b", { begin: 1 })])));
  assert.deepEqual(shown(both), ["a", "marker", "b"]);
  assert.deepEqual(
    rows(both).map(({ begin }) => begin),
    [0, 8, 9],
  );
});

test("what was said after a running session was cleared is counted on, and marked", () => {
  let now = receive(started(), snapshot([line(0, "a")]));
  now = beginPart(now, { session: "t", offset: 10 });
  now = clear(receive(now, snapshot([line(0, "b")])), true);
  const lost = { session: "u", offset: 20, afterLoss: true };
  for (const [next, marker] of /** @type {const} */ ([
    [lost, "lost"],
    [{ ...lost, afterLoss: false }, 3],
  ])) {
    const later = undoClear(receive(beginPart(now, next), snapshot([line(0, "c")])));
    assert.deepEqual(
      rows(later).map(({ kind, text, recording }) =>
        kind === "line" ? text : (recording ?? "lost"),
      ),
      ["a", 2, "b", marker, "c"],
    );
    assert.equal(rows(later)[4].begin, 20);
  }
});

test("rows brought back are the rows that were kept, where they were", () => {
  const words = [{ word: "a", start: 0, end: 1 }];
  let before = receive(started(), snapshot([line(0, "a", { words, translation: "ä" })]));
  before = beginPart(before, { session: "t", offset: 3, afterLoss: true });
  before = receive(before, snapshot([line(0, null), line(1, "b", { speaker: 2 })]));
  const saved = JSON.parse(JSON.stringify(rows(before)));
  const alone = rows(restored(saved)).map(({ key, ...row }) => row);
  const expected = rows(before).filter(({ kind }) => kind !== "marker");
  assert.deepEqual(
    alone,
    expected.map(({ key, ...row }) => row),
  );
  const again = restored(saved, JSON.parse(JSON.stringify(placesIn(before))));
  assert.deepEqual(rows(again), rows(before));
  assert.deepEqual(placesIn(again), placesIn(before));
  const on = beginPart(restored(saved), { session: "u", offset: 9 });
  assert.equal(rows(receive(on, snapshot([line(0, "c")])))[3].begin, 9);
});
