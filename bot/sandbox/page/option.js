/** The options of a listbox, as the menus draw them. */

import { el, freshId, icon } from "./dom.js";
import { plain } from "./mrkdwn.js";

/**
 * Draw an option of Slack's as an item of a listbox.
 * @param {Object} option
 * @param {Object} attributes what happens on a click, and under the pointer
 */
export function drawOption(option, attributes) {
  const description = option.description && el("small", {}, plain(option.description.text));
  return el(
    "li",
    {
      role: "option",
      id: freshId("option"),
      class: "option",
      // The focus stays where it is: a press must not move it.
      onpointerdown: (event) => event.preventDefault(),
      ...attributes,
    },
    el("span", { class: "option-text" }, plain(option.text?.text ?? ""), description),
    icon("check"),
  );
}

/** Draw the heading of a group of options. */
export function drawHeading(text) {
  return el("li", { class: "option-group", role: "presentation" }, text);
}
