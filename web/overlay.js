/** Captions over a video picture: a transparent page that follows a session read-only. */

import { Viewer } from "./live/viewer.js";
import { currentPart } from "./modules/conversation.js";
import { readOverlay } from "./modules/overlay-options.js";
import { localize } from "./views/dom.js";
import { applyOverlayLook, mountCaptions } from "./views/overlay-view.js";

localize();
const options = readOverlay(location.search);
applyOverlayLook(options);
const render = mountCaptions(options);
const viewer = new Viewer({ base: document.baseURI, session: options.session });
viewer.addEventListener("change", () => render(currentPart(viewer.state.conversation)));
viewer.start();
