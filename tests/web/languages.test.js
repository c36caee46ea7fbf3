/** Every language that can be spoken has a name, whatever the browser knows. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { LANGUAGES, languageName } from "../../web/modules/languages.js";
import { TABLES } from "../../web/strings.js";

/**
 * @param {Record<string, unknown>} known  What the browser calls them; others get their code.
 * @param {() => void} check
 */
function withBrowser(known, check) {
  const own = Intl.DisplayNames.prototype.of;
  Intl.DisplayNames.prototype.of = (code) => /** @type {string} */ (known[code] ?? code);
  try {
    check();
  } finally {
    Intl.DisplayNames.prototype.of = own;
  }
}

for (const interfaceLanguage of Object.keys(TABLES)) {
  test(`${interfaceLanguage}: no language is called by its code`, () => {
    withBrowser({}, () => {
      for (const code of ["ba", "bo"]) assert.notEqual(languageName(code, interfaceLanguage), code);
    });
    for (const code of LANGUAGES) assert.notEqual(languageName(code, interfaceLanguage), code);
  });
}

test("what the browser calls a language comes first", () => {
  withBrowser({ bo: "Standard Tibetan" }, () => {
    assert.equal(languageName("bo", "en"), "Standard Tibetan");
    assert.equal(languageName("ba", "en"), "Bashkir");
  });
});

test("a code that nobody can name is said as it is", () => {
  assert.equal(languageName("zz", "en"), "zz");
  assert.equal(languageName("not a code", "en"), "not a code");
});
