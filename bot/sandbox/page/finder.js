/**
 * A menu to search in, whose options come from the app: ARIA's editable combobox with a listbox.
 * https://www.w3.org/WAI/ARIA/apg/patterns/combobox/examples/combobox-autocomplete-list/
 */

import { el, freshId } from "./dom.js";
import { plain } from "./mrkdwn.js";
import { drawHeading, drawOption } from "./option.js";
import { Popup } from "./popup.js";

const PAUSE = 200;
const LEAST = 3;

export class Finder {
  /**
   * @param {Object} wish
   * @param {Object|null} wish.chosen the initially chosen option
   * @param {string} wish.placeholder
   * @param {number} [wish.least] how many characters must be typed before the app is asked
   * @param {(typed: string) => Promise<{error: string|null, groups: Object[]}>} wish.suggest
   * @param {Object} wish.naming aria-label or aria-labelledby, and aria-describedby
   * @param {() => void} wish.onChange
   */
  constructor({ chosen, placeholder, least = LEAST, suggest, naming, onChange }) {
    Object.assign(this, { chosen, least, suggest, onChange, options: [], asked: 0 });
    const naked = { "aria-label": naming["aria-label"], "aria-labelledby": naming["aria-labelledby"] };
    this.list = el("ul", { role: "listbox", id: freshId("listbox"), ...naked });
    this.note = el("p", { class: "finder-note", role: "status" });
    const panel = el("div", { class: "popup listbox" }, this.list, this.note);
    this.input = el("input", {
      ...naming,
      type: "text",
      class: "input",
      role: "combobox",
      placeholder,
      autocomplete: "off",
      spellcheck: "false",
      "aria-autocomplete": "list",
      "aria-haspopup": "listbox",
      "aria-expanded": "false",
      "aria-controls": this.list.id,
      onclick: () => this.open(),
      oninput: () => this.typed(),
      onkeydown: (event) => this.pressed(event),
      onblur: () => this.left(),
    });
    this.popup = new Popup(this.input, panel, () => this.input.removeAttribute("aria-activedescendant"));
    this.node = el("span", { class: "picker-box" }, this.input, panel);
    this.show();
  }

  show() {
    this.input.value = this.chosen ? plain(this.chosen.text.text) : "";
  }

  /** Open the menu with everything: the chosen option is no search. */
  open() {
    if (this.popup.isOpen) return;
    this.input.select();
    this.popup.open();
    this.ask("");
  }

  typed() {
    clearTimeout(this.pause);
    if (!this.popup.isOpen) this.popup.open();
    this.pause = setTimeout(() => this.ask(this.input.value), PAUSE);
  }

  async ask(typed) {
    this.asked += 1;
    const own = this.asked;
    if (typed.length < this.least) return this.draw([], `Type ${this.least} characters to search.`);
    this.note.textContent = "Loading …";
    let groups = [];
    let note = "";
    try {
      const { error, groups: found } = await this.suggest(typed);
      groups = found;
      note = error ? `The options could not be loaded: ${error}` : "";
    } catch (error) {
      note = error.message;
    }
    if (own !== this.asked || !this.popup.isOpen) return;
    this.draw(groups, note || (groups.some((group) => group.options.length) ? "" : "No results"));
  }

  draw(groups, note) {
    this.options = groups.flatMap((group) => group.options);
    const lines = groups.flatMap((group) => [
      group.label && drawHeading(plain(group.label.text)),
      ...group.options.map((option) => this.drawOption(option)),
    ]);
    this.list.replaceChildren(...lines.filter(Boolean));
    this.note.textContent = note;
    this.popup.place();
    this.activate(0);
  }

  drawOption(option) {
    return drawOption(option, {
      "aria-selected": String(option.value === this.chosen?.value),
      onclick: () => this.choose(this.options.indexOf(option)),
      onpointermove: () => this.activate(this.options.indexOf(option)),
    });
  }

  get items() {
    return [...this.list.querySelectorAll("[role=option]")];
  }

  activate(index) {
    this.active = Math.max(0, Math.min(index, this.options.length - 1));
    this.items.forEach((item, at) => item.classList.toggle("is-active", at === this.active));
    const item = this.items[this.active];
    if (!item) return this.input.removeAttribute("aria-activedescendant");
    this.input.setAttribute("aria-activedescendant", item.id);
    item.scrollIntoView({ block: "nearest" });
  }

  choose(index) {
    if (!this.options[index]) return;
    this.chosen = this.options[index];
    this.show();
    this.popup.close();
    this.onChange();
  }

  /** What was typed and not chosen is no choice. */
  left() {
    clearTimeout(this.pause);
    this.popup.close();
    this.show();
  }

  pressed(event) {
    const isOpen = this.popup.isOpen;
    const act = {
      ArrowDown: () => (isOpen ? this.activate(this.active + 1) : this.open()),
      ArrowUp: () => (isOpen ? this.activate(this.active - 1) : this.open()),
      Enter: isOpen && (() => this.choose(this.active)),
      Escape: isOpen && (() => this.popup.close()),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }
}
