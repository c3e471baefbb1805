/** Show JSON, indented and coloured. */

import { el, fragment } from "./dom.js";

const STEP = "  ";

/** Create a box; it is focusable because it may scroll. */
export function jsonBox(value, label) {
  return el("pre", { class: "json", tabindex: "0", role: "region", "aria-label": label }, nodes(value, ""));
}

function nodes(value, margin) {
  if (Array.isArray(value))
    return bracketed(
      "[",
      "]",
      value.map((part) => [null, part]),
      margin,
    );
  if (value !== null && typeof value === "object") return bracketed("{", "}", Object.entries(value), margin);
  const kind = value === null ? "null" : typeof value;
  return el("span", { class: `json-${kind}` }, JSON.stringify(value) ?? "null");
}

function bracketed(opening, closing, entries, margin) {
  if (!entries.length) return fragment(opening + closing);
  const inner = margin + STEP;
  const lines = entries.map(([name, part], at) =>
    fragment(
      inner,
      name !== null && el("span", { class: "json-name" }, JSON.stringify(name)),
      name !== null && ": ",
      nodes(part, inner),
      at < entries.length - 1 ? ",\n" : "\n",
    ),
  );
  return fragment(`${opening}\n`, ...lines, margin + closing);
}
