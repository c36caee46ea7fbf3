/** What a reader is told to do, and when there is nothing to tell. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { initialState } from "../../web/live/state.js";
import { beginPart, emptyConversation } from "../../web/modules/conversation.js";
import { STRINGS } from "../../web/strings.js";
import { adviceFor, watchAdvice, watchLink } from "../../web/views/advice-view.js";

/** @import { State } from "../../web/live/state.js" */

const READ = beginPart(emptyConversation(), { session: "s", offset: 0, diarized: false });

/**
 * @param {Partial<State>} changes
 * @returns {State}
 */
function stateOf(changes) {
  return { ...initialState(null), phase: "live", ...changes };
}

/** @param {string} code */
function obstacle(code) {
  return { code, message: "", retryAfter: 0 };
}

test("what keeps the server away stays said while it is asked again", () => {
  const full = { obstacle: obstacle("too_many_sessions") };
  const waiting = adviceFor(stateOf({ ...full, link: "waiting", retryMs: 4200 }), false);
  const asking = adviceFor(stateOf({ ...full, link: "connecting", retryMs: 0 }), false);
  assert.equal(waiting?.title, STRINGS.fullTitle);
  assert.equal(waiting?.wait, STRINGS.againIn(5));
  assert.deepEqual({ ...asking, wait: "" }, { ...waiting, wait: "" });
  assert.equal(adviceFor(stateOf({ ...full, link: "open" }), false), null);
});

test("after Stop nobody is told that it still records", () => {
  for (const code of ["away", "too_many_sessions", "overloaded", "server_restart", "else"]) {
    const state = stateOf({ phase: "stopping", link: "waiting", obstacle: obstacle(code) });
    const text = adviceFor(state, false)?.text ?? "";
    assert.ok(!text.includes("Recording continues"), text);
    assert.match(text, /the rest of the recording is sent/i);
  }
});

test("a reader is told one thing", () => {
  const gone = { obstacle: obstacle("unknown_session"), wasOpen: true };
  for (const link of /** @type {const} */ (["waiting", "connecting"])) {
    const state = stateOf({ ...gone, link });
    assert.equal(watchAdvice(state)?.title, STRINGS.noSessionTitle);
    assert.equal(watchLink(state).text, STRINGS.linkMissing);
    const stored = { ...state, conversation: READ };
    assert.equal(watchAdvice(stored)?.title, STRINGS.interruptedTitle);
    assert.equal(watchLink(stored).text, STRINGS.cutShort);
  }
});

test("who is shut out does not read that the session has ended", () => {
  const shut = stateOf({ phase: "idle", problem: "shareOver" });
  assert.equal(watchLink(shut).text, STRINGS.linkApart);
  assert.equal(watchAdvice(shut)?.text, STRINGS.shareOver);
  const reading = { ...shut, conversation: READ };
  assert.equal(watchLink(reading).text, STRINGS.linkApart);
  assert.equal(watchAdvice(reading)?.text, STRINGS.shareOverReading);
  assert.equal(watchAdvice(reading)?.title, STRINGS.shareOverTitle);
  const over = stateOf({ phase: "idle", conversation: READ });
  assert.equal(watchLink(over).text, STRINGS.linkOver);
  assert.equal(watchAdvice(over), null);
  assert.equal(watchLink(stateOf({ phase: "idle" })).text, STRINGS.linkAwaiting);
});

test("a connection that never was is not made again", () => {
  const away = { obstacle: obstacle("away"), link: /** @type {const} */ ("waiting") };
  assert.equal(watchLink(stateOf(away)).text, STRINGS.linkConnecting);
  assert.equal(watchLink(stateOf({ ...away, wasOpen: true })).text, STRINGS.linkLost);
});
