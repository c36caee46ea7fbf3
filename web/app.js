/** The page: it records, or reads along with the session that its address names. */

import { watchedSession } from "./modules/viewing.js";
import { Reader } from "./reader.js";
import { record } from "./record.js";
import { localize } from "./views/dom.js";
import { watch } from "./watch.js";

localize();
const reader = new Reader(document.baseURI);
if (watchedSession(reader.address)) watch(reader);
else record(reader);
