/** Create elements. Text always becomes text nodes, so that a message's content can never become markup. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Create an element with attributes, listeners and children.
 *
 * `on…` functions become listeners, and `true` becomes an empty attribute; null, undefined and false are left out.
 * @param {string} tag
 * @param {Object<string, any>} [attributes]
 * @param {...(Node|string|null|undefined|false)} children
 * @returns {HTMLElement}
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  return fill(element, ...children);
}

/** Append children; leave out null, undefined and false. */
export function fill(parent, ...children) {
  parent.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return parent;
}

/** Create a fragment of nodes and strings. */
export function fragment(...children) {
  return fill(document.createDocumentFragment(), ...children);
}

let ids = 0;

/** Return an id that no other element of the page has, for labels and descriptions. */
export function freshId(word) {
  ids += 1;
  return `${word}-${ids}`;
}

/** Create text for screen readers only. */
export function unseen(text) {
  return el("span", { class: "unseen" }, text);
}

/** Create the red text that stands for something that cannot be drawn. */
export function cannotDraw(what, type) {
  return el("p", { class: "cannot-draw" }, `This page cannot draw ${what} of the type “${type ?? "none"}”.`);
}

const PATHS = {
  hash: "M9 3 7 21M17 3l-2 18M4 9h17M3 15h17",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  people:
    "M9 11a3.2 3.2 0 1 0 0-6.4A3.2 3.2 0 0 0 9 11zM3 19c.6-3.4 2.9-5 6-5s5.4 1.6 6 5" +
    "M16 5a3 3 0 0 1 0 6M18 14.3c1.7.8 2.7 2.4 3 4.7",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 14.800a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.600z",
  send: "M4 12 3 4.5 21 12 3 19.5 4 12zm0 0h8",
  down: "m6 9 6 6 6-6",
  back: "M15 5 8 12l7 7",
  close: "M6 6l12 12M18 6 6 18",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  check: "m5 12.5 4.5 4.500L19 7.5",
};

/**
 * Create a line drawing, hidden from screen readers: its callers say the same in words.
 * @param {keyof typeof PATHS} name
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** Create a square with initials; its colour depends only on the id. */
export function avatar(id, name, isApp = false) {
  const colour = [...id].reduce((sum, letter) => sum + letter.codePointAt(0), 0) % 6;
  const look = isApp ? "avatar avatar-app" : `avatar avatar-${colour}`;
  const initials = name
    .split(/\s+/)
    .map((word) => word.match(/[\p{L}\p{N}]/u)?.[0] ?? "")
    .slice(0, 2)
    .join("")
    .toUpperCase();
  return el("span", { class: look, "aria-hidden": "true" }, initials);
}
