/** Small laws of the page: what it remembers, where it scrolls, what it says and asks for. */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { followNext } from "../../web/modules/follow.js";
import { borrowKey, lendKey, lentKey, loadKey, saveKey } from "../../web/modules/keys.js";
import {
  DEFAULTS,
  followLink,
  linkTo,
  loadPreferences,
  savePreferences,
} from "../../web/modules/preferences.js";
import { overlayAddress, serverBase, takeKey } from "../../web/modules/server-address.js";
import { watchAddress } from "../../web/modules/viewing.js";
import { liveUrl } from "../../web/modules/wire.js";
import { STRINGS } from "../../web/strings.js";

const WEB = new URL("../../web/", import.meta.url);

test("the live address is relative to the page", () => {
  const url = new URL(liveUrl("https://host/captions/?x=1", { language: "de" }));
  assert.equal(url.protocol, "wss:");
  assert.equal(url.pathname, "/captions/asr");
  assert.equal(url.searchParams.get("language"), "de");
  assert.equal(url.searchParams.get("mode"), "diff");
  assert.equal(url.searchParams.has("session"), false);
  const again = new URL(liveUrl("http://host/", { resume: { session: "s 1", seq: 7 } }));
  assert.equal(again.protocol, "ws:");
  assert.equal(again.searchParams.get("session"), "s 1");
  assert.equal(again.searchParams.get("seq"), "7");
});

test("the reader decides whether the page follows", () => {
  const end = { top: 900, height: 1000, view: 100 };
  assert.equal(followNext(true, end, { ...end, top: 895 }), false, "even a small step up");
  assert.equal(followNext(false, { ...end, top: 500 }, { ...end, top: 600 }), false);
  assert.equal(followNext(false, { ...end, top: 800 }, end), true);
  const shrunk = { top: 880, height: 980, view: 100 };
  assert.equal(followNext(true, end, shrunk), true, "a shorter line is not a wish");
  const turned = { top: 700, height: 1400, view: 60 };
  assert.equal(followNext(true, end, turned), true, "nor is a turned phone");
  assert.equal(followNext(false, { ...end, top: 300 }, turned), false);
});

/** @param {string | null} content */
function storeOf(content) {
  return {
    content,
    getItem() {
      return this.content;
    },
    /**
     * @param {string} _key
     * @param {string} value
     */
    setItem(_key, value) {
      this.content = value;
    },
  };
}

test("preferences survive a visit, and nothing found in storage can break the page", () => {
  const store = storeOf(null);
  const chosen = { ...DEFAULTS, theme: /** @type {const} */ ("dark"), size: 5, language: "de" };
  savePreferences(store, chosen);
  assert.deepEqual(loadPreferences(store), chosen);
  for (const junk of ["", "null", "[]", '{"size": 99, "theme": "pink", "device": 3}', "{"]) {
    const found = loadPreferences(storeOf(junk));
    assert.ok(found.size >= 0 && found.size <= 6);
    assert.equal(found.theme, "system");
    assert.equal(found.device, "");
  }
  const forbidden = {
    getItem() {
      throw new Error("denied");
    },
    setItem() {
      throw new Error("denied");
    },
  };
  savePreferences(forbidden, chosen);
  assert.deepEqual(loadPreferences(forbidden), DEFAULTS);
});

test("a link says what may be shared, and is said once", () => {
  const mine = { ...DEFAULTS, size: 5, times: false, ui: "fr", device: "d", server: "s" };
  const link = linkTo(mine, "https://host/app/?token=secret#x");
  assert.equal(link, "https://host/app/?size=5&times=0&ui=fr");
  const { preferences, address } = followLink(DEFAULTS, `${link}&token=t&key=k&server=evil&keep=0`);
  assert.deepEqual(preferences, { ...DEFAULTS, size: 5, times: false, ui: "fr" });
  assert.equal(address, "https://host/app/?token=t&key=k&server=evil&keep=0");
  assert.deepEqual(followLink(mine, "https://host/").preferences, mine);
  assert.deepEqual(followLink(DEFAULTS, "https://host/?size=x&theme=pink").preferences, DEFAULTS);
});

test("a key is for one server, and outlives the tab only if that is wished", () => {
  const [tab, lasting] = [storeOf(null), storeOf(null)];
  const places = { tab, lasting };
  assert.deepEqual(loadKey(places, "https://a/"), { key: "", remembered: false });
  saveKey(places, "https://a/", { key: "secret", remembered: false });
  assert.deepEqual(loadKey(places, "https://a/"), { key: "secret", remembered: false });
  assert.equal(loadKey(places, "https://b/").key, "");
  assert.doesNotMatch(lasting.content ?? "", /secret/);
  saveKey(places, "https://a/", { key: "secret", remembered: true });
  assert.deepEqual(loadKey({ ...places, tab: storeOf(null) }, "https://a/"), {
    key: "secret",
    remembered: true,
  });
  borrowKey(places, "https://a/", "lent");
  assert.equal(loadKey(places, "https://a/").key, "lent");
  assert.equal(loadKey({ ...places, tab: storeOf(null) }, "https://a/").key, "secret");
  saveKey(places, "https://a/", { key: "", remembered: false });
  assert.doesNotMatch(`${tab.content} ${lasting.content}`, /secret/);
  assert.equal(loadKey({ ...places, lasting: storeOf("[3") }, "https://a/").key, "");
});

