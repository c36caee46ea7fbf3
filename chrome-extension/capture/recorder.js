/**
 * The recording: a tab and, if wanted, the microphone, on one clock. Emits "change" and "level".
 *
 * @import { ChannelName } from "../feed/merge.js"
 * @import { Status } from "../messages.js"
 * @import { Settings } from "../settings.js"
 * @import { Problem } from "../../web/live/state.js"
 */

import { Server } from "../../web/live/server.js";
import { CaptureError, openStream } from "../../web/live/streams.js";
import { clear, undoClear } from "../../web/modules/conversation.js";
import { lasting } from "../../web/modules/warnings.js";
import { merge } from "../feed/merge.js";
import { DEFAULTS } from "../settings.js";
import { Channel } from "./channel.js";
import { Clock } from "./sound.js";

export class Recorder extends EventTarget {
  /** @param {{playback: HTMLAudioElement}} options */
  constructor({ playback }) {
    super();
    this.playback = playback;
    /** @type {Settings} */
    this.settings = DEFAULTS;
    this.clock = new Clock();
    /** @type {Channel[]} */
    this.channels = [];
    this.started = 0;
    this.recordings = 0;
    this.title = "";
    /** @type {Problem | null} */
    this.problem = null;
    this.openingMicrophone = false;
    this.processing = false;
  }

  /** @param {ChannelName} name */
  live(name) {
    return this.channels.find((one) => one.name === name && one.state.phase === "live");
  }

  get running() {
    return this.channels.some((channel) => channel.running);
  }

  /**
   * Caption a tab; another one that was captioned is let go.
   *
   * @param {{streamId: string, title: string, settings: Settings}} options
   * @returns {Promise<boolean>} False if the tab cannot be heard.
   */
  async start({ streamId, title, settings }) {
    this.settings = settings;
    this.title = title;
    this.problem = null;
    const stream = await openTab(streamId);
    if (!stream) return false;
    if (!this.running && this.rows.length === 0) this.startAnew();
    this.recordings += 1;
    this.live("tab")?.stop();
    try {
      // A captured tab falls silent for its user, unless somebody plays what was captured.
      this.playback.srcObject = stream;
      await this.playback.play();
      await this.begin("tab", stream);
    } catch {
      stopTracks(stream);
      return false;
    }
    await this.followMicrophone();
    return true;
  }

  /** Nothing is on the screen, so the times begin anew. */
  startAnew() {
    this.channels = [];
    this.clock = new Clock();
    this.recordings = 0;
  }

  /** Finish: what was said is still recognised. A second time: now. */
  async stop() {
    await Promise.all(this.channels.map((channel) => channel.stop()));
  }

  /** @param {Settings} settings */
  async follow(settings) {
    this.settings = settings;
    for (const channel of this.channels.filter(({ running }) => running)) {
      channel.wish({ language: settings.language });
      channel.moveTo(serverOf(settings));
    }
    await this.followMicrophone();
  }

  /** Open or close the microphone, as it is wanted. */
  async followMicrophone() {
    const wanted = () => this.settings.microphone && this.live("tab") !== undefined;
    const { processing } = this.settings;
    if (!wanted() || processing !== this.processing) await this.live("me")?.stop();
    if (!this.settings.microphone) this.problem = null;
    if (!wanted() || this.live("me") || this.openingMicrophone) return;
    this.openingMicrophone = true;
    try {
      const stream = await openStream({ device: "", processing });
      this.problem = null;
      this.processing = processing;
      if (wanted()) await this.begin("me", stream);
      else stopTracks(stream);
    } catch (error) {
      this.problem = error instanceof CaptureError ? error.problem : "busy";
      this.changed();
    } finally {
      this.openingMicrophone = false;
    }
  }

