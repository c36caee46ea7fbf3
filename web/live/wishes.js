/**
 * In which languages the reader wants the words, and how far a server can have it so.
 *
 * @import { Config } from "../modules/wire.js"
 * @import { About } from "./server.js"
 *
 * @typedef {{type: "configure", language?: string, target_language?: string}} Configure
 */

import { languageToAsk } from "../modules/recovery.js";

export class Wishes {
  /** @param {string} language  A code or "auto"; "" leaves it to the server. */
  constructor(language) {
    this.language = language;
    /** A code or "none"; "" leaves it to the server. */
    this.target = "";
    /** Whether the server may keep the sound, if it does. */
    this.record = true;
  }

  /**
   * @param {About | null} about
   * @param {boolean} failed  Whether asking for it has just failed.
   */
  asked(about, failed) {
    return {
      language: languageToAsk(this.language, about?.languages, failed),
      target: failed ? "" : this.knownTarget(about?.target_languages),
      record: this.record,
    };
  }

  /**
   * @param {{language?: string, target?: string}} wanted  From now on.
   * @param {About | null} about
   * @returns {Configure[]} What a session that runs is to be told.
   */
  change({ language = this.language, target = this.target }, about) {
    const before = { language: this.language, target: this.target };
    Object.assign(this, { language, target });
    const known = target === before.target ? "" : this.knownTarget(about?.target_languages);
    return [
      ...(language && language !== before.language ? [configure({ language })] : []),
      ...(known ? [configure({ target_language: known })] : []),
    ];
  }

  /**
   * @param {Config} config  What was agreed.
   * @returns {Configure[]} What it lacks.
   */
  lacking({ language: given, languages = [], target_language, target_languages }) {
    const { language } = this;
    const target = this.knownTarget(target_languages);
    return [
      ...(target && target !== (target_language || "none")
        ? [configure({ target_language: target })]
        : []),
      ...(given !== language && languages.includes(language) ? [configure({ language })] : []),
    ];
  }

  /** @param {string[]} [languages]  What the server translates into. */
  knownTarget(languages = []) {
    const offered = languages.length > 0 && ["none", ...languages].includes(this.target);
    return offered ? this.target : "";
  }
}

/**
 * @param {Omit<Configure, "type">} changes
 * @returns {Configure}
 */
function configure(changes) {
  return { type: "configure", ...changes };
}
