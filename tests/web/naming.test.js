import assert from "node:assert/strict";
import { test } from "node:test";
import { Naming, numberNow } from "../../web/live/naming.js";
import { beginPart, emptyConversation, receive } from "../../web/modules/conversation.js";
import { noSpeakers, rename } from "../../web/modules/speakers.js";
import { line, snapshot } from "./samples.js";

/** Two sessions of two speakers each. */
function twoSessions() {
  const said = [line(0, "a"), line(1, "b", { speaker: 2 })];
  return ["s", "t"].reduce(
    (talk, session) =>
      receive(beginPart(talk, { session, offset: 0, diarized: true }), snapshot(said)),
    emptyConversation(),
  );
}

function listener() {
  /** @type {unknown[]} */
  const heard = [];
  const naming = new Naming({
    send: (message) => heard.push(message),
    note: (session, change) => heard.push([session, change]),
  });
  return { heard, naming };
}

const NOBODY = noSpeakers();
const TALK = twoSessions();

test("the session that listens is told, the one before is noted", () => {
  const { heard, naming } = listener();
  const after = rename(rename(NOBODY, 1, "Ann"), 3, "Cy");
  naming.change(TALK, { before: NOBODY, after }, "hears");
  assert.deepEqual(heard, [
    ["s", { speakers: { 1: "Ann" } }],
    { type: "rename", speaker: 1, name: "Cy" },
  ]);
});

test("what is said while a session is lost is told once, when it is there again", () => {
  const { heard, naming } = listener();
  const known = rename(NOBODY, 3, "Cyril");
  const first = rename(known, 3, "C");
  const second = rename(rename(first, 3, "Cy"), 4, "Dora");
  naming.change(TALK, { before: known, after: first }, "lost");
  naming.change(TALK, { before: first, after: second }, "lost");
  assert.deepEqual(heard, []);
  const insist = naming.settle(TALK, second, "hears");
  assert.deepEqual(heard, [
    { type: "rename", speaker: 1, name: "Cy" },
    { type: "rename", speaker: 2, name: "Dora" },
  ]);
  assert.deepEqual(insist(known).names, { 3: "Cy", 4: "Dora" }, "an older snapshot takes nothing");
  naming.settle(TALK, second, "hears");
  assert.equal(heard.length, 2);
});

test("and noted, if it never is", () => {
  const { heard, naming } = listener();
  const after = { ...rename(NOBODY, 3, "Cy"), same: { 4: 3 } };
  naming.change(TALK, { before: NOBODY, after }, "lost");
  naming.settle(TALK, after, "over");
  assert.deepEqual(heard, [["t", { speakers: { 1: "Cy" }, merged: { 2: 1 } }]]);
});

test("a file that is sent again brings the names that it had", () => {
  const { heard, naming } = listener();
  naming.introduce(TALK, rename(NOBODY, 4, "Dora"));
  assert.deepEqual(heard, [{ type: "rename", speaker: 2, name: "Dora" }]);
});

test("who of an earlier session speaks now has a number now", () => {
  const speakers = { names: {}, same: { 4: 1 } };
  assert.deepEqual(
    [1, 2, 3].map((person) => numberNow(TALK, speakers, person)),
    [2, 0, 1],
  );
});
