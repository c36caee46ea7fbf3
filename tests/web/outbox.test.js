import assert from "node:assert/strict";
import { test } from "node:test";
import { Outbox } from "../../web/modules/outbox.js";

/**
 * @param {number} from
 * @param {number} count
 */
function frame(from, count) {
  return Int16Array.from({ length: count }, (_, i) => from + i).buffer;
}

/** @param {Outbox} outbox */
function takeAll(outbox) {
  const taken = [];
  for (let bytes = outbox.take(); bytes; bytes = outbox.take()) {
    taken.push(...new Int16Array(bytes));
  }
  return taken;
}

/** @param {number} [capacity] */
function filled(capacity) {
  const outbox = new Outbox(capacity);
  for (const at of [0, 4, 8]) outbox.push(frame(at, 4));
  return outbox;
}

test("what was recorded is sent once, in order", () => {
  const outbox = filled();
  assert.equal(outbox.waiting, 12);
  assert.deepEqual(takeAll(outbox), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  assert.equal(outbox.waiting, 0);
  assert.equal(outbox.take(), null);
});

test("sent sound can be sent again from any sample", () => {
  const outbox = filled();
  takeAll(outbox);
  outbox.rewind(6);
  assert.deepEqual(takeAll(outbox), [6, 7, 8, 9, 10, 11]);
  outbox.rewind(99);
  assert.deepEqual(takeAll(outbox), []);
});

test("a full ring forgets the oldest and counts what was never sent", () => {
  const outbox = filled(8);
  assert.equal(outbox.start, 4);
  assert.equal(outbox.lost, 4);
  assert.deepEqual(takeAll(outbox), [0, 0, 0, 0, 4, 5, 6, 7, 8, 9, 10, 11], "at their time");
  outbox.push(frame(12, 4));
  assert.equal(outbox.lost, 4, "what was sent before it left is not lost");
});

test("a session that needs what is gone gets silence, and it is counted once", () => {
  const outbox = filled();
  takeAll(outbox);
  outbox.capacity = 8;
  outbox.push(frame(12, 4));
  assert.equal(outbox.lost, 0, "it had been sent");
  outbox.rewind(2);
  assert.equal(outbox.lost, 6);
  outbox.rewind(2);
  assert.equal(outbox.lost, 6);
  const silence = [0, 0, 0, 0, 0, 0];
  assert.deepEqual(takeAll(outbox), [...silence, 8, 9, 10, 11, 12, 13, 14, 15]);
});

test("a new session begins with what is still here", () => {
  const outbox = filled(8);
  outbox.rewind(0);
  outbox.skipLost();
  assert.equal(outbox.cursor, 4);
  assert.deepEqual(takeAll(outbox), [4, 5, 6, 7, 8, 9, 10, 11]);
});

test("after a discard only new sound waits, and the count goes on", () => {
  const outbox = filled();
  outbox.discard();
  outbox.push(frame(12, 2));
  assert.equal(outbox.cursor, 12);
  assert.deepEqual(takeAll(outbox), [12, 13]);
});

test("sound that turns out to be later is cut at whole samples, whatever its time in seconds", () => {
  const outbox = filled();
  takeAll(outbox);
  const seconds = 14.765375 + 61.274 - 14.765375;
  outbox.moveOn(seconds * 16000);
  outbox.rewind(980384 + 4);
  assert.deepEqual(takeAll(outbox), [4, 5, 6, 7, 8, 9, 10, 11]);
  assert.equal(outbox.end, 980384 + 12);
});
