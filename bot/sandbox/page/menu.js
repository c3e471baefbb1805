/** The menu behind a button with three dots. */

import { el } from "./dom.js";
import { plain } from "./mrkdwn.js";
import { Popup } from "./popup.js";

/**
 * Attach a menu to a button that is in the page or will be.
 * @param {HTMLElement} trigger the button; the menu becomes its next sibling
 * @param {Object[]} options Slack's options
 * @param {(option: Object) => void} onChoose
 */
export function hangMenu(trigger, options, onChoose) {
  const items = options.map((option) => {
    const description = option.description && el("small", {}, plain(option.description.text));
    const attributes = { type: "button", role: "menuitem", class: "option", tabindex: "-1" };
    return el("button", attributes, el("span", {}, plain(option.text?.text ?? ""), description));
  });
  const panel = el("div", { class: "popup", role: "menu", "aria-label": "More actions" }, ...items);
  const popup = new Popup(trigger, panel);
  trigger.after(panel);

  const open = () => {
    popup.open();
    items[0]?.focus();
  };
  const close = () => {
    popup.close();
    trigger.focus();
  };
  const step = (by) => {
    const at = items.indexOf(document.activeElement);
    items.at((at + by + items.length) % items.length)?.focus();
  };
  const keys = {
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    Home: () => items[0]?.focus(),
    End: () => items.at(-1)?.focus(),
    Escape: close,
  };

  trigger.addEventListener("click", () => (popup.isOpen ? popup.close() : open()));
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Tab") popup.close();
    if (!Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  });
  items.forEach((item, at) =>
    item.addEventListener("click", () => {
      close();
      onChoose(options[at]);
    }),
  );
}
