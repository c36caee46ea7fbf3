/**
 * Earlier transcripts, as the server keeps them, over the page: whatever runs below goes on.
 *
 * @import { About, Access, Obstacle, Server } from "./live/server.js"
 * @import { Share } from "./views/share-view.js"
 * @import { Found, Stored, StoredTranscript } from "./modules/stored.js"
 */

import { Library } from "./live/library.js";
import { Refusal } from "./live/server.js";
import { dayStamp } from "./modules/clock.js";
import { changeOf, storedSpeakers } from "./modules/stored.js";
import { STRINGS } from "./strings.js";
import { byId, setText } from "./views/dom.js";
import { mountEarlierList, nameOf } from "./views/earlier-list-view.js";
import { mountEarlierPage } from "./views/earlier-page-view.js";
import { saveAs } from "./views/save-view.js";

const SEARCH_MS = 250;

/** Only on its own machine does a server without keys tell which transcripts there are. */
const LOCAL = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** @param {{server: () => Server, share: Share}} options */
export function mountEarlier({ server, share }) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("earlier"));
  const opener = byId("earlier-open");
  const field = /** @type {HTMLInputElement} */ (byId("earlier-search"));
  const library = new Library(server);
  /** @type {Access | null} */
  let access = null;
  let kept = false;

  const empty = {
    transcripts: /** @type {Stored[]} */ ([]),
    before: "",
    found: /** @type {Found[] | null} */ (null),
    transcript: /** @type {StoredTranscript | null} */ (null),
    line: /** @type {number | undefined} */ (undefined),
    loaded: false,
  };
  let state = empty;
  let query = "";
  let timer = 0;

  const renderList = mountEarlierList({ open });
  const page = mountEarlierPage({
    title: (title) => edit({ title }),
    people: (speakers) => {
      const { transcript } = state;
      if (transcript) edit(changeOf(storedSpeakers(transcript), speakers));
    },
    save,
    share,
    copy,
    listen,
    remove,
    back: () => {
      show({ transcript: null });
      field.focus();
    },
  });

  opener.addEventListener("click", () => {
    dialog.showModal();
    if (!matchMedia("(pointer: coarse)").matches) field.focus();
    refresh();
  });
  byId("earlier-close").addEventListener("click", () => dialog.close());
  byId("earlier-more").addEventListener("click", () => attempt(more));
  byId("earlier-find").addEventListener("submit", (event) => event.preventDefault());
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => attempt(search), SEARCH_MS);
  });
  dialog.addEventListener("close", () => {
    field.value = query = "";
    show(empty);
    say("");
  });

  /** @param {Partial<typeof empty>} changes */
  function show(changes) {
    state = { ...state, ...changes };
    const { transcripts, found, transcript, before, line, loaded } = state;
    dialog.dataset.screen = transcript ? "page" : "list";
    renderList({ transcripts, found, query, chosen: transcript?.id ?? "", line });
    page.render({ transcript, rights: rightsFor(transcript), query });
    byId("earlier-more").hidden = found !== null || before === "";
    const none = found ? found.length === 0 && STRINGS.noMatch : STRINGS.noneEarlier;
    const nothing = loaded && (found ?? transcripts).length === 0;
    setText(byId("earlier-none"), nothing && none ? none : "");
    byId("earlier-blank").hidden = transcript !== null || (found ?? transcripts).length === 0;
  }

  /** @param {StoredTranscript | null} transcript */
  function rightsFor(transcript) {
    const may = (/** @type {string} */ scope) => allows(access, scope);
    const own = may("transcribe") && (transcript?.owner ?? "") === access?.name;
    const mine = may("admin") || own;
    return { rename: mine, remove: mine };
  }

  /**
   * @param {string} text  How what the reader wanted went.
   * @param {{good?: boolean}} [news]
   */
  function say(text, { good = false } = {}) {
    byId("earlier-state").classList.toggle("trouble", !good);
    setText(byId("earlier-state"), text);
  }

  /**
   * @param {() => Promise<void>} action
   * @returns {Promise<boolean>} Whether the server did it.
   */
  async function attempt(action) {
    say("");
    try {
      await action();
      return true;
    } catch (error) {
      say(error instanceof Refusal ? troubleText(error.obstacle) : STRINGS.unreadableTitle);
      if (!(error instanceof Refusal)) console.error(error);
      return false;
    }
  }

  function refresh() {
    return attempt(async () => {
      const { transcripts, before = "" } = await library.list();
      show({ transcripts, before, loaded: true });
    });
  }

  async function more() {
    const { transcripts, before = "" } = await library.list(state.before);
    show({ transcripts: [...state.transcripts, ...transcripts], before });
  }

  async function search() {
    query = field.value.trim();
    const asked = query;
    const found = query ? await library.find(query) : null;
    if (asked === query) show({ found, loaded: true });
  }

  /**
   * @param {string} id
   * @param {number} [line]  That is to be seen.
   */
  async function open(id, line) {
    await attempt(async () => {
      const transcript = await library.read(id);
      const beginning =
        transcript.beginning ?? transcript.lines.find((line) => line.text)?.text ?? "";
      show({ transcript: { ...transcript, beginning }, line });
      if (line !== undefined) page.reveal(line);
    });
    // On a narrow screen the list is gone, and with it what had the focus.
    if (document.activeElement === document.body) byId("earlier-back").focus();
  }

  /** @param {import("./live/library.js").Change} change */
  async function edit(change) {
    const { transcript } = state;
    if (!transcript || Object.keys(change).length === 0) return;
    await attempt(async () => {
      const changed = await library.edit(transcript.id, change);
      const { title, speakers } = changed;
      const transcripts = state.transcripts.map((one) =>
        one.id === changed.id ? { ...one, title, speakers } : one,
      );
      show({ transcripts });
      // Whose a line is says only the server.
      const now = change.merged ? await library.read(changed.id) : { title, speakers };
      if (state.transcript?.id === changed.id) {
        show({ transcript: { ...state.transcript, ...now } });
      }
    });
  }

  /**
   * @param {string} format
   * @param {boolean} translated
   */
  async function save(format, translated) {
    const { transcript } = state;
    if (!transcript) return;
    const name = `${fileName(transcript)}${translated ? ` (${STRINGS.inTranslation})` : ""}`;
    await attempt(async () => {
      saveAs(await library.file(transcript.id, format, translated), `${name}.${format}`);
    });
  }

  async function copy() {
    const { transcript } = state;
    if (!transcript) return;
    await attempt(async () => {
      const text = await (await library.file(transcript.id, "txt")).text();
      const copied = await navigator.clipboard.writeText(text).then(
        () => true,
        () => false,
      );
      say(copied ? STRINGS.copied : STRINGS.copyFailed, { good: copied });
    });
  }

  async function listen() {
    const { transcript } = state;
    if (!transcript) return;
    await attempt(async () => {
      const address = await library.sound(transcript.id);
      if (state.transcript?.id === transcript.id) page.play(address);
      else if (address.startsWith("blob:")) URL.revokeObjectURL(address);
    });
  }

  async function remove() {
    const { transcript } = state;
    if (!transcript) return;
    const done = await attempt(() => library.remove(transcript.id));
    if (!done) return;
    const others = (/** @type {{id: string}} */ { id }) => id !== transcript.id;
    const found = state.found?.filter((line) => line.transcript !== transcript.id) ?? null;
    show({ transcript: null, transcripts: state.transcripts.filter(others), found });
    say(STRINGS.deleted, { good: true });
    field.focus();
  }

  function offer() {
    const local = LOCAL.has(new URL(server().base).hostname);
    opener.hidden = !kept || !allows(access, "view") || !(access?.name || local);
    if (opener.hidden && dialog.open) dialog.close();
  }

  return {
    /** @param {Access | null} found  What this page may do, as far as is known. */
    admit: (found) => {
      access = found;
      offer();
    },
    /** @param {About | null} about */
    render: (about) => {
      const now = about?.store !== undefined && about.store?.status !== "off";
      if (now === kept) return;
      kept = now;
      offer();
    },
  };
}

/**
 * @param {Access | null} access
 * @param {string} scope
 */
function allows(access, scope) {
  return access?.scopes.some((one) => one === scope || one === "admin") ?? false;
}

/** @param {Obstacle} obstacle */
function troubleText({ code, message }) {
  if (code === "away") return STRINGS.awayTitle;
  if (code === "still_running") return STRINGS.stillRunning;
  if (code === "missing_scope") return STRINGS.keyScopeTitle;
  if (code === "unknown_session") return STRINGS.noLongerThere;
  if (code === "store_unavailable") return STRINGS.storeAway;
  return message || STRINGS.refusedTitle;
}

/** @param {Stored} stored */
function fileName(stored) {
  const stamp = dayStamp(new Date(stored.started));
  const bare = stored.title
    ? nameOf(stored)
        .replace(/[\\/:*?"<>|]+/gu, " ")
        .slice(0, 80)
    : "";
  return bare ? `${bare.trim()} ${stamp}` : STRINGS.fileName(stamp);
}
