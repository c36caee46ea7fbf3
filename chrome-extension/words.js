/**
 * What the panel says otherwise than the page, put into the page's own table. Import it before any
 * view.
 */

import { STRINGS } from "../web/strings.js";
import { speakerName } from "./feed/merge.js";

export const WORDS = {
  emptyTitle: "Caption a tab.",
  emptyText: "Press the livestt button in the toolbar while the tab to caption is in front.",
  emptyNote: "The sound goes to your own server and nowhere else.",
  speaker: speakerName,

  captioned: (/** @type {string} */ title) => `Captioning “${title}”`,
  levelOf: (/** @type {string} */ name) => `Level of ${name}`,
  microphone: "My microphone",
  overlay: "Captions on the page",
  server: "Server",
  serverHint: "The address of its page, such as http://127.0.0.1:8000",
  serverWrong: "This is no address of a server.",
  key: "Key",
  keyHint: "Only if the server wants one. It is kept in this browser.",

  blocked: "Chrome does not let livestt write on this page.",
  allowSites: "Allow it on all sites",

  notInvokedTitle: "Chrome wants a click on the button first.",
  notInvoked:
    "Bring the tab to caption to the front and press the livestt button in the toolbar: only then may an extension hear it.",
  notCapturableTitle: "This tab cannot be heard.",
  notCapturable:
    "No extension may listen to Chrome's own pages, nor to a tab that something else listens to.",

  noSignalTitle: "Your microphone is silent.",
  noSignal: "Is it the right one, and is it switched on?",
  denied: "Switch it off and on again below: Chrome then asks for it in a tab.",
  noDevice: "Plug one in, then switch it off and on again below.",
  busy: "Another program may be using it. Close that, then switch it off and on again below.",
  deviceLost: "Plug it in again to go on. The tab is still captioned.",
  incompleteTitle: "A part of the extension is missing.",
  incomplete: "Export it again, and load it again at chrome://extensions.",
  refusedTitle: "The server refused the extension.",
  refused: "It may want a key: Settings has a place for it. Its log says why.",
  away: "Is it running, and is the address in Settings right? The last minute of sound is kept and sent then.",
};

/** @typedef {Exclude<{[K in keyof typeof WORDS]: (typeof WORDS)[K] extends string ? K : never}[keyof typeof WORDS], undefined>} WordKey */

Object.assign(STRINGS, WORDS);
