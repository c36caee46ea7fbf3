/** The extension's pure parts: one transcript out of two channels, and where the server is. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { captionsOf } from "../../chrome-extension/feed/captions.js";
import { growingOf, merge, placed, speakerName } from "../../chrome-extension/feed/merge.js";
import { RowReceiver, RowSender } from "../../chrome-extension/feed/rows.js";
import { DEFAULTS, readSettings, serverAddress } from "../../chrome-extension/settings.js";
import { WORD_TABLES, WORDS } from "../../chrome-extension/words.js";
import { emptyTranscript } from "../../web/modules/transcript.js";
import { STRINGS, TABLES } from "../../web/strings.js";

/** @import { Row } from "../../web/modules/conversation.js" */

const TAB = { name: /** @type {const} */ ("tab"), number: 1, offset: 0 };
const ME = { name: /** @type {const} */ ("me"), number: 2, offset: 30.5 };

/**
 * @param {number} id
 * @param {number} begin
 * @param {Partial<Row>} [more]
 * @returns {Row}
 */
function row(id, begin, more = {}) {
  return {
    key: `0:${id}`,
    kind: "line",
    begin,
    finish: begin + 1,
    speaker: 1,
    text: `line ${id}`,
    translation: "",
    language: "",
    words: [{ word: `line ${id}`, start: begin, end: begin + 1 }],
    ...more,
  };
}

/** @param {Row[]} rows */
const texts = (rows) => rows.map(({ text }) => text);

/**
 * @param {string} text
 * @param {number} final
 * @param {typeof TAB | typeof ME} place
 */
function growing(text, final, place) {
  const transcript = {
    ...emptyTranscript(),
    buffer_transcription: text,
    buffer_final_chars: final,
    buffer_begin: 2,
  };
  return growingOf({ offset: 0, transcript }, place);
}

test("a channel's times are moved to the recorder's clock, its words' too", () => {
  const moved = placed(row(0, 1), ME);
  assert.deepEqual([moved.begin, moved.finish], [31.5, 32.5]);
  assert.deepEqual([moved.words[0].start, moved.words[0].end], [31.5, 32.5]);
  assert.equal(growing("word", 4, ME).offset, 30.5);
  assert.equal(growing("word", 4, ME).above, 0, "its speaker is nobody else's number");
});

test("who speaks is the channel; several people in a tab stay apart", () => {
  const people = [1, 2, 3].map((speaker) => placed(row(speaker, 0, { speaker }), TAB).speaker);
  assert.deepEqual(people.map(speakerName), ["tab", "tab 2", "tab 3"]);
  const mine = [1, 2].map((speaker) => placed(row(speaker, 0, { speaker }), ME).speaker);
  assert.deepEqual(mine.map(speakerName), ["me", "me"]);
  assert.equal(new Set([...people, ...mine]).size, 4);
});

test("a row that did not change stays the same row", () => {
  const original = row(0, 1);
  assert.equal(placed(original, TAB), placed(original, TAB));
});

test("channels are merged by time, and their keys never meet", () => {
  const tab = [0, 40, 50].map((begin, id) => placed(row(id, begin), TAB));
  const me = [0, 15].map((begin, id) => placed(row(id, begin), ME));
  const merged = merge([tab, me]);
  assert.deepEqual(
    merged.map(({ begin }) => begin),
    [0, 30.5, 40, 45.5, 50],
  );
  assert.equal(new Set(merged.map(({ key }) => key)).size, 5);
});

test("a pause is shown only where nobody else could be speaking", () => {
  const silence = { kind: /** @type {const} */ ("silence"), speaker: -2, text: "" };
  const tab = [row(0, 0), row(1, 5, silence)].map((one) => placed(one, TAB));
  assert.equal(merge([tab]).length, 2);
  assert.equal(merge([tab, [placed(row(2, 3, silence), ME)]]).length, 3);
  assert.deepEqual(texts(merge([tab, [placed(row(2, 6), ME)]])), ["line 0", "line 2"]);
});

test("one lost server is one marker", () => {
  const marker = { kind: /** @type {const} */ ("marker"), text: "lost" };
  const tab = [row(0, 10, marker), row(1, 60, marker)].map((one) => placed(one, TAB));
  const me = [placed(row(2, 12, marker), { ...ME, offset: 0 })];
  assert.deepEqual(
    merge([tab, me]).map(({ begin }) => begin),
    [10, 60],
  );
});

