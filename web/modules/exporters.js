/**
 * Rows of a conversation as files: plain text, Markdown, SRT, WebVTT and JSON.
 *
 * @import { Row } from "./conversation.js"
 * @import { Word } from "./wire.js"
 *
 * @typedef {object} Labels
 * @property {(person: number) => string} speaker  For files that run on: nobody else is called so.
 * @property {(person: number) => boolean} [named]  Whether that is a name, more than a number.
 * @property {(person: number, voice: number) => string} [here]  Under the heading of a recording.
 * @property {(number: number) => string} [recording]  Such a heading.
 * @property {string} [title]
 *
 * @typedef {{begin: number, finish: number, speaker: number, text: string}} Cue
 * @typedef {{name: string, type: string, write: (rows: Row[], labels: Labels) => string}} Format
 */

import { clockText, stampText } from "./clock.js";
import { columns, fits, joined, wrap } from "./cue-lines.js";
import { wordSpans } from "./words.js";

const CUE_SECONDS = 7;
const SHORTEST_SECONDS = 1;

/** @type {Record<string, Format>} */
export const FORMATS = {
  txt: { name: "Text", type: "text/plain", write: toText },
  md: { name: "Markdown", type: "text/markdown", write: toMarkdown },
  json: { name: "JSON", type: "application/json", write: toJson },
  srt: { name: "SRT", type: "application/x-subrip", write: toSrt },
  vtt: { name: "WebVTT", type: "text/vtt", write: toVtt },
};

/** Those that have room for one language only. */
export const SUBTITLES = ["srt", "vtt"];

/**
 * Paragraphs: one per turn, broken at pauses.
 *
 * @param {Row[]} rows
 * @param {Labels} labels
 */
export function toText(rows, labels) {
  const named = tellsApart(rows, labels);
  return turnsOf(rows)
    .map((turn) => {
      if (turn[0].kind === "marker") return `${headingOf(turn[0], labels)}\n`;
      const name = named ? `${nameOf(turn[0], labels)}: ` : "";
      return `${name}${turn.map((row) => oneLine(row.text)).join(" ")}\n`;
    })
    .join("\n");
}

/**
 * @param {Row[]} rows
 * @param {Labels} labels
 */
export function toSrt(rows, labels) {
  const named = tellsApart(rows, labels);
  const before = (/** @type {number} */ who) => (named ? `${labels.speaker(who)}: ` : "");
  return cuesIn(rows, before)
    .map((cue, index) => {
      const text = wrap((before(cue.speaker) + cue.text).replaceAll("-->", "→"));
      return `${index + 1}\n${span(cue, ",")}\n${text}\n`;
    })
    .join("\n");
}

/**
 * @param {Row[]} rows
 * @param {Labels} labels
 */
export function toVtt(rows, labels) {
  const named = tellsApart(rows, labels);
  const blocks = cuesIn(rows).map((cue) => {
    const voice = named ? `<v ${escapeVtt(labels.speaker(cue.speaker))}>` : "";
    return `${span(cue, ".")}\n${voice}${escapeVtt(wrap(cue.text))}\n`;
  });
  return ["WEBVTT\n", ...blocks].join("\n");
}

/**
 * Turns under names and times, translations as quotes.
 *
 * @param {Row[]} rows
 * @param {Labels} labels
 */
export function toMarkdown(rows, labels) {
  const named = tellsApart(rows, labels);
  const title = labels.title ? `# ${escapeMarkdown(oneLine(labels.title))}\n\n` : "";
  const turns = turnsOf(rows)
    .map((turn) => {
      const [first] = turn;
      const { begin, kind } = first;
      if (kind === "marker") return `## ${escapeMarkdown(headingOf(first, labels))}\n`;
      const name = named ? `**${escapeMarkdown(nameOf(first, labels))}** ` : "";
      const text = escapeMarkdown(turn.map((row) => oneLine(row.text)).join(" "));
      const translation = escapeMarkdown(oneLine(turn.map((row) => row.translation).join(" ")));
      const quote = translation ? `\n> ${translation}\n` : "";
      return `${name}*${clockText(begin)}*\n\n${text}\n${quote}`;
    })
    .join("\n");
  return title + turns;
}

/**
 * @param {Row[]} rows
 * @param {Labels} labels
 */
export function toJson(rows, labels) {
  const spoken = rows.filter(isSpoken);
  const segments = spoken.map((row) => ({
    begin: row.begin,
    finish: row.finish,
    speaker: row.speaker,
    text: row.text,
    ...(row.language && { language: row.language }),
    ...(row.translation && { translation: row.translation }),
    ...(row.words.length > 0 && { words: row.words }),
  }));
  const people = new Set(spoken.map(({ speaker }) => speaker));
  const speakers = Object.fromEntries([...people].map((n) => [n, labels.speaker(n)]));
  const text = segments.map((segment) => segment.text).join(" ");
  return `${JSON.stringify({ text, speakers, segments }, null, 2)}\n`;
}

/**
 * @param {Row} row
 * @param {Labels} labels
 */
function nameOf({ speaker, voice = speaker }, labels) {
  return labels.here?.(speaker, voice) ?? labels.speaker(speaker);
}

