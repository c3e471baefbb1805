/**
 * Draw blocks as Slack does, in a message, a form or a Home tab.
 *
 * A surface is the message or view that holds the blocks. It has `names`, `act(block, element, state)` (a
 * promise of an error message, or null), `was(blockId, actionId)` (the former state of an element that is drawn
 * again), and the lists `fields` and `controls`, which drawing fills. A block that cannot be drawn is reported in
 * red, never left out.
 */

import { openAddress } from "./addresses.js";
import { confirmed } from "./confirm.js";
import { cannotDraw, el, fragment, freshId } from "./dom.js";
import { drawControl, hasState } from "./elements.js";
import { Field } from "./field.js";
import { isSafe, plain, textNodes } from "./mrkdwn.js";
import { richText } from "./richtext.js";

const NAMES_OF_ELEMENTS = {
  checkboxes: "Choices",
  radio_buttons: "Choices",
  datepicker: "Date",
  timepicker: "Time",
};

/** Draw every block in order. */
export function drawBlocks(blocks, surface) {
  return fragment(...blocks.map((block) => drawBlock(block, surface)));
}

function drawBlock(block, surface) {
  const draw = Object.hasOwn(DRAWINGS, block?.type) ? DRAWINGS[block.type] : null;
  return draw ? draw(block, surface) : cannotDraw("a block", block?.type);
}

function header(block) {
  return el("h3", { class: "block-header" }, plain(block.text?.text ?? ""));
}

function divider() {
  return el("hr", { class: "block-divider" });
}

function section(block, surface) {
  const id = freshId("section");
  const text = block.text && el("div", { class: "text" }, textNodes(block.text, surface.names));
  const fields = block.fields?.map((field) => el("div", { class: "text" }, textNodes(field, surface.names)));
  const body = el(
    "div",
    { class: "section-body", id },
    text,
    fields && el("div", { class: "fields" }, ...fields),
  );
  if (!block.accessory) return el("div", { class: "section" }, body);
  const accessory = el("div", { class: "accessory" }, interactive(block, block.accessory, surface, id));
  return el("div", { class: "section has-accessory" }, body, accessory);
}

function context(block, surface) {
  const parts = (block.elements ?? []).map((part) => {
    if (part.type === "image") return picture(part, "context-image");
    const isText = part.type === "mrkdwn" || part.type === "plain_text";
    return isText
      ? el("span", { class: "text" }, textNodes(part, surface.names))
      : cannotDraw("an element", part.type);
  });
  return el("div", { class: "context" }, ...parts);
}

function actions(block, surface) {
  const parts = (block.elements ?? []).map((element) => interactive(block, element, surface));
  return el("div", { class: "actions" }, ...parts);
}

function input(block, surface) {
  const field = new Field(block, surface);
  surface.fields.push(field);
  return field.node;
}

function image(block) {
  const title = block.title && el("figcaption", {}, plain(block.title.text));
  return el("figure", { class: "image" }, title, picture(block, "image-picture"));
}

/** Draw one of the page's own pictures, or the text of a picture from outside, which is not fetched. */
function picture(part, look) {
  const address = String(part.image_url ?? "");
  if (address.startsWith("data:image/") || address.startsWith(`${location.origin}/`)) {
    return el("img", { class: look, src: address, alt: part.alt_text });
  }
  return el(
    "span",
    { class: "no-picture", title: "This page fetches nothing from outside." },
    `[image: ${part.alt_text ?? ""}]`,
  );
}

function table(block, surface) {
  const [head = [], ...rows] = block.rows ?? [];
  const cells = (row, tag) =>
    row.map((cell, column) => {
      const align = block.column_settings?.[column]?.align;
      const look = align === "right" || align === "center" ? `align-${align}` : null;
      return el(tag, { class: look, scope: tag === "th" && "col" }, tableCell(cell, surface));
    });
  const body = rows.map((row) => el("tr", {}, ...cells(row, "td")));
  return el(
    "div",
    { class: "table-box", tabindex: "0", role: "region", "aria-label": "Table" },
    el("table", {}, el("thead", {}, el("tr", {}, ...cells(head, "th"))), el("tbody", {}, ...body)),
  );
}

function tableCell(cell, surface) {
  if (cell?.type === "raw_text" || cell?.type === "raw_number")
    return fragment(String(cell.text ?? cell.value ?? ""));
  return cell?.type === "rich_text" ? richText(cell, surface.names) : cannotDraw("a cell", cell?.type);
}

/**
 * Draw an element that acts at once. It asks for its confirmation first; after a no it is drawn as before.
 * @param {string} [labelId] id of the text that labels it
 */
function interactive(block, element, surface, labelId) {
  if (element.type === "image") return picture(element, "accessory-image");
  const box = el("div", { class: "interactive" });
  const failure = el("span", { class: "action-error", role: "status" });
  const naming = labelId ? { "aria-labelledby": labelId } : { "aria-label": nameOf(element) };
  let settled = surface.was(block.block_id, element.action_id);
  let control;
  const draw = () => {
    const setting = { naming, names: surface.names, was: settled, onChange: act };
    control = drawControl(element, setting);
    box.replaceChildren(control?.node ?? cannotDraw("an element", element.type), failure);
    if (control?.focus && element.action_id) control.focus.dataset.action = element.action_id;
  };
  const act = async (state) => {
    if (control.focus.hasAttribute("aria-busy")) return;
    if (element.confirm && !(await confirmed(element.confirm, surface.names))) {
      draw();
      return control.focus.focus();
    }
    const address = element.url ?? state.selected_option?.url;
    if (isSafe(address)) openAddress(address);
    settled = hasState(element) ? state : settled;
    control.focus.setAttribute("aria-busy", "true");
    failure.textContent = "";
    const error = await surface.act(block, element, state);
    control.focus.removeAttribute("aria-busy");
    failure.textContent = error ?? "";
  };
  draw();
  if (control && hasState(element)) surface.controls.push({ block, element, state: () => control.state() });
  return box;
}

function nameOf(element) {
  return plain(element.placeholder?.text ?? NAMES_OF_ELEMENTS[element.type] ?? "Choose an option");
}

const DRAWINGS = {
  header,
  section,
  context,
  divider,
  actions,
  input,
  image,
  table,
  rich_text: (block, surface) => el("div", { class: "rich text" }, richText(block, surface.names)),
};
