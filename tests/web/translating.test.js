import assert from "node:assert/strict";
import { test } from "node:test";
import { toSrt } from "../../web/modules/exporters.js";
import { hasTranslation, inTranslation } from "../../web/modules/translating.js";

/**
 * @param {string} text
 * @param {string} translation
 */
function row(text, translation) {
  const kind = /** @type {const} */ ("line");
  const fixed = { kind, speaker: 1, language: "en", words: [] };
  return { ...fixed, key: text, begin: 10, finish: 20, text, translation };
}

test("each word of a translation has its share of the line's time", () => {
  const [found] = inTranslation([row("One two.", "Eins und zwei.")], "de");
  assert.equal(found.text, "Eins und zwei.");
  assert.equal(found.language, "de");
  assert.deepEqual(
    found.words.map(({ word }) => word),
    ["Eins", " und", " zwei."],
  );
  assert.equal(found.words[0].start, 10);
  assert.equal(found.words[2].end, 20);
});

test("scripts without spaces are cut too, and a line without a translation stays as it is", () => {
  const [chinese] = inTranslation([row("One two.", "一二三")], "zh");
  assert.equal(chinese.words.length, 3);
  const plain = row("As said.", "");
  assert.equal(inTranslation([plain], "de")[0], plain);
  assert.equal(hasTranslation([plain]), false);
});

test("a cue never begins with the vowel sign or tone mark of the one before", () => {
  const [rare] = inTranslation([row("One.", "ที่𠮷")], "th");
  assert.deepEqual(
    rare.words.map(({ word }) => word),
    ["ที่", "𠮷"],
  );
  const thai = "ที่นี่มีน้ำแข็งและผู้คนที่ดีที่สุดในโลก".repeat(12);
  const srt = toSrt(inTranslation([row("Short.", thai)], "th"), { speaker: String });
  const texts = srt.split("\n\n").map((cue) => cue.split("\n").slice(2).join("").trim());
  assert.ok(texts.length > 2);
  assert.equal(texts.join(""), thai);
  for (const text of texts) assert.doesNotMatch(text, /^\p{M}/u);
});

test("long translations become several cues", () => {
  const long = "Das ist ein Satz, der viel zu lang ist, um auf einmal gelesen zu werden. ".repeat(
    3,
  );
  const srt = toSrt(inTranslation([row("Short.", long.trim())], "de"), { speaker: String });
  const cues = srt.split("\n\n");
  assert.ok(cues.length > 2);
  assert.match(cues[0], /00:00:10,000 --> /);
});
