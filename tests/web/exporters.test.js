import assert from "node:assert/strict";
import { test } from "node:test";
import { clockText, stampText } from "../../web/modules/clock.js";
import { beginPart, emptyConversation, receive, rows } from "../../web/modules/conversation.js";
import { CUE_LINE, columns } from "../../web/modules/cue-lines.js";
import { toJson, toMarkdown, toSrt, toText, toVtt } from "../../web/modules/exporters.js";
import { line, snapshot } from "./samples.js";

/** @import { Line } from "../../web/modules/wire.js" */

const LABELS = { speaker: (/** @type {number} */ n) => `S${n}` };

/** @param {Line[]} lines */
function rowsOf(...lines) {
  const part = beginPart(emptyConversation(), { session: "s", offset: 0 });
  return rows(receive(part, snapshot(lines)));
}

/**
 * @param {string} text
 * @param {number} seconds
 */
function spoken(text, seconds) {
  const words = text.split(" ");
  const step = seconds / words.length;
  return line(0, text, {
    finish: seconds,
    words: words.map((word, i) => ({ word, start: i * step, end: (i + 1) * step })),
  });
}

test("clock texts", () => {
  assert.deepEqual([0, 59.99, 60, 3723.4, -1].map(clockText), [
    "0:00",
    "0:59",
    "1:00",
    "1:02:03",
    "0:00",
  ]);
  assert.equal(stampText(3723.0456, ","), "01:02:03,046");
  assert.equal(stampText(59.9996, "."), "00:01:00.000");
  assert.equal(stampText(0.3, "."), "00:00:00.300");
});

test("text: turns are paragraphs, pauses break them", () => {
  const one = rowsOf(line(0, "a b."), line(1, "c."), line(2, null), line(3, "d."));
  assert.equal(toText(one, LABELS), "a b. c.\n\nd.\n");
  const two = rowsOf(line(0, "a."), line(1, "b.", { speaker: 2 }));
  assert.equal(toText(two, LABELS), "S1: a.\n\nS2: b.\n");
  assert.equal(toText([], LABELS), "");
});

test("markdown: turns with their names, and no text that means something else", () => {
  const markdown = toMarkdown(
    rowsOf(
      line(0, "1. a*b_c", { translation: "ü" }),
      line(1, "<b>"),
      line(2, "- d", { speaker: 2, begin: 61 }),
    ),
    LABELS,
  );
  assert.equal(
    markdown,
    "**S1** *0:00*\n\n1\\. a\\*b\\_c \\<b\\>\n\n> ü\n\n**S2** *1:01*\n\n\\- d\n",
  );
});

test("srt: numbered cues; an arrow in the text cannot end one", () => {
  const srt = toSrt(rowsOf(line(0, "a --> b"), line(1, null), line(2, "c")), LABELS);
  assert.equal(
    srt,
    "1\n00:00:00,000 --> 00:00:01,000\na → b\n\n2\n00:00:02,000 --> 00:00:03,000\nc\n",
  );
});

test("vtt: markup in the text is text", () => {
  const vtt = toVtt(rowsOf(line(0, "<b> & -->"), line(1, "x", { speaker: 2 })), LABELS);
  assert.equal(
    vtt,
    "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n<v S1>&lt;b&gt; &amp; --&gt;\n\n" +
      "00:00:01.000 --> 00:00:02.000\n<v S2>x\n",
  );
});

test("long lines become cues of two lines, cut at words, and say every word once", () => {
  const text = Array.from({ length: 60 }, (_, i) => `word${i}`).join(" ");
  const blocks = toSrt(rowsOf(spoken(text, 15)), LABELS)
    .trim()
    .split("\n\n");
  assert.ok(blocks.length >= 4);
  const cues = blocks.map((block) => block.split("\n").slice(2));
  assert.ok(cues.every((lines) => lines.length <= 2 && lines.every((l) => l.length <= CUE_LINE)));
  assert.equal(cues.flat().join(" "), text);
});

test("no line is wider than it may be, whatever the words, with a speaker's name or without", () => {
  const two = { ...LABELS, speaker: () => "Dr Maximiliane Weber", named: () => true };
  for (let length = 1; length <= 12; length++) {
    const text = Array.from({ length: 80 }, (_, i) => "x".repeat(1 + ((i * length) % 11))).join(
      " ",
    );
    for (const labels of [LABELS, two]) {
      const shown = toSrt(rowsOf(spoken(text, 20)), labels).split("\n");
      for (const row of shown) assert.ok(columns(row) <= CUE_LINE, row);
    }
  }
});

