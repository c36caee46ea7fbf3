/** English, and the shape of every other table. */
export const en = {
  emptyTitle: "Caption a tab.",
  emptyText: "Press the livestt button in the toolbar while the tab to caption is in front.",
  emptyNote: "The sound goes to your own server and nowhere else.",

  captioned: (/** @type {string} */ title) => `Captioning “${title}”`,
  levelOf: (/** @type {string} */ name) => `Sound level of ${name}`,
  microphone: "My microphone",
  overlay: "Captions on the page",
  overlayHow: "Live captions. Arrow keys move them, Escape hides them.",
  overlayHide: "Hide captions",
  serverHint: "The address of its page, such as http://127.0.0.1:8000",
  serverWrong: "This is not the address of a server.",

  blocked: "Chrome does not let livestt write on this page.",
  allowSites: "Allow it on all sites",

  askTitle: "Caption your own voice too?",
  askText:
    "Chrome asks once whether livestt may use the microphone. What you say then appears beside the tab’s words, under the name “me”, and goes to your own server and nowhere else.",
  askButton: "Allow the microphone",
  askBlocked:
    "The microphone is blocked or missing. The icon beside the address opens the permissions; then press the button again.",

  notInvokedTitle: "Chrome requires a click on the button first.",
  notInvoked:
    "Bring the tab to caption to the front and press the livestt button in the toolbar: only then may an extension hear it.",
  notCapturableTitle: "This tab cannot be heard.",
  notCapturable:
    "No extension may listen to Chrome’s own pages, nor to a tab that something else listens to.",

  noSignalTitle: "Your microphone is silent.",
  noSignal: "Is it the right one, and is it switched on?",
  denied: "Switch it off and on again below: Chrome then asks for it in a tab.",
  noDevice: "Plug one in, then switch it off and on again below.",
  busy: "Another program may be using it. Close that, then switch it off and on again below.",
  deviceLost: "Plug it in again to continue. The tab is still captioned.",
  incompleteTitle: "A part of the extension is missing.",
  incomplete: "Export it again, and load it again at chrome://extensions.",
  rememberKeyHint: "Otherwise it is forgotten when Chrome is closed.",
  refusedTitle: "The server refused the extension.",
  away: "Is it running, and is the address in Settings right? The last minute of sound is kept and sent then.",
};
