/** Keeps the newest words in view, until the reader scrolls up to read; offers the way back. */

import { followNext } from "../modules/follow.js";
import { byId } from "./dom.js";

export function mountFollow() {
  const scroller = byId("transcript");
  const jump = byId("jump");
  let following = true;
  let before = placeOf(scroller);

  const toEnd = () => {
    scroller.scrollTop = scroller.scrollHeight;
    before = placeOf(scroller);
  };

  /** @param {boolean} wanted */
  const follow = (wanted) => {
    following = wanted;
    jump.hidden = following;
  };

  scroller.addEventListener("scroll", () => {
    const now = placeOf(scroller);
    follow(followNext(following, before, now));
    before = now;
  });

  // Every reason to move comes as a size: new words, larger text, a turned phone.
  const observer = new ResizeObserver(() => {
    if (following) toEnd();
  });
  observer.observe(scroller);
  observer.observe(byId("sheet"));

  const toLive = () => {
    follow(true);
    toEnd();
    scroller.focus({ preventScroll: true });
  };
  jump.addEventListener("click", toLive);
  return toLive;
}

/** @param {HTMLElement} scroller */
function placeOf({ scrollTop, scrollHeight, clientHeight }) {
  return { top: scrollTop, height: scrollHeight, view: clientHeight };
}
