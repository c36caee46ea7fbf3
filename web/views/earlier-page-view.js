/**
 * One earlier transcript: what it is called, who speaks in it, what was said, and what can be done
 * with it.
 *
 * @import { StoredLine, StoredTranscript } from "../modules/stored.js"
 * @import { Row } from "../modules/conversation.js"
 * @import { Speakers } from "../modules/speakers.js"
 *
 * @typedef {{rename: boolean, remove: boolean}} Rights
 *
 * @typedef {object} Wishes  What the reader does.
 * @property {(title: string) => void} title
 * @property {(speakers: Speakers) => void} people
 * @property {(format: string, translated: boolean) => void} save
 * @property {import("./share-view.js").Share} share
 * @property {() => void} copy
 * @property {() => void} listen
 * @property {() => void} remove
 * @property {() => void} back
 *
 * @typedef {object} PageProps
 * @property {StoredTranscript | null} transcript
 * @property {Rights} rights
 * @property {string} query  What was searched for.
 */

import { FORMATS, SUBTITLES } from "../modules/exporters.js";
import { languageName } from "../modules/languages.js";
import { spansOf } from "../modules/search.js";
import { haveLabels, noSpeakers, peopleIn } from "../modules/speakers.js";
import { keyOf, storedRows, storedSpeakers } from "../modules/stored.js";
import { hasTranslation } from "../modules/translating.js";
import { watchAddress } from "../modules/viewing.js";
import { STRINGS } from "../strings.js";
import { byId, make, placeUnder, setText } from "./dom.js";
import { dayText, lengthText, timeText } from "./earlier-list-view.js";
import { rangeOf, setMarks } from "./marks.js";
import { labeler, mountSpeakerForm } from "./speaker-form-view.js";
import { HUES, renderRows } from "./transcript-view.js";

/** @param {Wishes} wishes */
export function mountEarlierPage(wishes) {
  const log = byId("earlier-log");
  const title = /** @type {HTMLInputElement} */ (byId("earlier-name"));
  const confirm = byId("earlier-confirm");
  /** @type {Map<string, import("./transcript-view.js").Shown>} */
  let shown = new Map();
  let id = "";
  /** @type {Row[]} */
  let rows = [];
  /** @type {StoredLine[]} */
  let lines = [];

  let speakers = noSpeakers();
  let mergeable = false;
  const form = mountSpeakerForm({
    id: "earlier-speaker",
    speakers: () => speakers,
    people: () => (mergeable ? peopleIn(rows) : []),
    changed: wishes.people,
  });
  byId("earlier-read").addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest("button[data-person]") : null;
    if (button instanceof HTMLElement) form.open(button);
  });
  mountFormats(wishes, () => hasTranslation(rows));
  title.addEventListener("change", () => wishes.title(title.value.trim()));
  title.addEventListener("keydown", ({ key }) => {
    if (key === "Enter") title.blur();
  });
  byId("earlier-back").addEventListener("click", wishes.back);
  const shareButton = byId("earlier-share");
  shareButton.addEventListener("click", () => wishes.share(shareButton, id));
  const player = mountSound(wishes.listen, (key) => rows.find((row) => row.key === key));

  /** @param {boolean} asking */
  const askToDelete = (asking) => {
    confirm.hidden = !asking;
    byId(asking ? "earlier-keep" : "earlier-delete").focus();
  };
  byId("earlier-delete").addEventListener("click", () => askToDelete(true));
  byId("earlier-keep").addEventListener("click", () => askToDelete(false));
  byId("earlier-delete-now").addEventListener("click", wishes.remove);

  /** @param {PageProps} props */
  const render = ({ transcript, rights, query }) => {
    byId("earlier-read").hidden = transcript === null;
    if (!transcript && id) player.offer(false);
    if (!transcript) id = "";
    if (!transcript) return;
    if (transcript.id !== id) {
      shown = new Map();
      log.replaceChildren();
      confirm.hidden = true;
      byId("earlier-scroller").scrollTop = 0;
      player.offer(transcript.audio === true);
    }
    id = transcript.id;
    // Rows that stay the same are not drawn again.
    if (transcript.lines !== lines) rows = storedRows(transcript.lines);
    lines = transcript.lines;
    speakers = storedSpeakers(transcript);
    mergeable = transcript.merged !== undefined;
    const named = haveLabels(rows, speakers);
    if (document.activeElement !== title) title.value = transcript.title;
    title.placeholder = transcript.beginning || STRINGS.untitled;
    title.readOnly = !rights.rename;
    byId("earlier-delete").hidden = !rights.remove || transcript.running;
    setText(byId("earlier-meta"), factsOf(transcript));
    renderLive(transcript);
    renderRows(log, shown, rows, named, rights.rename ? speakers : undefined, labeler(speakers));
    renderPeople(named ? peopleIn(rows) : [], labeler(speakers), rights.rename);
    mark(query);
  };

  /** @param {string} query */
  const mark = (query) => {
    const ranges = rows.flatMap((row) => {
      const text = shown.get(row.key)?.element.querySelector(".said")?.firstChild;
      if (!(text instanceof Text) || query === "") return [];
      return spansOf(row.text, query).map((span) => rangeOf(text, span));
    });
    setMarks("found", ranges);
  };

  return {
    render,
    play: player.play,
    /** @param {number} line */
    reveal: (line) => {
      const element = shown.get(keyOf(line))?.element;
      element?.scrollIntoView({ block: "center" });
    },
  };
}

