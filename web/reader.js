/** Whoever has the page open: what they prefer, kept between visits and seen in its look. */

import { followLink, loadPreferences, savePreferences } from "./modules/preferences.js";
import { serverBase } from "./modules/server-address.js";
import { applyLook } from "./views/settings-view.js";

/** @import { Preferences } from "./modules/preferences.js" */

export class Reader {
  /** @param {string} page  The page's address; what it says of preferences is taken over. */
  constructor(page) {
    const { preferences, address } = followLink(loadPreferences(localStorage), page);
    this.preferences = preferences;
    this.address = address;
    if (address !== page) {
      savePreferences(localStorage, preferences);
      history.replaceState(null, "", address);
    }
    applyLook(preferences);
  }

  /** The address of the server that is spoken to. */
  get base() {
    return serverBase(this.preferences, this.address);
  }

  /**
   * @param {Partial<Preferences>} changes
   * @returns {boolean} Whether another server is meant now, or the same with another key.
   */
  prefer(changes) {
    const old = this.preferences;
    this.preferences = { ...old, ...changes };
    savePreferences(localStorage, this.preferences);
    if (this.preferences.ui !== old.ui) location.reload();
    applyLook(this.preferences);
    return this.preferences.server !== old.server || this.preferences.key !== old.key;
  }
}
