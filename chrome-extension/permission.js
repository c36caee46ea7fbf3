/** The one page that can ask for the microphone: neither a panel nor a hidden document can. */

import { openStream } from "../web/live/streams.js";
import { byId, localize, setText } from "../web/views/dom.js";
import { saveSettings } from "./store.js";
import { WORDS } from "./words.js";

localize();
document.title = WORDS.askTitle;
const answer = byId("answer");

async function ask() {
  try {
    const stream = await openStream({ device: "", processing: false });
    for (const track of stream.getTracks()) track.stop();
  } catch {
    setText(answer, WORDS.askBlocked);
    return;
  }
  await saveSettings({ microphone: true });
  window.close();
}

byId("allow").addEventListener("click", ask);
const permission = await navigator.permissions.query({ name: "microphone" });
permission.onchange = () => {
  if (permission.state === "granted") ask(); // Allowed through the icon beside the address.
};
ask();
