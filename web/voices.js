/**
 * The voices that the server recognises: shown, added to, renamed and deleted.
 *
 * @import { About, Access, Obstacle, Server } from "./live/server.js"
 * @import { Choice } from "./live/streams.js"
 */

import { CaptureError } from "./live/microphone.js";
import { Sampler } from "./live/sampler.js";
import { Refusal } from "./live/server.js";
import { Voices } from "./live/voices.js";
import { STRINGS } from "./strings.js";
import { byId, setText } from "./views/dom.js";
import { mountVoicesView } from "./views/voices-view.js";

const SAMPLE_SECONDS = 10;

/** Less of a voice says too little of it. */
const LEAST_SECONDS = 2;

/** @param {{server: () => Server, choice: () => Choice}} options */
export function mountVoices({ server, choice }) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("voices"));
  const voices = new Voices(server);
  let recording = false;
  let busy = false;
  const sampler = new Sampler({ heard: () => draw(), done: () => recorded() });
  const view = mountVoicesView({
    addFile: (name, file) => add(name, file, file.name),
    record: () => (recording ? recorded() : record()),
    rename: (voice, name) => change(() => voices.rename(voice.id, name)),
    remove: (voice) => change(() => voices.remove(voice.id)),
  });

  byId("voices-open").addEventListener("click", () => {
    byId("settings").hidePopover();
    dialog.showModal();
    say("");
    draw();
    change(async () => {});
  });
  byId("voices-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => {
    recording = false;
    sampler.stop();
    view.clear();
  });

  function draw() {
    view.renderRecording({ recording, seconds: sampler.seconds, most: SAMPLE_SECONDS, busy });
  }

  /**
   * @param {string} text
   * @param {{good?: boolean}} [news]
   */
  function say(text, { good = false } = {}) {
    byId("voices-state").classList.toggle("trouble", !good);
    setText(byId("voices-state"), text);
  }

  async function record() {
    say("");
    try {
      await sampler.start(choice(), SAMPLE_SECONDS);
      recording = true;
    } catch (error) {
      if (!(error instanceof CaptureError)) throw error;
      say(`${STRINGS[`${error.problem}Title`]} ${STRINGS[error.problem]}`);
    }
    draw();
  }

  async function recorded() {
    if (!recording) return;
    recording = false;
    const enough = sampler.seconds >= LEAST_SECONDS;
    const sample = await sampler.stop();
    draw();
    if (enough) await add(view.name(), sample, "voice.wav");
    else say(STRINGS.voiceTooShort);
  }

  /**
   * @param {string} name
   * @param {Blob} sample
   * @param {string} fileName
   */
  async function add(name, sample, fileName) {
    if (busy) return;
    busy = true;
    draw();
    const done = await change(() => voices.add(name, sample, fileName));
    busy = false;
    draw();
    if (!done) return;
    view.clear();
    say(STRINGS.voiceRemembered(name), { good: true });
  }

  /**
   * @param {() => Promise<void>} action
   * @returns {Promise<boolean>} Whether the server did it. What it then knows is shown either way.
   */
  async function change(action) {
    say("");
    let done = true;
    try {
      await action();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      done = false;
      say(voiceTrouble(error.obstacle));
    }
    const known = await voices.list().catch((error) => {
      if (!(error instanceof Refusal)) throw error;
      say(voiceTrouble(error.obstacle));
      return null;
    });
    if (known) view.render(known);
    return done;
  }

  return {
    /** @param {{access: Access | null, about: About | null}} known */
    offer: ({ access, about }) => {
      const may = access?.scopes.some((scope) => scope === "transcribe" || scope === "admin");
      byId("voices-section").hidden = !(about?.voices && may);
    },
  };
}

/** @param {Obstacle} obstacle */
function voiceTrouble({ code, message }) {
  if (code === "away") return STRINGS.awayTitle;
  if (code === "name_taken") return STRINGS.voiceNameTaken;
  if (code === "unusable_sample") return `${STRINGS.voiceUnclear} ${message}`;
  if (code === "bad_audio") return `${STRINGS.notAudioTitle} ${STRINGS.notAudio}`;
  if (code === "missing_scope") return `${STRINGS.keyScopeTitle} ${STRINGS.keyScope}`;
  if (code === "not_local") return STRINGS.voicesNotLocal;
  return message || STRINGS.refusedTitle;
}
