/** The messages of the open channel; an update leaves unchanged messages alone. */

import { fetchMessages, oneAtATime } from "./api.js";
import { dayOf, formatDate } from "./dates.js";
import { el } from "./dom.js";
import { drawMessage } from "./message.js";

const NEAR = 120;
const SHOWN = 500;

export class Channel {
  /**
   * @param {HTMLElement} scroller the element that scrolls
   * @param {HTMLElement} list the live region
   * @param {Object} session
   * @param {() => Node} drawWelcome draws the content of an empty channel
   */
  constructor(scroller, list, session, drawWelcome) {
    Object.assign(this, { scroller, list, session, drawWelcome });
    this.drawn = new Map();
    this.openThreads = new Set();
    this.place = "";
    this.refresh = oneAtATime(() => this.update());
    session.addEventListener("place", this.refresh);
    session.addEventListener("workspace", this.refresh);
  }

  async update() {
    const { viewer, channelId } = this.session;
    const messages = await fetchMessages(channelId, viewer, SHOWN);
    if (viewer !== this.session.viewer || channelId !== this.session.channelId) return;
    const isNewPlace = this.place !== `${viewer} ${channelId}`;
    this.place = `${viewer} ${channelId}`;
    const isAtEnd = this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight < NEAR;
    // A screen reader must not announce all messages of a newly opened channel.
    if (isNewPlace) this.list.setAttribute("aria-live", "off");
    this.arrange(this.pieces(inThreads(messages)));
    if (isNewPlace) requestAnimationFrame(() => this.list.setAttribute("aria-live", "polite"));
    if (isNewPlace || isAtEnd) this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  /** Show a message of a channel and give it the focus. */
  async open({ channel, ts }) {
    if (channel !== this.session.channelId) this.session.enter(channel);
    await this.refresh();
    const node = this.list.querySelector(`[data-ts="${CSS.escape(ts)}"]`);
    node?.scrollIntoView({ block: "center" });
    node?.focus({ preventScroll: true });
  }

  /** Return the list's items: a key, the content that decides about a redraw, and a function that draws. */
  pieces(messages) {
    if (messages.length === 0) return [[`welcome ${this.place}`, "welcome", this.drawWelcome]];
    const pieces = [];
    const replies = countReplies(messages);
    let day = null;
    for (const message of messages) {
      const itsDay = dayOf(Number(message.ts));
      if (itsDay !== day && (!message.thread_ts || message.reply_broadcast)) {
        pieces.push([`day ${itsDay} ${this.place}`, itsDay, () => dayDivider(Number(message.ts))]);
        day = itsDay;
      }
      const key = `${message.ts} ${message.visible_to ?? ""} ${this.place}`;
      const isOpen = this.openThreads.has(message.thread_ts);
      if (isOpen || !isReply(message) || !replies.has(message.thread_ts)) {
        pieces.push([key, JSON.stringify(message), () => drawMessage(message, this.session)]);
      }
      const count = replies.get(message.ts);
      if (count) pieces.push(this.thread(message.ts, count));
    }
    return pieces;
  }

  /** Return the item that opens and closes the thread of a message. */
  thread(ts, count) {
    const isOpen = this.openThreads.has(ts);
    const onclick = () => {
      if (!this.openThreads.delete(ts)) this.openThreads.add(ts);
      this.refresh();
    };
    const words = `${count} ${count === 1 ? "reply" : "replies"}`;
    const attributes = { type: "button", class: "thread-mark", "aria-expanded": String(isOpen), onclick };
    return [`thread ${ts} ${this.place}`, `${words} ${isOpen}`, () => el("button", attributes, words)];
  }

  arrange(pieces) {
    const next = new Map();
    for (const [key, content, draw] of pieces) {
      const old = this.drawn.get(key);
      next.set(key, old?.content === content ? old : { content, node: this.redraw(old?.node, draw) });
    }
    const kept = new Set([...next.values()].map(({ node }) => node));
    for (const node of [...this.list.children]) if (!kept.has(node)) node.remove();
    let place = this.list.firstChild;
    for (const node of kept) {
      if (node === place) place = place.nextSibling;
      else this.list.insertBefore(node, place);
    }
    this.drawn = next;
  }

  /** Replace a node by a new drawing and keep the focus: on the same action, else on the message. */
  redraw(old, draw) {
    const node = draw();
    if (!old) return node;
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    old.replaceWith(node);
    if (!focused) return node;
    const action = focused.dataset.action && CSS.escape(focused.dataset.action);
    ((action && node.querySelector(`[data-action="${action}"]`)) || node).focus({ preventScroll: true });
    return node;
  }
}

function isReply(message) {
  return message.thread_ts && message.thread_ts !== message.ts && !message.reply_broadcast;
}

/** Count the replies to each message that is shown. */
function countReplies(messages) {
  const counts = new Map(messages.map(({ ts }) => [ts, 0]));
  for (const message of messages.filter(isReply)) {
    if (counts.has(message.thread_ts)) counts.set(message.thread_ts, counts.get(message.thread_ts) + 1);
  }
  return new Map([...counts].filter(([, count]) => count));
}

/** Sort replies behind the message that they answer, except replies also shown in the channel. */
function inThreads(messages) {
  const known = new Set(messages.map((message) => message.ts));
  const roots = messages.filter((message) => !isReply(message) || !known.has(message.thread_ts));
  return roots.flatMap((root) => [
    root,
    ...messages.filter((message) => isReply(message) && message !== root && message.thread_ts === root.ts),
  ]);
}

function dayDivider(epoch) {
  return el(
    "div",
    { class: "day", role: "separator" },
    el("span", {}, formatDate(epoch, "{day_divider_pretty}")),
  );
}
