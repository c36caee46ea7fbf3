import assert from "node:assert/strict";
import { test } from "node:test";
import { OVERLAY_DEFAULTS, readOverlay } from "../../web/modules/overlay-options.js";
import {
  newestSession,
  ownHost,
  viewerUrl,
  watchAddress,
  watchedSession,
} from "../../web/modules/viewing.js";

test("an overlay's address says how it looks", () => {
  assert.deepEqual(readOverlay(""), OVERLAY_DEFAULTS);
  const chosen = readOverlay(
    "?session=s1&lines=3&size=30&font=Georgia&color=fc0&background=00000099&align=left" +
      "&position=top&shadow=no&speakers=1&translation=only&interim=false&hold=0",
  );
  assert.deepEqual(chosen, {
    session: "s1",
    lines: 3,
    size: 30,
    font: "Georgia",
    color: "#fc0",
    background: "#00000099",
    align: "start",
    position: "top",
    shadow: false,
    speakers: true,
    translation: "only",
    interim: false,
    hold: 0,
  });
});

test("what it does not understand is as if it were not there", () => {
  const junk = "?session=&lines=many&size=&color=&align=constructor&shadow=perhaps&hold=-4";
  assert.deepEqual(readOverlay(junk), { ...OVERLAY_DEFAULTS, hold: 0 });
  assert.equal(readOverlay("?lines=999&size=1").lines, 20);
  assert.equal(readOverlay("?lines=999&size=1").size, 8);
});

test("the newest session", () => {
  assert.equal(newestSession([]), null);
  const sessions = [
    { id: "a", started: "2026-01-01T00:00:01Z" },
    { id: "c", started: "2026-01-01T00:00:03Z" },
    { id: "b", started: "2026-01-01T00:00:02Z" },
  ];
  assert.equal(newestSession(sessions), "c");
  assert.equal(
    newestSession([
      { id: "x", started: 9 },
      { id: "y", started: 10 },
    ]),
    "y",
  );
  assert.equal(newestSession([{ id: "x" }, { id: "y" }]), "y", "the last listed");
});

test("a viewer's address", () => {
  const url = new URL(viewerUrl("https://host/path/overlay?lines=3", "a b"));
  assert.equal(url.href.split("?")[0], "wss://host/path/asr");
  assert.deepEqual(Object.fromEntries(url.searchParams), {
    session: "a b",
    role: "viewer",
    mode: "diff",
  });
});

test("a link to read along names the session and holds no key", () => {
  const link = watchAddress("https://example.org/captions/?token=secret&size=3#x", "a b");
  assert.equal(link, "https://example.org/captions/?watch=a+b");
  assert.equal(watchedSession(link), "a b");
  assert.equal(watchedSession("https://example.org/"), "");
  assert.equal(watchedSession("https://example.org/?watch=%20"), "");
});

test("an address that means another computer at everybody's", () => {
  for (const host of ["127.0.0.1", "localhost", "captions.localhost", "[::1]", "127.1.2.3"]) {
    assert.equal(ownHost(`http://${host}:8000/?watch=a`), host);
  }
  for (const host of ["captions", "192.168.1.20", "127.example.org", "mylocalhost", "[fe80::1]"]) {
    assert.equal(ownHost(`https://${host}/`), "");
  }
});
