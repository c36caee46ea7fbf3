/**
 * Captions on top of the captured page. Runs there as a content script, which cannot import.
 *
 * The shadow root is closed: the page cannot read what it shows, the words from the microphone
 * least of all. Text is only ever set as text.
 */
(() => {
  /** @type {any} This script's own world; the page has another. */
  const world = globalThis;
  if (world.livesttOverlay) {
    world.livesttOverlay.show();
    return;
  }

  const STYLE = `
    .box {
      box-sizing: border-box; width: min(46rem, 92vw); padding: .5rem 2.6rem .6rem 1rem;
      border-radius: .7rem; background: rgb(16 14 12 / 88%); color: #f6f2ea; cursor: move;
      font: 500 clamp(1rem, 2.1vw, 1.5rem) / 1.4 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif;
      text-align: start; touch-action: none; user-select: none; position: relative;
    }
    .box:focus-visible, button:focus-visible { outline: 3px solid #ff8f70; outline-offset: 2px; }
    p { margin: 0; min-height: 1.4em; overflow-wrap: anywhere; text-wrap: pretty; }
    .who { margin-inline-end: .6em; color: #ff8f70; font-size: .8em; font-weight: 650; }
    .who:empty { display: none; }
    .pencil { color: #bdb4a7; }
    button {
      position: absolute; inset: .3rem .3rem auto auto; width: 2rem; height: 2rem; padding: 0;
      border: 0; border-radius: .5rem; background: none; color: inherit; cursor: pointer;
      font: 1.2rem / 1 system-ui, sans-serif;
    }
    button:hover { background: rgb(255 255 255 / 15%); }
    .said {
      position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
    }`;

  const HOST =
    "all: initial !important; position: fixed !important; z-index: 2147483647 !important; " +
    "inset: auto !important; margin: 0 !important; border: 0 !important; padding: 0 !important; " +
    "overflow: visible !important; background: none !important; width: max-content !important; ";

  /** @param {string} className */
  const make = (tag = "div", className = "") => {
    const element = document.createElement(tag);
    element.className = className;
    return element;
  };

  const host = make();
  host.popover = "manual"; // The browser's top layer: above full-screen video too.
  const root = host.attachShadow({ mode: "closed" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];

  const box = make("section", "box");
  box.tabIndex = 0;
  const lines = make("div", "lines");
  lines.ariaHidden = "true";
  const said = make("div", "said");
  said.role = "log";
  said.ariaLive = "polite";
  const close = make("button");
  close.textContent = "×";
  box.append(lines, said, close);
  root.append(box);

  /** The overlay's middle, as a share of the window. */
  let place = { x: 0.5, y: 0.88 };
  /** @type {chrome.runtime.Port | null} */
  let port = null;
  /** @type {Set<string>} */
  const heard = new Set();

  /** @param {number} value */
  const share = (value) => Math.max(0.03, Math.min(0.97, value));

  /** @param {{x: number, y: number}} wanted */
  const moveTo = ({ x, y }) => {
    place = { x: share(x), y: share(y) };
    const at = `left: ${100 * place.x}vw !important; top: ${100 * place.y}vh !important; `;
    host.style.cssText = `${HOST}${at}transform: translate(-50%, -50%) !important;`;
  };

  /** @param {{who: string, ink: string, pencil: string}} caption */
  const makeLine = ({ who, ink, pencil }) => {
    const line = make("p");
    line.dir = "auto";
    for (const [className, text] of Object.entries({ who, ink, pencil })) {
      const span = make("span", className);
      span.textContent = text;
      line.append(span);
    }
    return line;
  };

  /** @param {{place: {x: number, y: number} | null, how: string, hide: string}} welcome */
  const settle = ({ place: before, how, hide: hiding }) => {
    box.ariaLabel = how;
    close.ariaLabel = hiding;
    if (before) moveTo(before);
  };

  /** @param {{shown: {who: string, ink: string, pencil: string}[], said: {key: string, text: string}[]}} captions */
  const render = (captions) => {
    lines.replaceChildren(...captions.shown.map(makeLine));
    const fresh = captions.said.filter(({ key }) => !heard.has(key));
    for (const { key, text } of fresh) {
      heard.add(key);
      const line = make("p");
      line.textContent = text;
      said.append(line);
    }
    while (said.childElementCount > 20) said.firstElementChild?.remove();
  };

  const remove = () => {
    port?.disconnect();
    port = null;
    host.remove();
  };

  const hide = () => {
    chrome.runtime.sendMessage({ to: "worker", type: "hide" });
    remove();
  };

  /**
   * In front of everything. What is outside of a full-screen element can be seen there, but not
   * touched; some elements show nothing that is inside.
   */
  const raise = () => {
    const full = document.fullscreenElement;
    const inside = full && !full.matches("video, iframe, canvas, img, object, embed");
    (inside ? full : document.documentElement).append(host);
    host.showPopover();
  };

  const show = () => {
    if (port) return;
    moveTo(place);
    raise();
    port = chrome.runtime.connect({ name: "overlay" });
    port.onDisconnect.addListener(remove);
    port.onMessage.addListener((message) => {
      if (message.type === "captions") render(message.captions);
      if (message.type === "welcome") settle(message);
      if (message.type === "over") remove();
    });
  };

  const moved = () => port?.postMessage(place);

  box.addEventListener("pointerdown", (event) => {
    if (event.target === close) return;
    box.setPointerCapture(event.pointerId);
    const from = {
      x: place.x * innerWidth - event.clientX,
      y: place.y * innerHeight - event.clientY,
    };
    const drag = (/** @type {PointerEvent} */ now) =>
      moveTo({ x: (now.clientX + from.x) / innerWidth, y: (now.clientY + from.y) / innerHeight });
    box.addEventListener("pointermove", drag);
    box.addEventListener(
      "lostpointercapture",
      () => {
        box.removeEventListener("pointermove", drag);
        moved();
      },
      { once: true },
    );
  });

  /** @type {Record<string, [number, number]>} */
  const STEPS = {
    ArrowLeft: [-0.03, 0],
    ArrowRight: [0.03, 0],
    ArrowUp: [0, -0.03],
    ArrowDown: [0, 0.03],
  };

  box.addEventListener("keydown", (event) => {
    event.stopPropagation();
    const step = STEPS[event.key];
    if (step) {
      event.preventDefault();
      moveTo({ x: place.x + step[0], y: place.y + step[1] });
      moved();
    }
    if (event.key === "Escape") hide();
  });
  close.addEventListener("click", hide);
  document.addEventListener("fullscreenchange", () => port && raise());

  world.livesttOverlay = { show, hide: remove, root };
  show();
})();
