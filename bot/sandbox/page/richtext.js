/** Draw the block rich_text: sections, lists, preformatted text and quotes, and their content. */

import { formatDate, timeElement } from "./dates.js";
import { cannotDraw, el, fill, fragment } from "./dom.js";
import { emoji } from "./emoji.js";
import { isSafe, link, mention } from "./mrkdwn.js";

const STYLES = { code: "code", bold: "strong", italic: "em", strike: "s", underline: "u" };

const PARTS = {
  rich_text_section: (part, names) => el("div", { class: "rich-section" }, inline(part, names)),
  rich_text_preformatted: (part, names) => el("pre", { tabindex: "0" }, inline(part, names)),
  rich_text_quote: (part, names) => el("blockquote", {}, inline(part, names)),
  rich_text_list: list,
};

const LEAVES = {
  text: (leaf) => fragment(leaf.text ?? ""),
  link: (leaf) => link(String(leaf.url ?? ""), leaf.text),
  emoji: (leaf) => fragment(emoji(leaf.name)),
  user: (leaf, names) => mention(`@${names[leaf.user_id] ?? leaf.user_id}`),
  usergroup: (leaf) => mention(`@${leaf.usergroup_id}`),
  channel: (leaf, names) => mention(`#${names[leaf.channel_id] ?? leaf.channel_id}`),
  broadcast: (leaf) => mention(`@${leaf.range}`, true),
  color: (leaf) => el("code", {}, leaf.value),
  date,
};

/** Draw the parts of a rich_text block, each in its own element. */
export function richText(block, names) {
  return fragment(...(block.elements ?? []).map((part) => drawPart(part, names)));
}

function drawPart(part, names) {
  const draw = Object.hasOwn(PARTS, part?.type) ? PARTS[part.type] : null;
  return draw ? draw(part, names) : cannotDraw("a part of a rich text", part?.type);
}

function list(part, names) {
  const ordered = part.style === "ordered";
  const depth = Math.min(part.indent ?? 0, 5);
  const look = `rich-list indent-${depth}`;
  const items = (part.elements ?? []).map((item) => el("li", {}, inline(item, names)));
  return el(ordered ? "ol" : "ul", { class: look, start: ordered && (part.offset ?? 0) + 1 }, ...items);
}

function inline(part, names) {
  return fill(fragment(), ...(part.elements ?? []).map((leaf) => styled(leaf, names)));
}

function styled(leaf, names) {
  if (!Object.hasOwn(LEAVES, leaf?.type)) return cannotDraw("a piece of a rich text", leaf?.type);
  const wrappers = Object.keys(STYLES).filter((style) => leaf.style?.[style]);
  return wrappers.reduce((node, style) => el(STYLES[style], {}, node), LEAVES[leaf.type](leaf, names));
}

function date(leaf) {
  const shown = formatDate(leaf.timestamp, leaf.format ?? "{date} {time}");
  if (shown === null) return fragment(leaf.fallback ?? "");
  const time = timeElement(leaf.timestamp, leaf.format ?? "{date} {time}");
  if (!isSafe(leaf.url)) return time;
  const linked = link(leaf.url);
  linked.replaceChildren(time);
  return linked;
}
