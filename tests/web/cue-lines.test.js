import assert from "node:assert/strict";
import { test } from "node:test";
import { CUE_LINE, columns, wrap } from "../../web/modules/cue-lines.js";

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

test("text with spaces is broken at the one nearest to its middle", () => {
  const text = "Tonight we want to talk about the library, and about what it could become.";
  assert.equal(
    wrap(text),
    "Tonight we want to talk about the\nlibrary, and about what it could become.",
  );
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
