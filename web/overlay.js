/** Captions over a video picture: a transparent page that follows a session read-only. */

import { Server } from "./live/server.js";
import { Viewer } from "./live/viewer.js";
import { wakeOnReturn } from "./live/wake.js";
import { currentPart } from "./modules/conversation.js";
import { readOverlay } from "./modules/overlay-options.js";
import { serverBase, takeKey } from "./modules/server-address.js";
import { localize } from "./views/dom.js";
import { applyOverlayLook, mountCaptions } from "./views/overlay-view.js";

localize();
const options = readOverlay(location.search);
applyOverlayLook(options);
const render = mountCaptions(options);
const { key, address } = takeKey(document.baseURI);
const server = new Server(serverBase("", address), key);
const viewer = new Viewer({ server, session: options.session });
viewer.addEventListener("change", () => render(currentPart(viewer.state.conversation)));
wakeOnReturn(viewer);
viewer.start();