  /**
   * @param {ChannelName} name
   * @param {MediaStream} stream
   */
  async begin(name, stream) {
    const { settings } = this;
    this.started += 1;
    const channel = new Channel({
      name,
      number: this.started,
      recording: name === "tab" ? this.recordings : 0,
      server: serverOf(settings),
      language: settings.language,
      ended: () => this.ended(channel),
    });
    channel.wishes.record = settings.record;
    channel.addEventListener("change", () => this.changed());
    channel.addEventListener("level", () => this.dispatchEvent(new Event("level")));
    this.channels = [...this.channels, channel];
    try {
      await channel.listen(stream, this.clock);
    } catch {
      channel.finish();
      throw new CaptureError("incomplete");
    }
  }

  /**
   * The tab was closed, or the microphone unplugged.
   *
   * @param {Channel} channel
   */
  async ended(channel) {
    if (channel.name === "tab") return this.stop();
    this.problem = "deviceLost";
    await channel.stop();
  }

  clear() {
    this.channels = this.channels.filter((one) => one.running || one.rows.length > 0);
    for (const channel of this.channels) {
      const { conversation, warnings } = channel.state;
      channel.change({
        conversation: clear(conversation, channel.running),
        warnings: lasting(warnings),
      });
    }
  }

  undoClear() {
    for (const channel of this.channels) {
      channel.change({ conversation: undoClear(channel.state.conversation) });
    }
  }

  forgetCleared() {
    for (const channel of this.channels) {
      channel.change({ conversation: { ...channel.state.conversation, cleared: null } });
    }
  }

  retryNow() {
    for (const { connection } of this.channels) connection.hurry();
  }

  /** The network came back. */
  wake() {
    for (const { connection } of this.channels) connection.wake();
  }

  get rows() {
    return merge(this.channels.map(({ rows }) => rows));
  }

  get growing() {
    return this.channels.map(({ growing }) => growing).filter((line) => line !== null);
  }

  /** @returns {Status} */
  get status() {
    const running = this.channels.filter((channel) => channel.running);
    const states = (running.length > 0 ? running : this.channels.slice(-1)).map((c) => c.state);
    const phases = states.map(({ phase }) => phase);
    const links = states.map(({ link }) => link);
    const worst = /** @type {const} */ (["waiting", "connecting", "open", "idle"]);
    return {
      phase: phases.find((phase) => phase === "live") ?? phases[0] ?? "idle",
      link: worst.find((link) => links.includes(link)) ?? "idle",
      wasOpen: states.some(({ wasOpen }) => wasOpen),
      about: states[0]?.about ?? null,
      obstacle: states.map(({ obstacle }) => obstacle).find(Boolean) ?? null,
      retryMs: Math.max(0, ...states.map(({ retryMs }) => retryMs)),
      problem: states.map(({ problem }) => problem).find(Boolean) ?? this.problem,
      warnings: Object.assign({}, ...states.map(({ warnings }) => warnings)),
      title: this.title,
      seconds: this.clock.seconds,
      lag: Math.max(0, ...running.map(({ lagSeconds }) => lagSeconds)),
      lost: this.channels.reduce((sum, { lostSeconds }) => sum + lostSeconds, 0),
      cleared: this.channels.some(({ state }) => state.conversation.cleared !== null),
      soundKept: states.some(({ soundKept }) => soundKept),
      channels: running.map(({ name, level, signal }) => ({
        name,
        level,
        silent: signal.noSignal,
      })),
    };
  }

  changed() {
    if (!this.channels.some(({ sound, state }) => sound || state.phase === "starting")) {
      this.playback.srcObject = null;
      this.clock.stop();
    }
    this.dispatchEvent(new Event("change"));
  }
}

/** @param {Settings} settings */
function serverOf({ server, key }) {
  return new Server(server, key);
}

/** @param {MediaStream} stream */
function stopTracks(stream) {
  for (const track of stream.getTracks()) track.stop();
}

/**
 * @param {string} streamId
 * @returns {Promise<MediaStream | null>}
 */
async function openTab(streamId) {
  /** @type {any} Not a standard, so not in TypeScript's library. */
  const audio = { mandatory: { chromeMediaSource: "tab", chromeMediaSourceId: streamId } };
  return navigator.mediaDevices.getUserMedia({ audio }).catch(() => null);
}
