/** Opens a recording: by the button, or dropped onto the page. */

import { byId } from "./dom.js";

/** @param {{open: (file: File) => void, ready: () => boolean}} options */
export function mountFileOpening({ open, ready }) {
  const input = /** @type {HTMLInputElement} */ (byId("file"));
  const drop = byId("drop");

  const choose = () => {
    if (ready()) input.click();
  };
  byId("open").addEventListener("click", choose);
  input.addEventListener("change", () => {
    const [file] = input.files ?? [];
    input.value = "";
    if (file) open(file);
  });

  document.addEventListener("dragover", (event) => {
    if (!ready() || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    drop.hidden = false;
  });
  document.addEventListener("dragleave", ({ relatedTarget }) => {
    if (!relatedTarget) drop.hidden = true;
  });
  document.addEventListener("drop", (event) => {
    drop.hidden = true;
    const [file] = event.dataTransfer?.files ?? [];
    if (!ready() || !file) return;
    event.preventDefault();
    open(file);
  });
  return choose;
}
