/**
 * The part of the page that reads: the transcript and what helps to read, search, name and save
 * it. The same whether the words are one's own or somebody else's.
 *
 * @import { Dialogue } from "./live/dialogue.js"
 * @import { Preferences } from "./modules/preferences.js"
 * @import { Row } from "./modules/conversation.js"
 * @import { Share } from "./views/share-view.js"
 */

import { currentPart, rows, settle } from "./modules/conversation.js";
import { peopleIn, withPeople } from "./modules/speakers.js";
import { STRINGS } from "./strings.js";
import { byId } from "./views/dom.js";
import { mountFollow } from "./views/follow-view.js";
import { mountProjector } from "./views/projector-view.js";
import { mountSave } from "./views/save-view.js";
import { mountSearch } from "./views/search-view.js";
import { mountSettings } from "./views/settings-view.js";
import { labeler } from "./views/speaker-form-view.js";
import { mountSpeakers } from "./views/speakers-view.js";
import { mountTranscript } from "./views/transcript-view.js";
import { mountUnsure } from "./views/unsure-view.js";

/**
 * @param {object} options
 * @param {Dialogue} options.dialogue
 * @param {() => Preferences} options.preferences
 * @param {(changes: Partial<Preferences>) => void} options.prefer
 * @param {() => boolean} [options.listening]  Whether this page is what listens.
 * @param {() => boolean} options.aloud  Whether new lines are being said now.
 * @param {Share} options.share
 */
export function mountReading({
  dialogue,
  preferences,
  prefer,
  listening = () => false,
  aloud,
  share,
}) {
  /** @type {{of: unknown[], rows: Row[]}} */
  let known = { of: [], rows: [] };

  /** What is on the screen; the same array as long as nothing in it changes. */
  function shownRows() {
    const { conversation, speakers } = dialogue.state;
    const lists = conversation.parts.flatMap(({ transcript, hidden, marker }) => [
      transcript.archive,
      transcript.lines,
      hidden,
      marker,
    ]);
    const of = [speakers, ...lists];
    if (of.length !== known.of.length || of.some((each, i) => each !== known.of[i])) {
      known = { of, rows: withPeople(rows(conversation), speakers) };
    }
    return known.rows;
  }

  const voicesKept = () => dialogue.state.about?.voices === true;
  const labels = () => {
    const { conversation, speakers } = dialogue.state;
    const here = labeler(speakers, conversation.parts);
    const named = (/** @type {number} */ person) => speakers.names[person] !== undefined;
    return { speaker: labeler(speakers), named, here, recording: STRINGS.recordingNumber };
  };
  const follow = mountFollow(aloud);
  const running = () =>
    dialogue.state.link === "open" ? (currentPart(dialogue.state.conversation)?.session ?? "") : "";
  const settings = mountSettings({ preferences, changed: prefer, running });
  const sharing = byId("share-open");
  sharing.addEventListener("click", () => share(sharing, dialogue.shareable));
  const copy = mountSave({
    // With the line that still grows: it is on the screen, too.
    rows: () => {
      const { conversation, speakers } = dialogue.state;
      return withPeople(rows(settle(conversation)), speakers);
    },
    labels,
    language: () => dialogue.state.about?.target_language ?? "",
    played: () => dialogue.state.file?.name ?? "",
  });
  const projector = mountProjector();
  const transcript = mountTranscript();
  const search = mountSearch({ rows: shownRows, transcript });
  const renderUnsure = mountUnsure(transcript);
  mountSpeakers({
    speakers: () => dialogue.state.speakers,
    people: () => peopleIn(shownRows()),
    parts: () => dialogue.state.conversation.parts,
    changed: (speakers) => dialogue.nameSpeakers(speakers),
    canRemember: (person) =>
      listening() &&
      dialogue.state.link === "open" &&
      voicesKept() &&
      dialogue.speakerNow(person) > 0,
    remember: (person, name) => dialogue.rememberVoice(person, name),
  });

  return {
    rows: shownRows,
    transcript,
    /** Single keys that mean the same to every reader. */
    actions: {
      search: search.open,
      jump: follow.jump,
      copy,
      larger: () => settings.resize(1),
      smaller: () => settings.resize(-1),
      projector,
    },
    /** What is said: only after something changed, for it looks at every row. */
    render: () => {
      const { about, conversation, link, phase, problem, speakers } = dialogue.state;
      const shown = shownRows();
      transcript.render({
        rows: shown,
        part: currentPart(conversation),
        listening: listening(),
        hearing: listening() && phase === "live" && link === "open" && problem === null,
        aloud: aloud(),
        speakers,
        label: labeler(speakers, conversation.parts),
        voices: about?.voices === true && about.diarization === true,
      });
      follow.render();
      renderUnsure({ rows: shown, wanted: preferences().unsure });
      search.render();
      sharing.hidden = dialogue.shareable === "";
      const recording = listening() || phase === "starting";
      settings.render({ recording, connected: phase !== "idle" });
    },
  };
}

/**
 * @param {{text: () => void, state: () => void}} render  What is said, and how things stand.
 * @returns {(only?: {text: boolean}) => void} Draws at most once per frame, however many messages
 *   come.
 */
export function drawer(render) {
  const waiting = { frame: false, text: false };
  return ({ text } = { text: true }) => {
    waiting.text ||= text;
    if (waiting.frame) return;
    waiting.frame = true;
    requestAnimationFrame(() => {
      waiting.frame = false;
      if (waiting.text) render.text();
      waiting.text = false;
      render.state();
    });
  };
}
