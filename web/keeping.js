/**
 * What keeps transcripts: this tab's comes back by itself after a reload, one that a crash left
 * behind is offered, and all are in a list.
 *
 * @import { Kept } from "./live/archive.js"
 * @import { Session } from "./live/session.js"
 *
 * @typedef {{kept: Kept, bringBack: () => void}} Offer
 */

import { Archive } from "./live/archive.js";
import { isOpenElsewhere, Keeper } from "./live/keeper.js";
import { readSpeakers } from "./modules/speakers.js";
import { mountKept } from "./views/kept-view.js";

/**
 * @param {object} options
 * @param {Session} options.session
 * @param {() => boolean} options.wanted
 * @param {(offer: Offer) => void} options.offer
 * @returns {Promise<() => void>} To be called whenever something changed.
 */
export async function mountKeeping({ session, wanted, offer }) {
  const archive = await Archive.open();
  if (!archive) return () => {};
  const keeper = new Keeper(archive);

  /** @param {Kept} kept */
  const bringBack = async ({ id, speakers, places }) => {
    keeper.now();
    const [found, elsewhere] = await Promise.all([archive.rows(id), isOpenElsewhere(id)]);
    if (found.length === 0 || session.state.phase !== "idle") return;
    session.bringBack({ rows: found, speakers: readSpeakers(speakers), places });
    // Two tabs must not write one transcript; the second one goes on with a copy.
    const { epoch } = session;
    const { conversation } = session.state;
    if (!elsewhere || id === keeper.id) keeper.adopt(id, { epoch, conversation });
  };

  mountKept({
    archive,
    listed: async () => {
      keeper.now();
      await keeper.writing;
      return archive.list();
    },
    open: bringBack,
    ready: () => session.state.phase === "idle",
    removed: () => keeper.reset(),
  });
  window.addEventListener("pagehide", () => keeper.now());
  document.addEventListener("visibilitychange", () => keeper.now());

  if (wanted()) await greet({ archive, bringBack, offer, session });
  archive.prune().catch(() => {});

  return () => {
    if (!wanted()) return;
    const { conversation, phase, speakers } = session.state;
    keeper.keep({ epoch: session.epoch, conversation, speakers, finished: phase === "idle" });
  };
}

/**
 * @param {object} options
 * @param {Archive} options.archive
 * @param {(kept: Kept) => Promise<void>} options.bringBack
 * @param {(offer: Offer) => void} options.offer
 * @param {Session} options.session
 */
async function greet({ archive, bringBack, offer, session }) {
  const all = await archive.list();
  const free = async (/** @type {Kept | undefined} */ kept) =>
    kept !== undefined && !(await isOpenElsewhere(kept.id));
  const mine = all.find(({ id }) => id === Keeper.mine);
  if (mine && (await free(mine)) && session.state.conversation.parts.length === 0) {
    await bringBack(mine);
    return;
  }
  const [newest] = all;
  if (newest && !newest.finished && (await free(newest))) {
    offer({ kept: newest, bringBack: () => bringBack(newest) });
  }
}
