/** Every word the page itself says, in the reader's language. */

import { en } from "./strings/en.js";

/** @typedef {typeof en} Strings */
/** @typedef {Exclude<{[K in keyof Strings]: Strings[K] extends string ? K : never}[keyof Strings], undefined>} TextKey */

/** @type {Strings} */
export const STRINGS = en;
