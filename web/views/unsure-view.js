/**
 * Marks the words that the model was not sure of, for readers who want to know.
 *
 * @import { Row } from "../modules/conversation.js"
 * @import { TranscriptView } from "./transcript-view.js"
 */

import { unsureSpans } from "../modules/words.js";
import { rangeOf, setMarks } from "./marks.js";

/** @param {TranscriptView} transcript */
export function mountUnsure(transcript) {
  /** @type {Row[]} */
  let seen = [];
  let shown = false;

  /** @param {{rows: Row[], wanted: boolean}} props */
  return ({ rows, wanted }) => {
    if (shown === wanted && (seen === rows || !wanted)) return;
    shown = wanted;
    seen = rows;
    const marked = wanted ? rows.filter((row) => unsureSpans(row).length > 0) : [];
    const ranges = marked.flatMap((row) => {
      const text = transcript.textOf(row.key);
      return text ? unsureSpans(row).map((span) => rangeOf(text, span)) : [];
    });
    setMarks("unsure", ranges);
  };
}
