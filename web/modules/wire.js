/**
 * The native protocol's messages as types, and the address they travel to.
 *
 * @typedef {{word: string, start: number, end: number, probability?: number, speaker?: number | null}} Word
 *
 * @typedef {object} Line  A closed stretch of speech by one speaker, or of silence.
 * @property {number} id  Stable within its session.
 * @property {number} speaker  From 1; 0 if nobody could tell, SILENCE for a pause.
 * @property {string | null} text  Null in a pause.
 * @property {string} start  H:MM:SS.cc, as older clients read it.
 * @property {string} end
 * @property {number} begin  Seconds of the session's audio.
 * @property {number} finish
 * @property {string} [detected_language]
 * @property {string} [translation]
 * @property {Word[]} [words]
 *
 * @typedef {{voice: string, name: string, similarity: number}} Recognized
 *
 * @typedef {object} Config
 * @property {"config"} type
 * @property {string} session
 * @property {number} sample_rate
 * @property {string} [backend]
 * @property {string} [model]
 * @property {string} [language]
 * @property {string[]} [languages]
 * @property {string} [target_language]  What lines are translated into; empty if they are not.
 * @property {string[]} [target_languages]  What they can be translated into.
 * @property {string | null} [notice]  One sentence the reader should see, or null.
 * @property {boolean} [diarization]  Whether speakers are told apart.
 * @property {boolean} [voices]  Whether voices can be remembered.
 * @property {boolean} [recording]  Whether the sound of this session is kept.
 * @property {string} [version]
 *
 * @typedef {object} Live  What a snapshot and a diff both carry.
 * @property {number} seq
 * @property {"active_transcription" | "no_audio_detected" | "error"} status
 * @property {string} buffer_transcription  The line that still grows.
 * @property {number} buffer_final_chars  Its committed code points, from the left.
 * @property {number} buffer_speaker  0 while not known.
 * @property {number} buffer_begin  Seconds: where its first word begins; absent while there is none.
 * @property {string} buffer_diarization  Committed words that wait for their speaker; the line that
 *   grows follows, with nothing between.
 * @property {string} buffer_translation
 * @property {number} remaining_time_transcription  Seconds received but not yet heard.
 * @property {number} remaining_time_diarization
 * @property {number} audio_received  Seconds.
 * @property {Record<string, string>} speakers  Names, by number.
 * @property {Record<string, number>} merged  Numbers that are another speaker after all.
 * @property {Record<string, Recognized>} recognized  Names that came from a voice, by number.
 *
 * @typedef {Partial<Live> & {type: "snapshot", seq: number, lines: Line[], resume_from_sample?: number}} Snapshot
 * @typedef {Partial<Live> & {type: "diff", seq: number, n_lines: number, lines_pruned?: number, new_lines?: Line[], updates?: Line[]}} Diff
 * @typedef {{type: "warning", code: string, message: string}} Warning
 * @typedef {{type: "error", code?: string, message?: string, error?: string, retry_after?: number}} ServerError
 * @typedef {Config | Snapshot | Diff | Warning | ServerError
 *   | {type: "remembered", speaker: number, voice: {name: string}}
 *   | {type: "ready_to_stop"} | {type: "heartbeat", t: number} | {type: "flushed", id?: string}} Message
 */

/** The speaker number that means "nobody spoke". */
export const SILENCE = -2;

/** Hertz of the audio the page sends. */
export const SAMPLE_RATE = 16000;

/** A session to go on with: its id, and the last message seen from it.
 * @typedef {{session: string, seq: number}} Resume */

/**
 * The address of a live session. Relative to the page, so it also works under a path prefix.
 *
 * @param {string} base  The address of the server's page.
 * @param {object} [options]
 * @param {string} [options.language]  A code or "auto"; "" leaves it to the server.
 * @param {string} [options.target]  What to translate into, or "none"; "" leaves it to the server.
 * @param {Resume | null} [options.resume]
 * @param {boolean} [options.record]  False if the server must not keep the sound.
 * @param {boolean} [options.container]  The bytes are a file's, and say themselves what they are.
 * @param {string} [options.title]  What the transcript is called on the server.
 */
export function liveUrl(
  base,
  { language = "", target = "", resume = null, container = false, record = true, title = "" } = {},
) {
  const pcm = { encoding: "s16le", sample_rate: String(SAMPLE_RATE), channels: "1" };
  const url = new URL("asr", base);
  url.protocol = url.protocol === "https:" || url.protocol === "wss:" ? "wss:" : "ws:";
  url.search = new URLSearchParams({
    mode: "diff",
    words: "true",
    ...(container ? { encoding: "auto" } : pcm),
    ...(language && { language }),
    ...(target && { target_language: target }),
    ...(!record && { record: "false" }),
    ...(title && { title }),
  }).toString();
  if (resume) {
    url.searchParams.set("session", resume.session);
    url.searchParams.set("seq", String(resume.seq));
  }
  return url.href;
}
