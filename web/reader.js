/** Whoever has the page open: what they prefer, kept between visits and seen in its look. */

import { Server } from "./live/server.js";
import { borrowKey, loadKey, saveKey } from "./modules/keys.js";
import { followLink, loadPreferences, savePreferences } from "./modules/preferences.js";
import { serverBase, takeKey } from "./modules/server-address.js";
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
    if (brought.key) borrowKey(this.places, this.base, brought.key);
    this.held = brought.key
      ? { key: brought.key, remembered: false }
      : loadKey(this.places, this.base);
    applyLook(preferences);
  }

  /** The address of the server that is spoken to. */
  get base() {
    return serverBase(this.preferences.server, this.address);
  }

  /** The server that is spoken to, with the key for it. */
  get server() {
    return new Server(this.base, this.held.key);
  }

  /** @param {Held} held */
  hold(held) {
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
    this.held = loadKey(this.places, this.base);
    return true;
  }
}
