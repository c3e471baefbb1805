/** The content of an empty channel: what this is, and commands to send with one click. */

import { el, icon } from "./dom.js";

const EXAMPLES = [
  "/avatar-start 24bad716-87b1-45e5-8912-6102f7693265 cn-north-4",
  "/avatar-start help",
  "/avatar-start busy",
  "/avatar jobs",
];

/**
 * @param {Object} session
 * @param {(command: string) => void} play fills the composer and sends
 */
export function drawWelcome(session, play) {
  const { channel, workspace } = session;
  const example = (command) =>
    el(
      "button",
      { type: "button", class: "example", onclick: () => play(command) },
      el("code", {}, command),
      icon("send"),
    );
  const absent =
    !channel.bot_is_member &&
    el(
      "p",
      { class: "absent" },
      `${workspace.bot.name} is not a member here: it can answer only through your command.`,
    );
  return el(
    "section",
    { class: "welcome", "aria-label": "Welcome" },
    el(
      "span",
      { class: "welcome-mark", "aria-hidden": "true" },
      icon(channel.kind === "public" ? "hash" : "lock"),
    ),
    el("h2", {}, `This is the very beginning of ${session.nameOf(channel)}`),
    el(
      "p",
      {},
      "This is a sandbox on your own machine: the bot is the real one, Slack and MetaStudio are stand-ins. ",
      "Nothing you do costs anything or leaves this computer.",
    ),
    absent,
    el("p", {}, "Type a command below, or click one of these:"),
    el("div", { class: "examples" }, ...EXAMPLES.map(example)),
    el(
      "p",
      {},
      "To stop a job, use the button on its message or in the list of jobs, or type ",
      el("code", {}, "/avatar stop job_id"),
      " with the job ID from its message.",
    ),
  );
}
