/** The page: it records, or reads along with the session that its address names. */

import { takeKey } from "./modules/server-address.js";
import { watchedSession } from "./modules/viewing.js";
import { Reader } from "./reader.js";
import { record } from "./record.js";
import { localize } from "./views/dom.js";
import { watch } from "./watch.js";

localize();
// Another link to the same session, opened in this tab, only changes what is behind the `#`.
window.addEventListener("hashchange", () => {
  if (takeKey(location.href).key) location.reload();
});
const reader = new Reader(document.baseURI);
if (watchedSession(reader.address)) watch(reader);
else record(reader);
