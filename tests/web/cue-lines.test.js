import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { CUE_LINE, columns, fits, wrap } from "../../web/modules/cue-lines.js";

const FILE = new URL("../vectors/cue_lines.json", import.meta.url);
const VECTORS = existsSync(FILE) && JSON.parse(readFileSync(FILE, "utf-8"));
const CHINESE = "我们今天想谈谈图书馆，以及它可以变成什么样子，还有每周应该开放几个晚上的问题。";
const THAI = "วันนี้เราอยากพูดถึงห้องสมุดและสิ่งที่มันอาจจะกลายเป็นในอนาคตข้างหน้า";

test("an Asian character is two columns wide, an accent none", () => {
  assert.deepEqual(
    ["", "abc", "图书馆", "ガ。", "한국", "e\u0301", "ที่"].map(columns),
    [0, 3, 6, 4, 4, 1, 1],
  );
});

test("what fits on a line stays on it", () => {
  const text = "x".repeat(CUE_LINE);
  assert.equal(wrap(text), text);
  assert.equal(wrap("图".repeat(CUE_LINE / 2)), "图".repeat(CUE_LINE / 2));
});

test("text with spaces is broken as the server breaks it", {
  skip: !VECTORS && "no vectors",
}, () => {
  for (const { text, lines } of VECTORS) assert.deepEqual(wrap(text).split("\n"), lines);
});

test("what fits has lines that are narrow enough", () => {
  const word = "x".repeat(20);
  assert.ok(fits(`${word} ${word}x ${word} ${word}x`));
  assert.ok(!fits(`${word} ${word}xx ${word} ${word}x`));
  assert.ok(!fits(`${word} ${word} ${word} ${word} y`.repeat(2)));
});

test("text without spaces is broken between its words, and no line begins with a full stop", () => {
  for (const text of [CHINESE, THAI]) {
    const lines = wrap(text).split("\n");
    assert.equal(lines.length, 2);
    assert.equal(lines.join(""), text);
    for (const line of lines) assert.ok(columns(line) <= CUE_LINE, line);
    assert.match(lines[1], /^[^，。\p{M}]/u);
  }
  const edge = `${"图".repeat(21)}，${"书".repeat(20)}`;
  assert.ok(!wrap(edge).split("\n")[1].startsWith("，"));
});

test("a word that is too long for a line is not broken", () => {
  const text = "x".repeat(CUE_LINE + 1);
  assert.equal(wrap(text), text);
});
