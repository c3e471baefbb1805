/** Draw one message as an article: avatar, author, time, and its blocks or else its text. */

import { drawBlocks } from "./blocks.js";
import { formatDate, timeElement } from "./dates.js";
import { avatar, el, icon } from "./dom.js";
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
  );
}

function content(message, session) {
  if (message.blocks?.length) {
    return el("div", { class: "blocks" }, drawBlocks(message.blocks, messageSurface(message, session)));
  }
  return el("div", { class: "text" }, mrkdwn(message.text ?? "", session.names));
}