/**
 * Plays the sound of a transcript; a click on a line goes there.
 *
 * @param {() => void} wanted
 * @param {(key: string) => Row | undefined} rowOf
 */
function mountSound(wanted, rowOf) {
  const media = /** @type {HTMLAudioElement} */ (byId("earlier-sound"));
  const button = byId("earlier-listen");
  let address = "";
  button.addEventListener("click", wanted);
  byId("earlier-log").addEventListener("click", ({ target }) => {
    const element = target instanceof Element ? target.closest(".row") : null;
    const selecting = !(document.getSelection()?.isCollapsed ?? true);
    if (media.hidden || selecting || !(element instanceof HTMLElement)) return;
    const row = rowOf(element.dataset.key ?? "");
    if (row) media.currentTime = row.begin;
  });

  /** @param {string} next */
  const load = (next) => {
    if (address.startsWith("blob:")) URL.revokeObjectURL(address);
    address = next;
    media.hidden = next === "";
    byId("earlier-log").classList.toggle("playable", next !== "");
    if (next) media.src = next;
    else media.removeAttribute("src");
    media.load();
  };
  return {
    /** @param {boolean} there */
    offer: (there) => {
      load("");
      button.hidden = !there;
    },
    /** @param {string} from */
    play: (from) => {
      load(from);
      button.hidden = true;
      media.play().catch(() => {});
      media.focus();
    },
  };
}

/**
 * @param {Wishes} wishes
 * @param {() => boolean} translated  Whether there is a translation to save.
 */
function mountFormats({ save, copy }, translated) {
  const menu = byId("earlier-formats");
  /**
   * @param {string} extension
   * @param {boolean} other  In the other language.
   */
  const makeFormat = (extension, other) => {
    const { name } = FORMATS[extension];
    const hint = other ? STRINGS.inTranslation : `.${extension}`;
    const button = make("button", "quiet", name, make("small", "", hint));
    button.type = "button";
    button.dataset[other ? "savedTranslated" : "saved"] = extension;
    button.addEventListener("click", () => {
      menu.hidePopover();
      save(extension, other);
    });
    return button;
  };
  const others = SUBTITLES.map((extension) => makeFormat(extension, true));
  menu.append(...Object.keys(FORMATS).map((each) => makeFormat(each, false)), ...others);
  const opener = byId("earlier-save");
  menu.addEventListener("toggle", () => {
    for (const button of others) button.hidden = !translated();
    placeUnder(menu, opener);
  });
  byId("earlier-copy").addEventListener("click", copy);
}

/**
 * @param {number[]} people
 * @param {(person: number) => string} label
 * @param {boolean} renamable
 */
function renderPeople(people, label, renamable) {
  const chips = people.map((person) => {
    const name = label(person);
    const chip = make(renamable ? "button" : "span", "chip", make("i", "dot"), name);
    chip.dataset.hue = String(person % HUES);
    if (chip instanceof HTMLButtonElement) {
      chip.type = "button";
      chip.title = STRINGS.speakerForm;
      chip.dataset.person = String(person);
    }
    return chip;
  });
  byId("earlier-people").replaceChildren(...chips);
}

/** @param {StoredTranscript} transcript */
function renderLive({ id, running }) {
  const link = /** @type {HTMLAnchorElement} */ (byId("earlier-watch"));
  link.hidden = !running;
  link.href = watchAddress(document.baseURI, id);
}

/** @param {StoredTranscript} transcript */
function factsOf({ started, seconds, words, missing_words: missing, language, model, owner }) {
  const number = new Intl.NumberFormat(STRINGS.lang);
  const facts = [
    `${dayText(started)}, ${timeText(started)}`,
    lengthText(seconds),
    STRINGS.wordCount(number.format(words)),
    missing > 0 ? STRINGS.wordsMissing(number.format(missing)) : "",
    language ? languageName(language, STRINGS.lang) : "",
    model,
    owner ?? "",
  ];
  return facts.filter(Boolean).join(" · ");
}
