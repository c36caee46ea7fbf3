/** The few things every view does with the document. */

import { STRINGS } from "../strings.js";

/** @import { TextKey } from "../strings.js" */

/**
 * @template {Element} [T=HTMLElement]
 * @param {string} id
 * @returns {T}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return /** @type {any} */ (element);
}

/**
 * An element with a class and text, never markup: what the server says is not to be trusted.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} className
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, className, ...children) {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...children);
  return element;
}

/**
 * Touch the document only if something changed: it also keeps a screen reader quiet.
 *
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * A sentence with a command in it, which no line breaks within an option.
 *
 * @param {Element} element
 * @param {string} text
 */
export function setCommand(element, text) {
  const pieces = text.split(/(--\S+)/);
  element.replaceChildren(
    ...pieces.map((piece, i) => (i % 2 ? make("span", "whole", piece) : piece)),
  );
}

/** @param {TextKey} key */
export function textButton(key, className = "") {
  const button = make("button", className, STRINGS[key]);
  button.type = "button";
  return button;
}

/**
 * Put a panel that is open below the button that opened it, where it fits the screen.
 *
 * @param {HTMLElement} panel
 * @param {Element} button
 */
export function placeUnder(panel, button) {
  const { left, right, bottom } = button.getBoundingClientRect();
  const { width, height } = panel.getBoundingClientRect();
  const start = STRINGS.direction === "rtl" ? right - width : left;
  const x = Math.max(8, Math.min(start, innerWidth - width - 8));
  const y = Math.max(8, Math.min(bottom + 6, innerHeight - height - 8));
  panel.style.setProperty("inset", `${y}px auto auto ${x}px`);
}

/** Fill the page's fixed words from the table. */
export function localize() {
  document.documentElement.lang = STRINGS.lang;
  document.documentElement.dir = STRINGS.direction;
  document.title = STRINGS.title;
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = word(element.getAttribute("data-text"));
  }
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (
    document.querySelectorAll("[data-label]")
  )) {
    element.setAttribute("aria-label", word(element.getAttribute("data-label")));
    if (element.matches("button")) element.title = element.ariaLabel ?? "";
  }
  for (const element of document.querySelectorAll("[data-placeholder]")) {
    element.setAttribute("placeholder", word(element.getAttribute("data-placeholder")));
  }
}

/** @param {string | null} key */
function word(key) {
  return STRINGS[/** @type {TextKey} */ (key)];
}
