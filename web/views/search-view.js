/**
 * A search field over the transcript: marks every match and goes from one to the next.
 *
 * @import { Row } from "../modules/conversation.js"
 * @import { Match } from "../modules/search.js"
 * @import { TranscriptView } from "./transcript-view.js"
 */

import { findAll } from "../modules/search.js";
import { STRINGS } from "../strings.js";
import { byId, setText } from "./dom.js";
import { rangeOf, setMarks } from "./marks.js";

/** @param {{rows: () => Row[], transcript: TranscriptView}} options */
export function mountSearch({ rows, transcript }) {
  const form = byId("search");
  const field = /** @type {HTMLInputElement} */ (byId("search-field"));
  const button = byId("search-open");
  /** @type {Match[]} */
  let matches = [];
  let now = 0;
  let searched = "";
  /** @type {Row[]} */
  let seen = [];

  const show = () => {
    const marked = matches.map((match) => {
      const text = transcript.textOf(match.key);
      return text ? rangeOf(text, match) : null;
    });
    setMarks(
      "found",
      marked.filter((range) => range !== null),
    );
    const current = marked[now];
    setMarks("found-now", current ? [current] : []);
    const count = matches.length > 0 ? STRINGS.matchOf(now + 1, matches.length) : STRINGS.noMatch;
    setText(byId("search-count"), field.value.trim() === "" ? "" : count);
  };

  const reveal = () => {
    const text = matches[now] && transcript.textOf(matches[now].key);
    text?.parentElement?.scrollIntoView({ block: "center" });
  };

  const search = () => {
    searched = field.value;
    seen = rows();
    matches = findAll(seen, searched);
  };

  /** @param {number} step */
  const go = (step) => {
    if (matches.length > 0) now = (now + step + matches.length) % matches.length;
    show();
    reveal();
  };

  const open = () => {
    form.hidden = false;
    button.ariaExpanded = "true";
    field.select();
    render();
  };

  const close = () => {
    if (form.hidden) return;
    const focused = form.contains(document.activeElement);
    form.hidden = true;
    button.ariaExpanded = "false";
    setMarks("found", []);
    setMarks("found-now", []);
    seen = [];
    if (focused) button.focus();
  };

  button.addEventListener("click", () => (form.hidden ? open() : close()));
  byId("search-close").addEventListener("click", close);
  byId("search-back").addEventListener("click", () => go(-1));
  byId("search-on").addEventListener("click", () => go(1));
  field.addEventListener("input", () => {
    search();
    now = 0;
    go(0);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    if (event.key === "Enter" && event.target === field) go(event.shiftKey ? -1 : 1);
  });

  /** The transcript goes on while one searches in it. */
  function render() {
    if (form.hidden || (seen === rows() && searched === field.value)) return;
    search();
    now = Math.max(0, Math.min(now, matches.length - 1));
    show();
  }

  return { open, close, render };
}