test("words of Chinese, of one character or several, fill two lines of a cue between words", () => {
  const text = "图书馆今天晚上开放".repeat(14);
  for (const size of [1, 3]) {
    const words = (text.match(new RegExp(`.{${size}}`, "gu")) ?? []).map((word, i) => ({
      word,
      start: i / 20,
      end: (i + 1) / 20,
    }));
    const cues = toSrt(rowsOf(line(0, text, { finish: 8, words })), LABELS).split("\n\n");
    const lines = cues.map((cue) => cue.trim().split("\n").slice(2));
    assert.equal(lines.flat().join(""), text);
    assert.equal(lines.length, 4);
    for (const shown of lines.flat()) assert.ok(columns(shown) <= CUE_LINE, shown);
  }
});

test("slow speech is cut by time", () => {
  const blocks = toSrt(rowsOf(spoken("a b c d e f g h i j", 20)), LABELS)
    .trim()
    .split("\n\n");
  assert.equal(blocks.length, 4);
});

test("no word of a long line stands alone for a blink", () => {
  const text =
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen";
  const srt = toSrt(rowsOf(spoken(text, 5)), LABELS);
  const texts = srt.split("\n\n").map((block) => block.trim().split("\n").slice(2).join(" "));
  assert.equal(texts.join(" "), text);
  assert.ok(Math.min(...texts.map(({ length }) => length)) > text.length / 3, srt);
});

test("a brief cue stays for a second, but not over the next", () => {
  const brief = { words: [], begin: 1, finish: 1.1 };
  const srt = toSrt(rowsOf({ ...line(0, "Yes."), ...brief }), LABELS);
  assert.match(srt, /00:00:01,000 --> 00:00:02,000/);
  const next = { ...line(1, "No."), begin: 1.5, finish: 4 };
  const both = toSrt(rowsOf({ ...line(0, "Yes."), ...brief }, next), LABELS);
  assert.match(both, /00:00:01,000 --> 00:00:01,500/);
});

test("markdown begins with its title, if it has one", () => {
  const rows = rowsOf(line(0, "Hello."));
  assert.match(toMarkdown(rows, { ...LABELS, title: "A *day*" }), /^# A \\\*day\\\*\n\n/);
  assert.doesNotMatch(toMarkdown(rows, LABELS), /#/);
});

test("cues are spaced as the line is, whatever its words bring", () => {
  const times = (/** @type {string[]} */ ...words) =>
    words.map((word, i) => ({ word, start: 4 * i, end: 4 * i + 4 }));
  const texts = (/** @type {string} */ text, /** @type {string[]} */ ...words) =>
    toSrt(rowsOf(line(0, text, { words: times(...words) })), LABELS).match(/^(?!\d).+$/gm);
  assert.deepEqual(texts("Hello world!", " Hello", " world", "!"), ["Hello", "world", "!"]);
  assert.deepEqual(texts("你好世界", "你", "好"), ["你", "好世界"]);
  assert.deepEqual(texts("a b", "a", "z"), ["a", "z"], "words the line does not have");
});

test("json: segments with their words and the whole text", () => {
  const words = [{ word: "a", start: 0, end: 1 }];
  const { text, speakers, segments } = JSON.parse(
    toJson(rowsOf(line(0, "a", { words }), line(1, null), line(2, "b")), LABELS),
  );
  assert.equal(text, "a b");
  assert.deepEqual(speakers, { 1: "S1" });
  assert.deepEqual(segments[0], { begin: 0, finish: 1, speaker: 1, text: "a", words });
  assert.equal("words" in segments[1], false);
});

test("one speaker who has a name is named in every format", () => {
  const one = rowsOf(line(0, "a."), line(1, "b."));
  const labels = { speaker: () => "Ada", named: (/** @type {number} */ n) => n === 1 };
  assert.equal(toText(one, labels), "Ada: a. b.\n");
  assert.match(toMarkdown(one, labels), /^\*\*Ada\*\* \*0:00\*/u);
  assert.match(toSrt(one, labels), /\nAda: a\.\n/u);
  assert.match(toVtt(one, labels), /\n<v Ada>a\.\n/u);
  assert.doesNotMatch(toText(one, { ...labels, named: () => false }), /Ada/u);
});
