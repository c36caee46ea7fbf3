import assert from "node:assert/strict";
import { test } from "node:test";
import {
  FIRST_DELAY_MS,
  LONGEST_DELAY_MS,
  LONGEST_PRESSING_MS,
  Reconnect,
  STABLE_MS,
  Watchdog,
} from "../../web/modules/reconnect.js";
import { FakeTimers } from "./timers.js";

/**
 * @param {number} [random]
 * @param {() => boolean} [pressing]
 */
function setUp(random = 0, pressing = () => false) {
  const timers = new FakeTimers();
  /** @type {string[]} */
  const states = [];
  const attempts = { count: 0 };
  const link = new Reconnect({
    connect: () => {
      attempts.count += 1;
    },
    changed: (state) => states.push(state),
    pressing,
    timers,
    random: () => random,
  });
  return { timers, states, attempts, link };
}

test("a lost connection is tried again, each time later, up to a limit", () => {
  const { link, timers } = setUp();
  link.start();
  const delays = [];
  for (let i = 0; i < 8; i++) {
    link.lost();
    const delay = timers.waiting[0].at - timers.now;
    delays.push(delay);
    timers.pass(delay);
  }
  assert.deepEqual(delays, [500, 1000, 2000, 4000, 8000, 15000, 15000, 15000]);
  assert.equal(LONGEST_DELAY_MS, 15000);
});

test("while sound waits for the server it is looked for every few seconds", () => {
  let pressing = true;
  const { link, timers } = setUp(0, () => pressing);
  link.start();
  const delays = [];
  for (let i = 0; i < 6; i++) {
    pressing = i < 5;
    link.lost();
    const delay = timers.waiting[0].at - timers.now;
    delays.push(delay);
    timers.pass(delay);
  }
  assert.deepEqual(delays, [500, 1000, 2000, 3000, 3000, 15000]);
  assert.equal(LONGEST_PRESSING_MS, 3000);
});

test("a server that names a time is left alone until then, however pressing", () => {
  const { link, timers, attempts } = setUp(0, () => true);
  link.start();
  link.lost(7000);
  link.wake();
  assert.equal(timers.waiting[0].at, 7000);
  timers.pass(7000);
  link.lost();
  link.postpone(20000);
  link.wake();
  assert.equal(timers.waiting[0].at, 27000);
  assert.equal(attempts.count, 2);
  link.hurry();
  assert.equal(attempts.count, 3, "the reader may ask all the same");
});

test("who comes back need not wait", () => {
  const { link, timers, attempts } = setUp();
  link.start();
  link.wake();
  assert.equal(attempts.count, 1);
  link.lost();
  link.wake();
  assert.equal(attempts.count, 2);
  assert.deepEqual(timers.waiting, []);
});

test("pages do not all come back at the same moment", () => {
  const { link, timers } = setUp(1);
  link.start();
  link.lost();
  assert.equal(timers.waiting[0].at, FIRST_DELAY_MS * 0.5);
});

test("a connection that opens and drops at once does not count as success", () => {
  const { link, timers } = setUp();
  link.start();
  for (const expected of [500, 1000, 2000]) {
    link.opened();
    link.lost();
    assert.equal(timers.waiting[0].at - timers.now, expected);
    timers.pass(expected);
  }
  link.opened();
  timers.pass(STABLE_MS);
  link.lost();
  assert.equal(timers.waiting[0].at - timers.now, FIRST_DELAY_MS);
});

test("the server's own wish is honoured", () => {
  const { link, timers } = setUp();
  link.start();
  link.lost(7000);
  assert.equal(timers.waiting[0].at, 7000);
});

test("states are told in order", () => {
  const { link, timers, states, attempts } = setUp();
  link.start();
  link.start();
  link.opened();
  link.lost();
  link.lost();
  timers.pass(FIRST_DELAY_MS);
  link.stop();
  assert.deepEqual(states, ["connecting", "open", "waiting", "connecting", "idle"]);
  assert.equal(attempts.count, 2);
  assert.deepEqual(timers.waiting, []);
});

test("whoever is in a hurry need not wait", () => {
  const { link, attempts, timers } = setUp();
  link.start();
  link.hurry();
  assert.equal(attempts.count, 1);
  link.lost();
  link.hurry();
  assert.equal(attempts.count, 2);
  assert.deepEqual(timers.waiting, []);
});

test("the watchdog barks once it has not been fed", () => {
  const timers = new FakeTimers();
  let barks = 0;
  const dog = new Watchdog({
    ms: 12000,
    silent: () => {
      barks += 1;
    },
    timers,
  });
  dog.feed();
  timers.pass(11000);
  dog.feed();
  timers.pass(11000);
  assert.equal(barks, 0);
  timers.pass(1000);
  assert.equal(barks, 1);
  dog.feed();
  dog.stop();
  timers.pass(20000);
  assert.equal(barks, 1);
});