test("another recording is marked, and speakers of each session are counted on their own", () => {
  const begun = (/** @type {number} */ n, /** @type {number} */ at) =>
    row(n, at, { kind: "marker", recording: n + 1 });
  const third = { ...TAB, numberOf: () => 2 };
  const rows = merge([
    [begun(0, 0), row(3, 1), begun(1, 5), placed(row(4, 6, { speaker: 4 }), third)],
  ]);
  assert.deepEqual(
    rows.map(({ kind, recording, speaker }) =>
      kind === "marker" ? recording : speakerName(speaker),
    ),
    ["tab", 2, "tab 2"],
  );
});

test("only changed rows travel, and the other side has the same list", () => {
  const [sender, receiver] = [new RowSender(), new RowReceiver()];
  const send = (/** @type {Row[]} */ rows) => {
    const changes = sender.changes(rows);
    receiver.receive(JSON.parse(JSON.stringify(changes)));
    return changes;
  };
  const [a, b, c] = [row(0, 0), row(1, 1), row(2, 2)];
  send([a, c]);
  assert.deepEqual(texts(receiver.rows), ["line 0", "line 2"]);
  assert.deepEqual(send([a, b, c])?.changed, [b], "a late line goes between the others");
  assert.deepEqual(texts(receiver.rows), ["line 0", "line 1", "line 2"]);
  assert.equal(send([a, b, c]), null);
  const better = { ...b, text: "better" };
  send([better, c]);
  assert.deepEqual(texts(receiver.rows), ["better", "line 2"]);
  send([]);
  assert.deepEqual(receiver.rows, []);
});

test("the page shows the last two lines, with names once there are two voices", () => {
  const rows = [row(0, 0), row(1, 1)];
  assert.deepEqual(captionsOf(rows, []).shown.at(-1), { who: "", ink: "line 1", pencil: "" });
  const { shown, said } = captionsOf(rows, [growing("hello wor", 6, ME), growing("", 0, TAB)]);
  assert.deepEqual(shown, [
    { who: "tab", ink: "line 1", pencil: "" },
    { who: "me", ink: "hello ", pencil: "wor" },
  ]);
  assert.deepEqual(
    said.map(({ text }) => text),
    ["tab: line 0", "tab: line 1"],
  );
});

test("a long caption keeps its end, cut between words where there are spaces", () => {
  const long = Array.from({ length: 60 }, (_, i) => `word${i}`).join(" ");
  const [caption] = captionsOf([row(0, 0, { text: long })], []).shown;
  assert.ok(caption.ink.length <= 100);
  assert.ok(long.endsWith(` ${caption.ink}`));
  const [chinese] = captionsOf([row(0, 0, { text: "字".repeat(300) })], []).shown;
  assert.equal(chinese.ink, "字".repeat(100));
});

test("a server's address is understood as people type it", () => {
  for (const [typed, meant] of [
    ["localhost:8000", "http://localhost:8000/"],
    [" http://127.0.0.1:8000 ", "http://127.0.0.1:8000/"],
    ["ws://host:8000/asr", "http://host:8000/"],
    ["wss://host/captions/asr/", "https://host/captions/"],
    ["https://host/captions/", "https://host/captions/"],
    ["HTTPS://Host", "https://host/"],
    ["http://[::1]:8000", "http://[::1]:8000/"],
  ]) {
    assert.equal(serverAddress(typed), meant, typed);
  }
  for (const typed of [
    "",
    "  ",
    "ftp://host",
    "javascript://x",
    "http://",
    "http://me:x@host",
    "a b",
  ]) {
    assert.equal(serverAddress(typed), null, typed);
  }
});

test("nothing found in storage can break the settings", () => {
  for (const junk of [undefined, null, [], 3, { server: "ftp://x", key: 4, overlay: "yes" }]) {
    assert.deepEqual(readSettings(junk), DEFAULTS);
  }
  const exported = { ...DEFAULTS, server: "https://host/" };
  assert.equal(readSettings({ language: "de" }, exported).server, "https://host/");
  assert.equal(readSettings({ language: "de" }, exported).language, "de");
});

test("every language has every word", () => {
  assert.deepEqual(Object.keys(WORD_TABLES).sort(), Object.keys(TABLES).sort());
  const shape = (/** @type {object} */ table) =>
    Object.entries(table).map(([key, value]) => [key, typeof value]);
  for (const [name, table] of Object.entries(WORD_TABLES)) {
    assert.deepEqual(shape(table ?? {}), shape(WORD_TABLES.en ?? {}), name);
  }
  assert.equal(STRINGS.emptyTitle, WORDS.emptyTitle, "the page's table says the extension's words");
});

test("every word that the extension's pages want is there", () => {
  for (const page of ["panel.html", "permission.html"]) {
    const html = readFileSync(new URL(`../../chrome-extension/${page}`, import.meta.url), "utf-8");
    for (const [, key] of html.matchAll(/data-(?:text|label)="(\w+)"/g))
      assert.ok(key in STRINGS, key);
  }
});
