/** Whoever has the page open: what they prefer, kept between visits and seen in its look. */

import { Server } from "./live/server.js";
import { borrowKey, lendKey, lentKey, loadKey, saveKey } from "./modules/keys.js";
import { followLink, loadPreferences, savePreferences } from "./modules/preferences.js";
import { serverBase, takeKey } from "./modules/server-address.js";
import { watchedSession } from "./modules/viewing.js";
import { applyLook } from "./views/settings-view.js";

/** @import { Held } from "./modules/keys.js" */
/** @import { Preferences } from "./modules/preferences.js" */

export class Reader {
  /** @param {string} page  The page's address; what it says of preferences is taken over. */
  constructor(page) {
    const brought = takeKey(page);
    const { preferences, address } = followLink(loadPreferences(localStorage), brought.address);
    this.preferences = preferences;
    this.address = address;
    if (address !== page) {
      savePreferences(localStorage, preferences);
      history.replaceState(null, "", address);
    }
    this.places = { tab: sessionStorage, lasting: localStorage };
    /** Where a link to one session comes from, and what it is about. */
    this.home = serverBase("", address);
    this.watched = watchedSession(address);
    /** The key of a link to one session; empty if none brought this page here. */
    this.lent = lentKey(this.places, this.home, this.watched);
    this.held = this.take(brought);
    /** Such a link means the server it comes from, whichever one is preferred otherwise. */
    this.atHome = this.lent !== "";
    applyLook(preferences);
  }

  /**
   * @param {{key: string, behind: boolean}} brought  By the page's address.
   * @returns {Held}
   */
  take({ key, behind }) {
    if (key && behind && this.watched) {
      this.lent = key;
      lendKey(this.places, this.home, this.watched, key);
    } else if (key) {
      this.lent = "";
      borrowKey(this.places, this.base, key);
      return { key, remembered: false };
    }
    return this.lent ? { key: this.lent, remembered: false } : loadKey(this.places, this.base);
  }

  /** The address of the server that is spoken to. */
  get base() {
    return this.atHome ? this.home : serverBase(this.preferences.server, this.address);
  }

  /** The server that is spoken to, with the key for it. */
  get server() {
    return new Server(this.base, this.held.key, this.lent !== "");
  }

  /** @param {Held} held */
  hold(held) {
    if (this.lent) lendKey(this.places, this.home, this.watched, "");
    this.lent = "";
    this.held = held;
    saveKey(this.places, this.base, held);
  }

  /**
   * @param {Partial<Preferences>} changes
   * @returns {boolean} Whether another server is meant now.
   */
  prefer(changes) {
    const old = this.preferences;
    this.preferences = { ...old, ...changes };
    savePreferences(localStorage, this.preferences);
    if (this.preferences.ui !== old.ui) location.reload();
    applyLook(this.preferences);
    if (this.preferences.server === old.server) return false;
    this.atHome = false;
    this.lent = "";
    this.held = loadKey(this.places, this.base);
    return true;
  }
}
