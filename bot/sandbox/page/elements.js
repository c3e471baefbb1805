/**
 * Draw interactive elements as controls.
 *
 * A control is `{node, focus, state}`: the drawn node, the node that takes the focus, and a function that returns
 * what Slack calls the element's state, such as {type: "static_select", selected_option: {…}}. A drawing function
 * gets `naming` (the ARIA attributes that name and describe it), `names`, `onChange(state)`, and `was`, the
 * element's former state if it is drawn again. In a form it also gets `suggest(typed)`, the app's options, and
 * `conversations`, those that the person sees, as options.
 */

import { el, freshId, icon } from "./dom.js";
import { Finder } from "./finder.js";
import { hangMenu } from "./menu.js";
import { plain, textNodes } from "./mrkdwn.js";
import { Picker } from "./picker.js";

/**
 * Create a control for the element, or null if this page cannot draw its type.
 * @param {Object} element Slack's element
 * @param {{naming: Object, names: Object, onChange: (state: Object) => void, was?: Object}} setting
 * @returns {Object|null}
 */
export function drawControl(element, setting) {
  const draw = Object.hasOwn(DRAWINGS, element?.type) ? DRAWINGS[element.type] : null;
  const was = setting.was?.type === element.type ? setting.was : undefined;
  return draw && draw(element, { ...setting, was });
}

/** Return whether an element has a state that a form sends. */
export function hasState(element) {
  return element.type !== "button" && element.type !== "overflow";
}

function button(element, { onChange }) {
  const look = `button ${element.style === "primary" || element.style === "danger" ? `button-${element.style}` : ""}`;
  const state = () => ({ type: "button", value: element.value });
  const label = { "aria-label": element.accessibility_label };
  const node = el(
    "button",
    { type: "button", class: look.trim(), ...label },
    plain(element.text?.text ?? ""),
  );
  node.addEventListener("click", () => onChange(state()));
  return { node, focus: node, state };
}

function overflow(element, { onChange }) {
  const trigger = el(
    "button",
    {
      type: "button",
      class: "button button-icon",
      "aria-label": "More actions",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
    },
    icon("more"),
  );
  const node = el("span", { class: "picker-box" }, trigger);
  hangMenu(trigger, element.options ?? [], (option) =>
    onChange({ type: "overflow", selected_option: option }),
  );
  return { node, focus: trigger, state: () => ({ type: "overflow" }) };
}

function select(element, { naming, onChange, was }) {
  const isMulti = element.type === "multi_static_select";
  const initial = isMulti ? element.initial_options : element.initial_option && [element.initial_option];
  const before = isMulti ? was?.selected_options : was?.selected_option && [was.selected_option];
  const picker = new Picker({
    groups: element.option_groups?.map(labelled) ?? [{ options: element.options ?? [] }],
    chosen: (was ? before : initial) ?? [],
    placeholder: plain(element.placeholder?.text ?? "Choose an option"),
    isMulti,
    most: element.max_selected_items,
    naming,
    onChange: () => onChange(state()),
  });
  const state = () => ({ type: element.type, ...selection([...picker.chosen], isMulti) });
  return { node: picker.node, focus: picker.trigger, state };
}

function externalSelect(element, { naming, onChange, was, suggest }) {
  if (!suggest) return null;
  const finder = new Finder({
    chosen: (was ? was.selected_option : element.initial_option) ?? null,
    placeholder: plain(element.placeholder?.text ?? "Choose an option"),
    least: element.min_query_length,
    suggest,
    naming,
    onChange: () => onChange(state()),
  });
  const state = () => ({ type: element.type, selected_option: finder.chosen });
  return { node: finder.node, focus: finder.input, state };
}

function conversationsSelect(element, { naming, onChange, was, conversations }) {
  if (!conversations) return null;
  const chosen = was ? was.selected_conversation : element.initial_conversation;
  const picker = new Picker({
    groups: [{ options: conversations }],
    chosen: conversations.filter((option) => option.value === chosen),
    placeholder: plain(element.placeholder?.text ?? "Choose a conversation"),
    isMulti: false,
    naming,
    onChange: () => onChange(state()),
  });
  const state = () => ({ type: element.type, selected_conversation: [...picker.chosen][0]?.value ?? null });
  return { node: picker.node, focus: picker.trigger, state };
}

function labelled(group) {
  return { label: plain(group.label?.text ?? ""), options: group.options ?? [] };
}

function selection(options, isMulti) {
  return isMulti ? { selected_options: options } : { selected_option: options[0] ?? null };
}

/** Draw checkboxes and radio buttons. */
function choices(element, { naming, names, onChange, was }) {
  const isMulti = element.type === "checkboxes";
  const name = freshId("choice");
  const before = was
    ? (was.selected_options ?? [was.selected_option])
    : (element.initial_options ?? [element.initial_option]);
  const options = element.options ?? [];
  const boxes = options.map((option) => {
    const checked = before.some((one) => one?.value === option.value);
    const box = el("input", { type: isMulti ? "checkbox" : "radio", name, checked });
    box.addEventListener("change", () => onChange(state()));
    return box;
  });
  const state = () => {
    const chosen = options.filter((_, at) => boxes[at].checked);
    return { type: element.type, ...selection(chosen, isMulti) };
  };
  const lines = options.map((option, at) => choice(boxes[at], option, names));
  const role = isMulti ? "group" : "radiogroup";
  return { node: el("div", { class: "choices", role, ...naming }, ...lines), focus: boxes[0], state };
}

function choice(box, option, names) {
  const description = option.description && el("small", {}, textNodes(option.description, names));
  return el("label", { class: "choice" }, box, el("span", {}, textNodes(option.text, names), description));
}

/** Draw a text input of one line or several; `kind` is the HTML type of one line. */
function text(kind) {
  return (element, { naming, onChange, was }) => {
    const attributes = {
      ...naming,
      class: "input",
      placeholder: element.placeholder && plain(element.placeholder.text),
      maxlength: element.max_length,
      autocomplete: "off",
    };
    const node = element.multiline
      ? el("textarea", { ...attributes, rows: 4 })
      : el("input", { ...attributes, type: kind });
    node.value = (was ? was.value : element.initial_value) ?? "";
    const state = () => ({ type: element.type, value: node.value === "" ? null : node.value });
    node.addEventListener("keydown", (event) => {
      const wanted = element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
      if (event.key === "Enter" && wanted.includes("on_enter_pressed")) onChange(state());
    });
    return { node, focus: node, state };
  };
}

function number(element, setting) {
  const control = text("text")(element, setting);
  control.node.inputMode = element.is_decimal_allowed ? "decimal" : "numeric";
  control.node.classList.add("input-number");
  return control;
}

/** Draw a date or a time of day with the browser's own picker. */
function moment(kind, property, initial) {
  return (element, { naming, onChange, was }) => {
    const node = el("input", { ...naming, type: kind, class: "input input-moment" });
    node.value = (was ? was[property] : element[initial]) ?? "";
    const state = () => ({ type: element.type, [property]: node.value || null });
    node.addEventListener("change", () => onChange(state()));
    return { node, focus: node, state };
  };
}

const DRAWINGS = {
  button,
  overflow,
  static_select: select,
  multi_static_select: select,
  external_select: externalSelect,
  conversations_select: conversationsSelect,
  checkboxes: choices,
  radio_buttons: choices,
  plain_text_input: text("text"),
  email_text_input: text("email"),
  url_text_input: text("url"),
  number_input: number,
  datepicker: moment("date", "selected_date", "initial_date"),
  timepicker: moment("time", "selected_time", "initial_time"),
};
