/** Keeps the newest words in view, until the reader scrolls up to read; offers the way back. */

import { followNext } from "../modules/follow.js";
import { STRINGS } from "../strings.js";
import { byId, setText } from "./dom.js";

/** @param {() => boolean} live  Whether anything is being said. */
export function mountFollow(live) {
  const scroller = byId("transcript");
  const jump = byId("jump");
  const log = byId("log");
  let following = true;
  /** How many rows there were when the reader left the end. */
  let seen = 0;
  let before = placeOf(scroller);

  const toEnd = () => {
    scroller.scrollTop = scroller.scrollHeight;
    before = placeOf(scroller);
  };

  /** @param {boolean} wanted */
  const follow = (wanted) => {
    if (following) seen = log.childElementCount;
    following = wanted;
    jump.hidden = following;
    sayWhatIsBelow();
  };

  const sayWhatIsBelow = () => {
    const more = !following && log.childElementCount > seen;
    setText(byId("jump-text"), more ? STRINGS.newBelow : live() ? STRINGS.jump : STRINGS.jumpToEnd);
  };
  new MutationObserver(sayWhatIsBelow).observe(log, { childList: true });

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
  return { jump: toLive, render: sayWhatIsBelow };
}

/** @param {HTMLElement} scroller */
function placeOf({ scrollTop, scrollHeight, clientHeight }) {
  return { top: scrollTop, height: scrollHeight, view: clientHeight };
}
