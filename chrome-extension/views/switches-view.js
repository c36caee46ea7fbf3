/**
 * The microphone and the captions on the page, on or off.
 *
 * @import { Settings } from "../settings.js"
 */

import { byId } from "../../web/views/dom.js";
import { saveSettings } from "../store.js";

const PERMISSION = "chrome-extension/permission.html";

export function mountSwitches() {
  const form = /** @type {HTMLFormElement} */ (byId("switches"));
  const fields = /** @type {any} */ (form.elements);

  fields.overlay.addEventListener("change", () =>
    saveSettings({ overlay: fields.overlay.checked }),
  );
  fields.microphone.addEventListener("change", async () => {
    if (!fields.microphone.checked || (await allowed())) {
      await saveSettings({ microphone: fields.microphone.checked });
    } else {
      // A panel cannot ask. The page that can sets the switch once the answer is yes.
      fields.microphone.checked = false;
      await chrome.tabs.create({ url: chrome.runtime.getURL(PERMISSION) });
    }
  });

  /** @param {Settings} settings */
  return ({ microphone, overlay }) => {
    fields.microphone.checked = microphone;
    fields.overlay.checked = overlay;
  };
}

async function allowed() {
  const { state } = await navigator.permissions.query({ name: "microphone" });
  return state === "granted";
}
