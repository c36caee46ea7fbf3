import assert from "node:assert/strict";
import { test } from "node:test";
import { Notes } from "../../web/live/notes.js";
import { Refusal } from "../../web/live/server.js";

test("notes go one after the other, and a refusal stops none", async () => {
  /** @type {unknown[]} */
  const written = [];
  const notes = new Notes({
    edit: async (id, { title }) => {
      await new Promise((resolve) => setTimeout(resolve, title === "slow" ? 20 : 0));
      written.push([id, title]);
      if (title === "slow")
        throw new Refusal({ code: "missing_scope", message: "", retryAfter: 0 });
      return /** @type {any} */ ({});
    },
  });
  notes.add("a", { title: "slow" });
  await notes.add("b", { title: "quick" });
  assert.deepEqual(written, [
    ["a", "slow"],
    ["b", "quick"],
  ]);
});

test("a note waits for a server that is away", async () => {
  /** @type {string[]} */
  const tried = [];
  const library = {
    edit: async (/** @type {string} */ id) => {
      tried.push(id);
      if (tried.length < 3) throw new Refusal({ code: "away", message: "", retryAfter: 0 });
      return /** @type {any} */ ({});
    },
  };
  const notes = new Notes(library, async () => {});
  notes.add("a", {});
  await notes.add("b", {});
  assert.deepEqual(tried, ["a", "a", "a", "b"]);
});
