/**
 * A menu to choose one or several options from: ARIA's select-only combobox with a listbox.
 * https://www.w3.org/WAI/ARIA/apg/patterns/combobox/examples/combobox-select-only/
 */

import { el, freshId, icon, unseen } from "./dom.js";
import { plain } from "./mrkdwn.js";
import { drawHeading, drawOption } from "./option.js";
import { Popup } from "./popup.js";

export class Picker {
  /**
   * @param {Object} wish
   * @param {{label?: string, options: Object[]}[]} wish.groups Slack's options in their groups
   * @param {Object[]} wish.chosen the initially chosen options
   * @param {string} wish.placeholder
   * @param {boolean} wish.isMulti
   * @param {number} [wish.most] the largest number of chosen options
   * @param {Object} wish.naming aria-label or aria-labelledby, and aria-describedby
   * @param {() => void} wish.onChange
   */
  constructor({ groups, chosen, placeholder, isMulti, most = Infinity, naming, onChange }) {
    Object.assign(this, { placeholder, isMulti, most, onChange });
    this.options = groups.flatMap((group) => group.options);
    const known = this.options.filter((option) => chosen.some((one) => one.value === option.value));
    this.chosen = new Set(known);
    this.typed = "";
    this.shown = el("span", { class: "picker-value" });
    this.list = this.drawList(groups, naming);
    this.trigger = el(
      "button",
      {
        type: "button",
        class: "picker",
        role: "combobox",
        "aria-haspopup": "listbox",
        "aria-expanded": "false",
        "aria-controls": this.list.id,
        ...naming,
        onclick: () => (this.popup.isOpen ? this.popup.close() : this.open()),
        onkeydown: (event) => this.pressed(event),
        onblur: () => this.popup.close(),
      },
      this.shown,
      icon("down"),
    );
    this.popup = new Popup(this.trigger, this.list, () => this.closed());
    this.node = el("span", { class: "picker-box" }, this.trigger, this.list);
    this.show();
  }

  drawList(groups, naming) {
    const items = groups.flatMap((group) => {
      const heading = group.label && drawHeading(group.label);
      return [heading, ...group.options.map((option) => this.drawOption(option))];
    });
    const naked = { "aria-label": naming["aria-label"], "aria-labelledby": naming["aria-labelledby"] };
    const list = { class: "popup listbox", role: "listbox", id: freshId("listbox"), ...naked };
    return el("ul", { ...list, "aria-multiselectable": this.isMulti && "true" }, ...items.filter(Boolean));
  }

  drawOption(option) {
    return drawOption(option, {
      onclick: () => this.choose(this.options.indexOf(option)),
      onpointermove: () => this.activate(this.options.indexOf(option)),
    });
  }

  get items() {
    return [...this.list.querySelectorAll("[role=option]")];
  }

  open() {
    this.before = this.key();
    this.popup.open();
    this.activate(
      Math.max(
        0,
        this.options.findIndex((option) => this.chosen.has(option)),
      ),
    );
  }

  closed() {
    this.trigger.removeAttribute("aria-activedescendant");
    if (this.key() !== this.before) this.onChange();
  }

  activate(index) {
    this.active = Math.max(0, Math.min(index, this.options.length - 1));
    this.items.forEach((item, at) => item.classList.toggle("is-active", at === this.active));
    const item = this.items[this.active];
    if (!item) return;
    this.trigger.setAttribute("aria-activedescendant", item.id);
    item.scrollIntoView({ block: "nearest" });
  }

  choose(index) {
    const option = this.options[index];
    if (this.isMulti && this.chosen.has(option)) this.chosen.delete(option);
    else if (this.isMulti && this.chosen.size < this.most) this.chosen.add(option);
    else if (!this.isMulti) this.chosen = new Set([option]);
    this.show();
    if (!this.isMulti) this.popup.close();
  }

  show() {
    const texts = [...this.chosen].map((option) => plain(option.text?.text ?? ""));
    this.shown.classList.toggle("is-empty", texts.length === 0);
    const words = this.isMulti
      ? texts.map((text) => el("span", { class: "chip" }, text, unseen(" ")))
      : texts;
    this.shown.replaceChildren(...(texts.length ? words : [this.placeholder]));
    this.items.forEach((item, at) =>
      item.setAttribute("aria-selected", String(this.chosen.has(this.options[at]))),
    );
  }

  pressed(event) {
    const isOpen = this.popup.isOpen;
    const moves = {
      ArrowDown: () => (isOpen ? this.activate(this.active + 1) : this.open()),
      ArrowUp: () => (isOpen ? this.activate(this.active - 1) : this.open()),
      Home: () => isOpen && this.activate(0),
      End: () => isOpen && this.activate(this.options.length - 1),
      Enter: () => (isOpen ? this.choose(this.active) : this.open()),
      " ": () => (isOpen ? this.choose(this.active) : this.open()),
      Escape: () => this.popup.close(),
    };
    if (event.key === "Escape" && !isOpen) return;
    if (Object.hasOwn(moves, event.key)) {
      event.preventDefault();
      moves[event.key]();
    } else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) {
      this.typeAhead(event.key);
    }
  }

  /** Move to the next option that begins with the keys typed in quick succession. */
  typeAhead(letter) {
    clearTimeout(this.pause);
    this.pause = setTimeout(() => (this.typed = ""), 700);
    this.typed += letter.toLowerCase();
    if (!this.popup.isOpen) this.open();
    const found = this.options.findIndex((option) =>
      plain(option.text?.text ?? "")
        .toLowerCase()
        .startsWith(this.typed),
    );
    if (found >= 0) this.activate(found);
  }

  key() {
    return [...this.chosen].map((option) => option.value).join("\n");
  }
}