test("a key that an address brings is taken out of it", () => {
  assert.deepEqual(takeKey("https://a/?watch=s&token=k#x"), {
    key: "k",
    behind: false,
    address: "https://a/?watch=s#x",
  });
  assert.deepEqual(takeKey("https://a/"), { key: "", behind: false, address: "https://a/" });
  assert.equal(takeKey("https://a/#transcript").address, "https://a/#transcript");
  const link = watchAddress("https://a/app/?x=1#y", "s 1", "ek_a-b.c_d");
  assert.equal(link, "https://a/app/?watch=s+1#token=ek_a-b.c_d");
  assert.deepEqual(takeKey(link), {
    key: "ek_a-b.c_d",
    behind: true,
    address: "https://a/app/?watch=s+1",
  });
  assert.doesNotMatch(takeKey(`${link}&token=2`).address, /ek_|2/);
  assert.doesNotMatch(takeKey("https://a/?token=k1#token=k2").address, /k1|k2/);
});

test("a key that a link brought is for its session in this tab, and leaves the others alone", () => {
  /** @type {Record<string, string>} */
  const kept = {};
  const tab = {
    getItem: (/** @type {string} */ name) => kept[name] ?? null,
    setItem: (/** @type {string} */ name, /** @type {string} */ value) => {
      kept[name] = value;
    },
  };
  const places = { tab, lasting: storeOf(null) };
  saveKey(places, "https://a/", { key: "own", remembered: false });
  lendKey(places, "https://a/", "monday", "lent");
  assert.equal(lentKey(places, "https://a/", "monday"), "lent");
  assert.equal(lentKey(places, "https://a/", "tuesday"), "");
  assert.equal(lentKey(places, "https://a/", ""), "");
  assert.equal(lentKey(places, "https://b/", "monday"), "");
  assert.equal(loadKey(places, "https://a/").key, "own");
  lendKey(places, "https://a/", "monday", "");
  assert.equal(lentKey(places, "https://a/", "monday"), "");
});

test("a server's address, however it is written", () => {
  const page = "https://page.example/?watch=t#x";
  const base = (/** @type {string} */ server) => serverBase(server, page);
  assert.equal(base(""), "https://page.example/");
  assert.equal(base(" host:8000 "), "https://host:8000/");
  assert.equal(base("ws://host/captions/asr?token=k"), "http://host/captions/");
  assert.equal(base("wss://host/captions"), "https://host/captions/");
  assert.equal(base("javascript://host"), base(""));
  assert.equal(base("::"), base(""));
  const overlay = overlayAddress(base("host"));
  assert.equal(overlay, "https://host/overlay?session=latest&lines=2&size=48");
  const named = new URL(overlayAddress(base("host"), "s 1"));
  assert.equal(named.searchParams.get("session"), "s 1");
  const here = new URL(overlayAddress(serverBase("localhost:1", page), "s 1"));
  assert.equal(here.searchParams.get("session"), "latest");
});

test("every word the page wants is in the table, and every one there is wanted", () => {
  const html = readFileSync(new URL("index.html", WEB), "utf-8");
  const inHtml = [...html.matchAll(/data-(?:text|label|placeholder)="(\w+)"/g)].map(
    (match) => match[1],
  );
  for (const key of inHtml) assert.ok(key in STRINGS, key);
  const code = sources().map((path) => readFileSync(new URL(path, WEB), "utf-8"));
  const everything = [html, ...code].join("\n");
  for (const key of Object.keys(STRINGS)) {
    const base = key.replace(/Title$/, "");
    assert.match(everything, new RegExp(`\\b(${key}|${base})\\b`), `nobody says ${key}`);
  }
});

test("whatever the documents and the manifest point at is there", () => {
  const manifest = JSON.parse(readFileSync(new URL("manifest.webmanifest", WEB), "utf-8"));
  const icons = manifest.icons.map((/** @type {{src: string}} */ { src }) => src);
  const documents = ["index.html", "overlay.html"].map((name) =>
    readFileSync(new URL(name, WEB), "utf-8"),
  );
  const named = documents.flatMap((html) =>
    [...html.matchAll(/(?:href|src)="web\/([^"]+)"/g)].map((match) => match[1]),
  );
  for (const path of [...icons, ...named]) assert.ok(existsSync(new URL(path, WEB)), path);
  assert.equal(new URL(manifest.start_url, "http://host/app/web/x").pathname, "/app/");
});

test("no markup is ever made from text", () => {
  for (const path of sources()) {
    const code = readFileSync(new URL(path, WEB), "utf-8");
    assert.doesNotMatch(code, /innerHTML|outerHTML|insertAdjacentHTML|document\.write/, path);
  }
});

test("modules under modules/ know nothing of the page", () => {
  for (const path of sources().filter((name) => name.startsWith("modules/"))) {
    const code = readFileSync(new URL(path, WEB), "utf-8");
    assert.doesNotMatch(code, /\b(document|window|navigator|localStorage)\b/, path);
    for (const [, from] of code.matchAll(/ from "(.+)"/g)) {
      assert.match(from, /^\.\/[\w-]+\.js$/, path);
    }
  }
});

function sources() {
  const names = /** @type {string[]} */ (readdirSync(WEB, { recursive: true }));
  return names.filter((name) => name.endsWith(".js") && !name.startsWith("strings"));
}
