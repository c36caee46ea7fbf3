/**
 * What the browser lets a page listen to: a microphone, or the sound of a tab or of the system.
 *
 * @typedef {"insecure" | "unsupported" | "denied" | "noDevice" | "busy" | "incomplete"
 *   | "notShared" | "noTabSound"} CaptureProblem
 * @typedef {"microphone" | "tab"} Source
 * @typedef {{device: string, processing: boolean, source?: Source}} Choice
 */

export class CaptureError extends Error {
  /** @param {CaptureProblem} problem */
  constructor(problem) {
    super(problem);
    this.problem = problem;
  }
}

/** @returns {CaptureProblem | null} Why this page can never record, if it cannot. */
export function captureObstacle() {
  if (!window.isSecureContext) return "insecure";
  if (!navigator.mediaDevices?.getUserMedia || !window.AudioWorkletNode) return "unsupported";
  return null;
}

/**
 * @param {() => void} allowed  Called when the reader allows the microphone, where browsers tell.
 */
export async function onMicrophoneAllowed(allowed) {
  const name = /** @type {PermissionName} */ ("microphone");
  const permission = await navigator.permissions?.query({ name }).catch(() => null);
  permission?.addEventListener("change", () => {
    if (permission.state === "granted") allowed();
  });
}

/** Whether this browser can share the sound of a tab: phones cannot. */
export function canShareTabs() {
  return Boolean(navigator.mediaDevices?.getDisplayMedia);
}

/**
 * @param {Choice} choice
 * @returns {Promise<MediaStream>}
 */
export function openStream(choice) {
  return choice.source === "tab" ? openTab() : openMicrophone(choice);
}

/**
 * @param {Choice} choice
 * @returns {Promise<MediaStream>}
 */
async function openMicrophone({ device, processing }) {
  const treatment = treatmentOf(processing);
  const audio = device ? { ...treatment, deviceId: { exact: device } } : treatment;
  try {
    return await navigator.mediaDevices.getUserMedia({ audio });
  } catch (error) {
    const name = nameOf(error);
    if (name === "OverconstrainedError" && device)
      return openMicrophone({ device: "", processing });
    throw new CaptureError(problemOf(name));
  }
}

/**
 * Browsers share sound only together with a picture. Nobody looks at it, so it may be slow.
 *
 * @returns {Promise<MediaStream>}
 */
async function openTab() {
  if (!canShareTabs()) throw new CaptureError("unsupported");
  const wish = {
    video: { frameRate: { max: 1 } },
    audio: { ...treatmentOf(false), suppressLocalAudioPlayback: false },
    systemAudio: "include",
    selfBrowserSurface: "exclude",
    surfaceSwitching: "include",
  };
  let stream;
  try {
    stream = await navigator.mediaDevices.getDisplayMedia(wish);
  } catch (error) {
    const denied = ["NotAllowedError", "AbortError"].includes(nameOf(error));
    throw new CaptureError(denied ? "notShared" : "busy");
  }
  if (stream.getAudioTracks().length > 0) return stream;
  for (const track of stream.getTracks()) track.stop();
  throw new CaptureError("noTabSound");
}

/**
 * All three are on if nothing is said, for tabs too, and then bend speech until it is recognised
 * worse.
 *
 * @param {boolean} on
 */
function treatmentOf(on) {
  return { echoCancellation: on, noiseSuppression: on, autoGainControl: on };
}

/** @param {unknown} error */
function nameOf(error) {
  return error instanceof DOMException ? error.name : "";
}

/**
 * @param {string} name
 * @returns {CaptureProblem}
 */
function problemOf(name) {
  if (name === "NotAllowedError" || name === "SecurityError") return "denied";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "noDevice";
  return "busy";
}
