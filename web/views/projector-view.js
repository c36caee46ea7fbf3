/** Captions for a whole room: the full screen, huge text, and nothing else until one reaches for it. */

import { byId } from "./dom.js";

export function mountProjector() {
  const { dataset } = document.documentElement;
  const button = byId("projector");

  /** @param {boolean} on */
  const show = (on) => {
    if (on) dataset.projector = "on";
    else delete dataset.projector;
    byId("projector-leave").hidden = !on;
  };

  const toggle = () => {
    const on = dataset.projector === undefined;
    show(on);
    // Refused where there is no full screen, on some phones: the text is large all the same.
    if (on) document.documentElement.requestFullscreen?.().catch(() => {});
    else if (document.fullscreenElement) document.exitFullscreen();
  };

  button.addEventListener("click", toggle);
  byId("projector-leave").addEventListener("click", () => {
    toggle();
    button.focus();
  });
  document.addEventListener("fullscreenchange", () => {
    if (!document.fullscreenElement) show(false);
  });
  document.addEventListener("keydown", ({ key }) => {
    if (key === "Escape" && dataset.projector) toggle();
  });
  return toggle;
}
