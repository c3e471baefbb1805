/** Draw one message as an article: avatar, author, time, and its blocks or else its text. */

import { useShortcut } from "./api.js";
import { drawBlocks } from "./blocks.js";
import { formatDate, timeElement } from "./dates.js";
import { avatar, el, icon } from "./dom.js";
import { hangMenu } from "./menu.js";
import { mrkdwn } from "./mrkdwn.js";
import { SLACKBOT } from "./session.js";
import { messageSurface } from "./surface.js";

/**
 * @param {Object} message of /sandbox/messages
 * @param {Object} session
 */
export function drawMessage(message, session) {
  const author = session.names[message.user] ?? message.user;
  const isApp = message.user === session.workspace.bot.user_id || message.user === SLACKBOT;
  const epoch = Number(message.ts);
  const isReply = message.thread_ts && !message.reply_broadcast;
  const looks = ["message", message.visible_to && "is-ephemeral", isReply && "is-reply"];
  return el(
    "article",
    {
      class: looks.filter(Boolean).join(" "),
      tabindex: "-1",
      "data-ts": message.ts,
      "aria-label": `${author}, ${formatDate(epoch, "{date_pretty} {time}")}`,
    },
    avatar(message.user, author, isApp),
    el(
      "div",
      { class: "message-body" },
      message.visible_to && el("p", { class: "only-you" }, icon("eye"), "Only visible to you"),
      message.thread_ts && el("p", { class: "only-you" }, isReply ? "In the thread" : "Replied to a thread"),
      el(
        "p",
        { class: "message-head" },
        el("strong", {}, author),
        isApp && el("span", { class: "app-badge" }, "APP"),
        timeElement(epoch, "{time}"),
        message.edited && el("span", { class: "edited" }, "(edited)"),
      ),
      content(message, session),
    ),
    shortcutsOf(message, session),
  );
}

/** Draw the menu of message shortcuts, which Slack shows beside a message under the pointer. */
function shortcutsOf(message, session) {
  const shortcuts = (session.workspace.shortcuts ?? []).filter((shortcut) => shortcut.of_messages);
  if (!shortcuts.length || message.visible_to) return null;
  const look = { class: "button button-icon", "aria-label": "Message actions", "aria-haspopup": "menu" };
  const trigger = el("button", { type: "button", ...look, "aria-expanded": "false" }, icon("more"));
  const failure = el("span", { class: "action-error", role: "status" });
  const node = el("span", { class: "message-menu" }, failure, trigger);
  const options = shortcuts.map(({ name, callback_id: value }) => ({ text: { text: name }, value }));
  hangMenu(trigger, options, async ({ value }) => {
    const used = useShortcut(session.viewer, value, message.channel, message.ts);
    const { error } = await used.catch((thrown) => ({ error: thrown.message }));
    failure.textContent = error ? `That did not work: ${error}` : "";
  });
  return node;
}

function content(message, session) {
  if (message.blocks?.length) {
    return el("div", { class: "blocks" }, drawBlocks(message.blocks, messageSurface(message, session)));
  }
  return el("div", { class: "text" }, mrkdwn(message.text ?? "", session.names));
}
