/** Every language says everything, and says it with the same facts. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseInterface } from "../../web/modules/interface.js";
import { TABLES } from "../../web/strings.js";

const { en, ...others } = TABLES;

for (const [name, table] of Object.entries(others)) {
  test(`${name}: every key of the table, and no other`, () => {
    assert.deepEqual(Object.keys(table).sort(), Object.keys(en).sort());
  });

  test(`${name}: nothing is empty, and every fact is told`, () => {
    for (const [key, say] of Object.entries(table)) {
      const original = /** @type {any} */ (en)[key];
      assert.equal(typeof say, typeof original, key);
      if (typeof say !== "function") {
        assert.notEqual(String(say).trim(), "", key);
        continue;
      }
      assert.equal(say.length, original.length, key);
      const facts = ["73", "98"].slice(0, original.length);
      const text = /** @type {any} */ (say)(...facts);
      for (const fact of facts) assert.ok(text.includes(fact), `${key}: ${text}`);
    }
  });

  test(`${name}: no sentence was left in English`, () => {
    const same = Object.keys(table).filter((key) => {
      const text = /** @type {any} */ (table)[key];
      return typeof text === "string" && text === /** @type {any} */ (en)[key];
    });
    const shared = ["pause", "server", "start", "direction", "source", "microphones", "position"];
    const words = ["themeSystem", "speakerName", "linkLive", "sound", "transcript"];
    assert.deepEqual(
      same.filter((key) => ![...shared, ...words].includes(key)),
      [],
    );
  });
}

test("the reader's first language that the page has", () => {
  const offered = /** @type {const} */ (["en", "fr", "zh"]);
  assert.equal(chooseInterface(["", "sv", "zh-TW", "fr"], offered), "zh");
  assert.equal(chooseInterface(["FR-ca"], offered), "fr");
  assert.equal(chooseInterface(["english"], offered), "en");
  assert.equal(chooseInterface([], offered), "en");
});
