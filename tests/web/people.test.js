import assert from "node:assert/strict";
import { test } from "node:test";
import {
  beginPart,
  clear,
  currentPart,
  emptyConversation,
  receive,
  rows,
  undoClear,
} from "../../web/modules/conversation.js";
import {
  countings,
  learned,
  moved,
  placeOf,
  ranges,
  speakersIn,
  together,
} from "../../web/modules/people.js";
import { restored } from "../../web/modules/restoring.js";
import { noSpeakers, rename, withPeople } from "../../web/modules/speakers.js";
import { line, snapshot } from "./samples.js";

/** @import { Conversation } from "../../web/modules/conversation.js" */
/** @import { Live } from "../../web/modules/wire.js" */
/** @import { Speakers } from "../../web/modules/speakers.js" */

/** @typedef {{conversation: Conversation, speakers: Speakers}} Talk */

const SALLY = { voice: "v_s", name: "Sally", similarity: 0.9 };
const ROBERT = { voice: "v_r", name: "Robert", similarity: 0.9 };

/**
 * @param {Talk} talk
 * @param {number[]} voices  Who speaks, one line each.
 * @param {Partial<Live>} [told]
 * @returns {Talk}
 */
function session({ conversation, speakers }, voices, told = {}) {
  const diarized = voices.length > 0 && voices.every((voice) => voice > 0);
  const begun = beginPart(conversation, { session: "s", offset: 0, diarized });
  const said = voices.map((speaker, id) => line(id, `${id}`, { speaker: speaker || 1 }));
  const now = receive(begun, snapshot(said, told));
  const [a, b] = [currentPart(begun), currentPart(now)];
  assert.ok(a && b);
  return { conversation: now, speakers: learned(speakers, a, b) };
}

/** @type {Talk} */
const nothing = { conversation: emptyConversation(), speakers: noSpeakers() };

/** @param {Talk} talk */
function who({ conversation, speakers }) {
  const spoken = rows(conversation).filter(({ kind }) => kind === "line");
  const shown = withPeople(spoken, speakers);
  return shown.map(({ speaker }) => speakers.names[speaker] ?? speaker);
}

test("a second session's speakers are other people", () => {
  const first = session(nothing, [1, 2]);
  const named = { ...first, speakers: rename(first.speakers, 1, "Ann") };
  const second = session(named, [1, 2], { speakers: { 2: "Bob" } });
  assert.deepEqual(who(second), ["Ann", 2, 3, "Bob"]);
  const merged = session(named, [1, 2], { merged: { 2: 1 } });
  assert.deepEqual(who(merged), ["Ann", 2, 3, 3]);
});

test("a voice that was known in both sessions is one person", () => {
  const first = session(nothing, [1, 2], {
    speakers: { 1: "Sally", 2: "Robert" },
    recognized: { 1: SALLY, 2: ROBERT },
  });
  const second = session(first, [1, 2], { speakers: { 1: "Robert" }, recognized: { 1: ROBERT } });
  assert.deepEqual(who(second), ["Sally", "Robert", "Robert", 4]);
  assert.deepEqual(Object.keys(second.speakers.recognized ?? {}), ["1", "2", "3"]);
  const renamed = { ...second, speakers: rename(second.speakers, 2, "Bob") };
  assert.deepEqual(who(renamed), ["Sally", "Bob", "Bob", 4]);
  const told = ranges(second.conversation.parts).map((range) =>
    speakersIn(renamed.speakers, range),
  );
  assert.deepEqual(
    told.map(({ names }) => names),
    [{ 1: "Sally", 2: "Bob" }, { 1: "Bob" }],
  );
});

test("everybody is counted from 1 in their own session", () => {
  const { parts } = session(session(nothing, [1, 2]), [1]).conversation;
  const counted = countings(parts);
  assert.deepEqual(
    [1, 2, 3].map((voice) => placeOf(counted, voice).number),
    [1, 2, 1],
  );
});

test("each session is told of its own speakers, by its own numbers", () => {
  const { conversation } = session(session(nothing, [1, 2]), [1, 2, 3]);
  const speakers = { names: { 1: "Ann", 3: "Cy" }, same: { 4: 1, 5: 3, 2: 1 } };
  const told = ranges(conversation.parts).map((range) => speakersIn(speakers, range));
  assert.deepEqual(told, [
    { names: { 1: "Ann" }, same: { 2: 1 } },
    { names: { 1: "Cy", 2: "Ann" }, same: { 3: 1 } },
  ]);
});

test("where nobody is told apart, every session has the one speaker", () => {
  assert.deepEqual(who(session(session(nothing, [0]), [0])), [1, 1]);
  assert.deepEqual(who(session(session(nothing, [1, 2]), [0])), [1, 2, 3]);
});

test("a session after rows that were brought back counts on", () => {
  const { conversation } = session(nothing, [1, 2]);
  const back = { conversation: restored(rows(conversation)), speakers: noSpeakers() };
  assert.deepEqual(who(session(back, [1])), [1, 2, 3]);
});

test("what was cleared comes back with its people", () => {
  const first = session(nothing, [1, 2], { speakers: { 1: "Ann" } });
  const cleared = { conversation: clear(first.conversation, false), speakers: noSpeakers() };
  const second = session(cleared, [1], { speakers: { 1: "Bob" } });
  assert.deepEqual(who(second), ["Bob"]);
  const conversation = undoClear(second.conversation);
  const speakers = together(first.speakers, moved(second.speakers, 2));
  assert.deepEqual(who({ conversation, speakers }), ["Ann", 2, "Bob"]);
});
