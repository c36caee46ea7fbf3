import assert from "node:assert/strict";
import { test } from "node:test";
import { Loss, languageToAsk, SyncGuard } from "../../web/modules/recovery.js";

test("a lost session is asked for until another has taken its place", () => {
  const loss = new Loss();
  assert.equal(loss.ask(), null);
  assert.equal(loss.isResumedBy("s"), false);
  loss.happened({ session: "s", seq: 4 });
  assert.deepEqual(loss.ask(), { session: "s", seq: 4 });
  assert.equal(loss.isResumedBy("s"), true);
  assert.equal(loss.isResumedBy("t"), false);
  assert.deepEqual(loss.ask(), { session: "s", seq: 4 }, "the server may still be away");
  assert.equal(loss.lost, true, "until something takes its place");
  loss.over();
  assert.equal(loss.ask(), null);
  assert.equal(loss.lost, false);
});

test("one resync is asked for, and a server that does not answer is left", () => {
  const guard = new SyncGuard();
  const answers = [
    guard.check(true, 1),
    guard.check(false, 100),
    guard.check(false, 200),
    guard.check(false, 5200),
  ];
  assert.deepEqual(answers, ["wait", "ask", "wait", "leave"]);
  guard.check(true, 5300);
  assert.equal(guard.check(false, 5400), "ask");
});

test("a language is asked for unless it may be why we were refused", () => {
  assert.equal(languageToAsk("de", undefined, false), "de");
  assert.equal(languageToAsk("de", undefined, true), "auto");
  assert.equal(languageToAsk("de", ["de", "en"], true), "de");
  assert.equal(languageToAsk("de", ["en"], false), "auto");
  assert.equal(languageToAsk("", ["en"], true), "");
});
