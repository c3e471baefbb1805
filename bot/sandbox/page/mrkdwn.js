/**
 * Convert Slack's mrkdwn to nodes.
 * https://docs.slack.dev/messaging/formatting-message-text describes the markup.
 */

import { openMessage } from "./addresses.js";
import { formatDate, timeElement } from "./dates.js";
import { el, fill, fragment } from "./dom.js";
import { withEmoji } from "./emoji.js";

const TOKEN = new RegExp(
  [
    /```(?<block>[\s\S]+?)```/,
    /`(?<code>[^`\n]+)`/,
    /<(?<angled>[^<>]+)>/,
    /(?<![\w<|])(?<bare>https?:\/\/[^\s<>|]*[^\s<>|.,;:!?)\]'"*_~])/,
    /(?<![\w*])\*(?<bold>[^\s*](?:[^*\n]*[^\s*])?)\*(?![\w*])/,
    /(?<![\w_])_(?<italic>[^\s_](?:[^_\n]*[^\s_])?)_(?![\w_])/,
    /(?<![\w~])~(?<strike>[^\s~](?:[^~\n]*[^\s~])?)~(?![\w~])/,
  ]
    .map((part) => part.source)
    .join("|"),
  "g",
);
const DATE = /^!date\^(-?\d{1,13})\^([^^|]*)(?:\^([^|]*))?\|([\s\S]*)$/;
const QUOTE = /^(?:>|&gt;) ?/;
const PREFORMATTED = /(```[\s\S]+?```)/;
const WRAPPERS = { bold: "strong", italic: "em", strike: "s" };
const SAFE_ADDRESS = /^(?:https?:\/\/|mailto:|tel:|slack:\/\/)/i;

/** Return whether an address is safe to open; `javascript:` and the like are not. */
export function isSafe(address) {
  return SAFE_ADDRESS.test(address ?? "");
}

/**
 * Convert markup to nodes, with quotes in their own elements.
 * @param {string} markup
 * @param {Object<string, string>} names names of people and channels by their ids
 * @param {{verbatim?: boolean}} [options] verbatim: addresses without < > stay text
 */
export function mrkdwn(markup, names, options = {}) {
  const nodes = fragment();
  let quote = null;
  for (const [line, isBlock] of lines(markup)) {
    const quoted = !isBlock && QUOTE.test(line);
    if (quoted && quote === null) nodes.append((quote = el("blockquote")));
    if (!quoted) quote = null;
    const target = quoted ? quote : nodes;
    if (quoted && target.hasChildNodes()) target.append("\n");
    fill(target, inline(quoted ? line.replace(QUOTE, "") : line, names, options));
  }
  return nodes;
}

/** Convert Slack's plain text: only entities and emoji. */
export function plain(text) {
  return withEmoji(unescaped(text));
}

/** Convert a text object of either kind to nodes. */
export function textNodes(object, names) {
  const text = String(object?.text ?? "");
  return object?.type === "mrkdwn"
    ? mrkdwn(text, names, { verbatim: object.verbatim })
    : fragment(plain(text));
}

function unescaped(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

/** Create a link, or only its text if the address is not safe to open. */
export function link(address, label) {
  const words = label || address;
  if (!isSafe(address)) return fragment(words);
  const onclick = (event) => openMessage(address) && event.preventDefault();
  return el("a", { href: address, target: "_blank", rel: "noopener noreferrer", onclick }, words);
}

/** Create a mention of a person, channel or group. */
export function mention(words, isBroadcast = false) {
  return el("span", { class: isBroadcast ? "mention mention-broadcast" : "mention" }, words);
}

/** Split a text into quotes, line by line, and the longest possible pieces between them. */
function* lines(markup) {
  const parts = markup.split(PREFORMATTED);
  for (const [at, part] of parts.entries()) {
    if (PREFORMATTED.test(part)) {
      yield [part, true];
      continue;
    }
    let rest = "";
    const outside = at > 0 ? part.replace(/^\n/, "") : part;
    for (const line of outside.split(/(?<=\n)/)) {
      if (!QUOTE.test(line)) {
        rest += line;
        continue;
      }
      if (rest) yield [rest.replace(/\n$/, ""), false];
      rest = "";
      yield [line.replace(/\n$/, ""), false];
    }
    if (rest) yield [rest, false];
  }
}

function inline(markup, names, options) {
  const nodes = fragment();
  let end = 0;
  for (const found of markup.matchAll(TOKEN)) {
    if (found.groups.bare && options.verbatim) continue;
    nodes.append(plain(markup.slice(end, found.index)), piece(found.groups, names, options));
    end = found.index + found[0].length;
  }
  nodes.append(plain(markup.slice(end)));
  return nodes;
}

function piece(groups, names, options) {
  const [kind, content] = Object.entries(groups).find(([, value]) => value !== undefined);
  if (kind === "block") return el("pre", { tabindex: "0" }, unescaped(content.replace(/^\n|\n$/g, "")));
  if (kind === "code") return el("code", {}, unescaped(content));
  if (kind === "bare") return link(unescaped(content));
  if (kind === "angled") return angled(content, names);
  return el(WRAPPERS[kind], {}, inline(content, names, options));
}

/** Convert the content between < and >: a person, a channel, a broadcast, a date or a link. */
function angled(content, names) {
  const [target, label] = parted(content);
  const said = label && unescaped(label);
  if (target.startsWith("@")) return mention(`@${said || names[target.slice(1)] || target.slice(1)}`);
  if (target.startsWith("#")) return mention(`#${said || names[target.slice(1)] || target.slice(1)}`);
  if (target.startsWith("!date^")) return date(content, said);
  if (target.startsWith("!subteam^")) return mention(said || `@${target.slice(9)}`);
  if (target.startsWith("!")) return mention(`@${said || target.slice(1)}`, true);
  // Anything that is not an address stays as it is, so that unescaped text is noticed.
  return isSafe(target)
    ? link(unescaped(target), said && withEmoji(said))
    : fragment(`<${unescaped(content)}>`);
}

function date(content, fallback) {
  const [, epoch, form, address] = DATE.exec(content) ?? [];
  if (epoch === undefined || formatDate(Number(epoch), form) === null) return fragment(fallback ?? "");
  const shown = timeElement(Number(epoch), unescaped(form));
  if (!address || !isSafe(unescaped(address))) return shown;
  const linked = link(unescaped(address));
  linked.replaceChildren(shown);
  return linked;
}

function parted(content) {
  const at = content.indexOf("|");
  return at < 0 ? [content, ""] : [content.slice(0, at), content.slice(at + 1)];
}