/**
 * @param {Row} marker
 * @param {Labels} labels
 */
function headingOf({ recording = 0 }, labels) {
  return labels.recording?.(recording) ?? String(recording);
}

/**
 * Lines of one speaker that no pause parts, and the beginnings of recordings.
 *
 * @param {Row[]} rows
 */
function turnsOf(rows) {
  /** @type {Row[][]} */
  const turns = [];
  /** @type {Row | null} */
  let previous = null;
  for (const row of rows) {
    const spoken = isSpoken(row);
    if (spoken && previous?.speaker === row.speaker) turns[turns.length - 1].push(row);
    else if (spoken || row.recording) turns.push([row]);
    previous = spoken ? row : null;
  }
  return turns;
}

/**
 * All cues; a brief one stays a little longer, never over the next.
 *
 * @param {Row[]} rows
 * @param {(speaker: number) => string} before  What the text of each begins with.
 */
function cuesIn(rows, before = () => "") {
  const cues = rows.filter(isSpoken).flatMap((row) => cuesOf(row, before(row.speaker)));
  return cues.map((cue, index) => {
    const limit = cues[index + 1]?.begin ?? Number.POSITIVE_INFINITY;
    const wanted = Math.min(cue.begin + SHORTEST_SECONDS, limit);
    return { ...cue, finish: Math.max(cue.finish, wanted) };
  });
}

/**
 * A line as cues short enough to read; the words' times say where it may be cut.
 *
 * @param {Row} row
 * @param {string} before  What the text of each begins with.
 * @returns {Cue[]}
 */
function cuesOf(row, before) {
  const { begin, finish, speaker } = row;
  if (row.words.length === 0) return [{ begin, finish, speaker, text: oneLine(row.text) }];
  /** @type {Word[][]} */
  const groups = [[]];
  for (const word of row.words) {
    const group = groups[groups.length - 1];
    if (group.length > 0 && isFull([...group, word], before)) groups.push([word]);
    else group.push(word);
  }
  evenOut(groups, before);
  const texts = textsOf(row.text, groups);
  return groups.map((group, index) => ({
    begin: group[0].start,
    finish: Math.max(group[group.length - 1].end, group[0].start),
    speaker,
    text: oneLine(texts[index]),
  }));
}

/**
 * The last two cues of a line get about as many words, so that none stands alone for a blink.
 *
 * @param {Word[][]} groups
 * @param {string} before
 */
function evenOut(groups, before) {
  const [first, last] = groups.slice(-2);
  if (!last) return;
  const width = (/** @type {Word[]} */ words) => columns(spell(words));
  while (width(first) > width(last) + columns(first[first.length - 1].word)) {
    const moved = first[first.length - 1];
    if (first.length === 1 || isFull([moved, ...last], before)) return;
    first.pop();
    last.unshift(moved);
  }
}

/**
 * @param {Word[]} words
 * @param {string} before
 */
function isFull(words, before) {
  const seconds = words[words.length - 1].end - words[0].start;
  return seconds > CUE_SECONDS || !fits(before + spell(words));
}

/**
 * The line's own text, cut where each group begins: only the text knows which words have no space
 * between them. If a word is not in it, all are spelled as they are.
 *
 * @param {string} text
 * @param {Word[][]} groups
 */
function textsOf(text, groups) {
  const spans = wordSpans(text, groups.flat());
  if (!spans) return groups.map(spell);
  let first = 0;
  const cuts = groups.map((group) => {
    const { from } = spans[first];
    first += group.length;
    return from;
  });
  return cuts.map((cut, index) => text.slice(index === 0 ? 0 : cut, cuts[index + 1]));
}

/** @param {Word[]} words */
function spell(words) {
  return joined(words.map(({ word }) => word));
}

/**
 * @param {Cue} cue
 * @param {"," | "."} mark
 */
function span({ begin, finish }, mark) {
  return `${stampText(begin, mark)} --> ${stampText(finish, mark)}`;
}

/** @param {string} text */
function escapeVtt(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/**
 * Text that Markdown would read as something else.
 *
 * @param {string} text
 */
function escapeMarkdown(text) {
  return text
    .replace(/[\\`*_[\]<>#|~]/gu, "\\$&")
    .replace(/^(\d+)([.)])/u, "$1\\$2")
    .replace(/^[-+]/u, "\\$&");
}

/** @param {string} text */
function oneLine(text) {
  return text.replace(/\s+/gu, " ").trim();
}

/** @param {Row} row */
function isSpoken(row) {
  return row.kind === "line" && row.text !== "";
}

/** @param {Row[]} rows */
export function severalSpeakers(rows) {
  return new Set(rows.filter(isSpoken).map(({ speaker }) => speaker)).size > 1;
}

/**
 * Whether it says who speaks: of several, or of one who has a name.
 *
 * @param {Row[]} rows
 * @param {Labels} labels
 */
function tellsApart(rows, labels) {
  const named = (/** @type {Row} */ { speaker }) => labels.named?.(speaker) === true;
  return severalSpeakers(rows) || rows.filter(isSpoken).some(named);
}
