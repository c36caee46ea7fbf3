/** What Whisper models know: offered until the server has told what its own model knows. */
export const LANGUAGES = (
  "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he " +
  "hi hr ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne " +
  "nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk " +
  "ur uz vi yi yo yue zh"
).split(" ");

/**
 * Names, by language of the interface, of those for which browsers may have none.
 *
 * @type {Record<string, Record<string, string>>}
 */
const NAMES = {
  ar: { ba: "الباشكيرية", bo: "التبتية" },
  de: { ba: "Baschkirisch", bo: "Tibetisch" },
  en: { ba: "Bashkir", bo: "Tibetan" },
  es: { ba: "baskir", bo: "tibetano" },
  fr: { ba: "bachkir", bo: "tibétain" },
  zh: { ba: "巴什基尔语", bo: "藏语" },
};

/**
 * @param {string} code  Of a spoken language.
 * @param {string} interfaceLanguage  Code of the language in which to name it.
 * @returns {string}  Its name; the code itself if nobody knows one.
 */
export function languageName(code, interfaceLanguage) {
  let name;
  try {
    name = new Intl.DisplayNames([interfaceLanguage], { type: "language" }).of(code);
  } catch {
    // The server may know languages that have no well-formed code.
  }
  if (name !== undefined && name !== code) return name;
  return NAMES[interfaceLanguage]?.[code] ?? code;
}
