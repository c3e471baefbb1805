/** The sidebar: the choice of the person, and the channels that this person sees. */

import { avatar, el, icon, unseen } from "./dom.js";

const ICONS = { public: "hash", private: "lock", group_dm: "people" };

export class Places {
  /**
   * @param {HTMLElement} people a fieldset
   * @param {HTMLElement} channels
   * @param {Object} session
   * @param {() => void} onEnter called after somebody chose a channel
   */
  constructor(people, channels, session, onEnter) {
    Object.assign(this, { people, channels, session, onEnter });
    session.addEventListener("place", () => this.draw());
    session.addEventListener("workspace", () => this.draw());
    session.addEventListener("unread", () => this.draw());
    this.draw();
  }

  draw() {
    const focused = document.activeElement?.dataset?.place;
    this.people.replaceChildren(...this.session.workspace.people.map((person) => this.drawPerson(person)));
    this.channels.replaceChildren(...this.groups());
    if (focused) document.querySelector(`[data-place="${CSS.escape(focused)}"]`)?.focus();
  }

  drawPerson({ id, name }) {
    const box = el("input", {
      type: "radio",
      name: "viewer",
      checked: id === this.session.viewer,
      "data-place": id,
      onchange: () => this.session.become(id),
    });
    return el("label", { class: "person" }, box, avatar(id, name), el("span", {}, name));
  }

  groups() {
    const seen = this.session.visibleChannels;
    const isDirect = (channel) => channel.kind === "dm" || channel.kind === "group_dm";
    return [
      this.group(
        "Channels",
        seen.filter((channel) => !isDirect(channel)),
      ),
      this.group("Direct messages", seen.filter(isDirect)),
    ].filter(Boolean);
  }

  group(title, channels) {
    if (!channels.length) return null;
    const items = channels.map((channel) => el("li", {}, this.drawChannel(channel)));
    return el("section", {}, el("h2", {}, title), el("ul", {}, ...items));
  }

  drawChannel(channel) {
    const { bot } = this.session.workspace;
    const name = this.session.nameOf(channel);
    const other = channel.members.find((id) => id !== this.session.viewer) ?? channel.id;
    const mark =
      !channel.bot_is_member &&
      el("span", { class: "no-bot", title: `${bot.name} is not a member here` }, unseen(", "), "no bot");
    const archived = channel.archived && el("span", { class: "no-bot" }, unseen(", "), "archived");
    return el(
      "button",
      {
        type: "button",
        class: "place",
        "aria-current": channel.id === this.session.channelId && "page",
        "data-place": channel.id,
        onclick: () => {
          this.session.enter(channel.id);
          this.onEnter();
        },
      },
      channel.kind === "dm" ? avatar(other, name, other === bot.user_id) : icon(ICONS[channel.kind]),
      channel.kind === "private" && unseen("private "),
      el("span", { class: "place-name" }, name),
      this.session.unread.has(channel.id) && el("span", { class: "new-mark" }, unseen(", new messages")),
      mark,
      archived,
    );
  }
}

/** Draw the head of the main part: the channel's name, and facts about it. */
export function drawChannelHead(title, note, session) {
  const { channel, workspace } = session;
  const sign = icon(ICONS[channel.kind] ?? "people");
  title.replaceChildren(sign, el("span", {}, session.nameOf(channel)));
  const count = channel.members.length;
  const facts = [`${count} ${count === 1 ? "member" : "members"}`];
  if (!channel.bot_is_member) facts.push(`${workspace.bot.name} is not a member here`);
  if (channel.archived) facts.push("archived");
  note.textContent = facts.join(" · ");
  document.title = `${session.nameOf(channel)} · ${workspace.bot.name} sandbox`;
}
