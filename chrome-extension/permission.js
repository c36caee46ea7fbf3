/** The one page that can ask for the microphone: neither a panel nor a hidden document can. */

import { openStream } from "../web/live/streams.js";
import { byId, setText } from "../web/views/dom.js";
import { saveSettings } from "./store.js";

const answer = byId("answer");

async function ask() {
  try {
    const stream = await openStream({ device: "", processing: false });
    for (const track of stream.getTracks()) track.stop();
  } catch {
    setText(
      answer,
      "The microphone is blocked or missing. The icon beside the address opens the permissions; " +
        "then press the button again.",
    );
    return;
  }
  await saveSettings({ microphone: true });
  window.close();
}

byId("allow").addEventListener("click", ask);
ask();
