/** Every word the page itself says, in the reader's language. */

import { chooseInterface } from "./modules/interface.js";
import { loadPreferences } from "./modules/preferences.js";
import { ar } from "./strings/ar.js";
import { de } from "./strings/de.js";
import { en } from "./strings/en.js";
import { es } from "./strings/es.js";
import { fr } from "./strings/fr.js";
import { zh } from "./strings/zh.js";

/** @typedef {typeof en} Strings */
/** @typedef {Exclude<{[K in keyof Strings]: Strings[K] extends string ? K : never}[keyof Strings], undefined>} TextKey */

/** @type {Readonly<{en: Strings, fr: Strings, de: Strings, es: Strings, zh: Strings, ar: Strings}>} */
export const TABLES = { en, fr, de, es, zh, ar };

/** Chosen once: a page that changes its language is loaded again. */
export const STRINGS = TABLES[chooseInterface(wishes(), tableNames())];

/** @returns {(keyof typeof TABLES)[]} */
export function tableNames() {
  return /** @type {(keyof typeof TABLES)[]} */ (Object.keys(TABLES));
}

/** @returns {string[]} Also where there is no window: in a worker, in a test. */
function wishes() {
  const asked = new URLSearchParams(globalThis.location?.search ?? "").get("ui") ?? "";
  const store = globalThis.localStorage;
  const chosen = store ? loadPreferences(store).ui : "";
  return [asked, chosen, ...(globalThis.navigator?.languages ?? [])];
}
