/**
 * What the extension says and the page does not, or says otherwise, put into the page's own table.
 * Import it before any view.
 */

import { STRINGS, TABLES, tableNames } from "../web/strings.js";
import { speakerName } from "./feed/merge.js";
import { ar } from "./words/ar.js";
import { de } from "./words/de.js";
import { en } from "./words/en.js";
import { es } from "./words/es.js";
import { fr } from "./words/fr.js";
import { zh } from "./words/zh.js";

/** @typedef {typeof en} Words */

/** @type {{[name: string]: Words | undefined}} */
export const WORD_TABLES = { en, fr, de, es, zh, ar };

const language = tableNames().find((name) => TABLES[name] === STRINGS);

export const WORDS = WORD_TABLES[language ?? "en"] ?? en;

Object.assign(STRINGS, WORDS, { speaker: speakerName });
