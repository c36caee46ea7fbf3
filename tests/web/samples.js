/** Messages and lines as the server writes them, short to say in a test. */

/** @import { Diff, Line, Snapshot } from "../../web/modules/wire.js" */

/**
 * @param {number} id
 * @param {string | null} text
 * @param {Partial<Line>} [more]
 * @returns {Line}
 */
export function line(id, text, more = {}) {
  return {
    id,
    speaker: text === null ? -2 : 1,
    text,
    start: "",
    end: "",
    begin: id,
    finish: id + 1,
    ...more,
  };
}

/**
 * @param {Line[]} lines
 * @param {Partial<Snapshot>} [more]
 * @returns {Snapshot}
 */
export function snapshot(lines, more = {}) {
  return { type: "snapshot", seq: 1, status: "active_transcription", lines, ...more };
}

/**
 * @param {number} nLines
 * @param {Partial<Diff>} [more]
 * @returns {Diff}
 */
export function diff(nLines, more = {}) {
  return { type: "diff", seq: 2, n_lines: nLines, ...more };
}
