/** An input block of a form: label, control, hint, and the error beside it. */

import { cannotDraw, el, freshId } from "./dom.js";
import { drawControl } from "./elements.js";
import { plain } from "./mrkdwn.js";

const REQUIRED = "Please complete this required field.";
const GROUPS = new Set(["checkboxes", "radio_buttons"]);

export class Field {
  /**
   * @param {Object} block Slack's input block
   * @param {Object} surface see blocks.js
   */
  constructor(block, surface) {
    this.block = block;
    this.element = block.element ?? {};
    const labelId = freshId("label");
    const hintId = freshId("hint");
    this.error = el("p", { class: "field-error", id: freshId("error"), hidden: true });
    this.isOptional = Boolean(block.optional);
    this.control = this.drawControl(surface, labelId, block.hint && hintId);
    this.control?.node.addEventListener("input", () => this.showError(null));
    const optional = this.isOptional && el("span", { class: "optional" }, " (optional)");
    const tag = this.control && !GROUPS.has(this.element.type) ? "label" : "span";
    if (this.control && tag === "label") this.control.focus.id = freshId("field");
    const label = el(
      tag,
      { id: labelId, class: "label", for: tag === "label" && this.control.focus.id },
      plain(block.label?.text ?? ""),
      optional,
    );
    const hint = block.hint && el("p", { class: "hint", id: hintId }, plain(block.hint.text));
    const drawn = this.control?.node ?? cannotDraw("an element", this.element.type);
    this.node = el("div", { class: "field" }, label, drawn, hint, this.error);
  }

  drawControl(surface, labelId, hintId) {
    this.describedBy = [this.error.id, hintId].filter(Boolean).join(" ");
    const naming = { "aria-labelledby": labelId, "aria-describedby": this.describedBy };
    if (!this.isOptional && this.element.type !== "checkboxes") naming["aria-required"] = "true";
    return drawControl(this.element, {
      naming,
      names: surface.names,
      suggest: surface.suggest && ((typed) => surface.suggest(this.block, this.element, typed)),
      conversations: surface.conversations,
      was: surface.was(this.block.block_id, this.element.action_id),
      onChange: (state) => {
        if (this.element.type?.endsWith("_select")) this.showError(null);
        if (this.block.dispatch_action) surface.act(this.block, this.element, state);
      },
    });
  }

  /** Return what Slack reports before it sends the form, in words, or null. */
  problem() {
    const state = this.control?.state() ?? {};
    const value = Object.entries(state).find(([name]) => name !== "type")?.[1];
    const isEmpty = value === null || value === undefined || (Array.isArray(value) && value.length === 0);
    if (isEmpty) return this.isOptional ? null : REQUIRED;
    return this.element.type === "number_input" ? this.numberProblem(value) : this.lengthProblem(value);
  }

  numberProblem(value) {
    const { is_decimal_allowed: decimals, min_value: least, max_value: most } = this.element;
    if (!/^-?\d+([.]\d+)?$/.test(value)) return "Please enter a number.";
    if (!decimals && !/^-?\d+$/.test(value)) return "Please enter a whole number.";
    if (least !== undefined && Number(value) < Number(least)) return `Please enter ${least} or more.`;
    if (most !== undefined && Number(value) > Number(most)) return `Please enter ${most} or less.`;
    return null;
  }

  lengthProblem(value) {
    const least = this.element.min_length;
    return least && value.length < least ? `Please enter at least ${least} characters.` : null;
  }

  showError(words) {
    this.error.textContent = words ?? "";
    this.error.hidden = !words;
    const focus = this.control?.focus;
    if (!focus) return;
    if (words) focus.setAttribute("aria-invalid", "true");
    else focus.removeAttribute("aria-invalid");
    if (GROUPS.has(this.element.type)) focus.setAttribute("aria-describedby", this.describedBy);
  }
}
