/** Buttons that make trouble, and rooms to try. */

import { troubleMetaStudio, troubleSlack } from "./api.js";
import { formatDate } from "./dates.js";
import { el, icon } from "./dom.js";

const SECONDS = 10;
const ORDERS = [
  {
    label: "Disconnect the socket",
    what: "Slack asks the bot to reconnect, as it does every few hours.",
    run: () => troubleSlack({ kind: "disconnect" }),
    done: () => "Slack has told the bot to reconnect.",
  },
  {
    label: `Slack's sockets down for ${SECONDS} s`,
    what: "The socket is cut, and Slack refuses new ones with 503. The Web API still works. The bot retries with growing pauses.",
    run: () =>
      troubleSlack({ kind: "server_error", method: "socket", seconds: SECONDS }).then(() => troubleSlack({ kind: "abort" })),
    done: () => `Slack refuses sockets until ${later()}.`,
  },
  {
    label: `Too many sockets for ${SECONDS} s`,
    what: "The socket is cut, and Slack closes each new one because the app has too many.",
    run: () =>
      troubleSlack({ kind: "turned_away", seconds: SECONDS }).then(() => troubleSlack({ kind: "abort" })),
    done: () => `Slack closes every new socket until ${later()}.`,
  },
  {
    label: `Slack answers 429 for ${SECONDS} s`,
    what: "Every Web API call is refused with Retry-After.",
    run: () => troubleSlack({ kind: "ratelimited", seconds: SECONDS }),
    done: () => `Slack answers 429 until ${later()}.`,
  },
  {
    label: `Slack refuses blocks for ${SECONDS} s`,
    what: "Slack refuses messages with blocks, as a workspace without such blocks does, but accepts plain text.",
    run: () =>
      Promise.all(
        [undefined, "response_url"].map((method) =>
          troubleSlack({ kind: "refused", error: "invalid_blocks", blocks_only: true, method, seconds: SECONDS }),
        ),
      ),
    done: () => `Slack refuses blocks until ${later()}.`,
  },
  {
    label: "Slack loses the next post's answer",
    what: "Slack posts the next message and cuts the connection. The bot posts again, so that the job ID is never lost.",
    run: () => troubleSlack({ kind: "lost", method: "chat.postMessage", times: 1 }),
    done: () => "Slack will post the next message but send no answer.",
  },
  {
    label: `response_urls answer with a page for ${SECONDS} s`,
    what: "A proxy answers 200 in place of Slack, and nobody sees the message.",
    run: () =>
      troubleSlack({ kind: "answered", method: "response_url", body: "<h1>Welcome</h1>", seconds: SECONDS }),
    done: () => `response_urls answer with a page until ${later()}.`,
  },
  {
    label: `MetaStudio down for ${SECONDS} s`,
    what: "Every connection to MetaStudio is cut.",
    run: () => troubleMetaStudio({ kind: "down", seconds: SECONDS }),
    done: () => `MetaStudio is down until ${later()}.`,
  },
  {
    label: "MetaStudio does not support job calls",
    what: "Jobs start, but MetaStudio cannot list them, return their state or stop them. The bot asks again after a minute.",
    run: () => troubleMetaStudio({ kind: "unsupported" }),
    done: () => "MetaStudio does not support job calls until you end the trouble.",
  },
  {
    label: "MetaStudio hangs after the next start",
    what: "It starts the job, but does not answer until you end the trouble.",
    run: () => troubleMetaStudio({ kind: "hang", operation: "start", after: true, times: 1 }),
    done: () => "MetaStudio will start the next job but send no answer.",
  },
  {
    label: "MetaStudio's clock is 8 s behind",
    what: "Its jobs seem older than the starts that created them.",
    run: () => troubleMetaStudio({ kind: "clock", ahead: -8 }),
    done: () => "MetaStudio's clock is 8 s behind until you end the trouble.",
  },
  {
    label: "MetaStudio's jobs have no time",
    what: "After a lost answer, the bot cannot tell the new job from others.",
    run: () => troubleMetaStudio({ kind: "undated" }),
    done: () => "MetaStudio's jobs have no time until you end the trouble.",
  },
  {
    label: "End all trouble",
    what: "Slack and MetaStudio work again at once.",
    run: () => Promise.all([troubleSlack({ kind: "clear" }), troubleMetaStudio({ kind: "clear" })]),
    done: () => "Slack and MetaStudio work again.",
  },
];

export class Trouble {
  /**
   * @param {HTMLElement} orders
   * @param {HTMLElement} status a live region
   * @param {HTMLElement} rooms
   * @param {(command: string) => void} play fills the composer and sends
   */
  constructor(orders, status, rooms, play) {
    Object.assign(this, { status, rooms, play });
    orders.replaceChildren(...ORDERS.map((order) => this.drawOrder(order)));
  }

  drawOrder(order) {
    const press = async () => {
      try {
        await order.run();
        this.status.textContent = order.done();
      } catch (error) {
        this.status.textContent = error.message;
      }
    };
    return el(
      "li",
      { class: "order" },
      el("button", { type: "button", class: "button", onclick: press }, order.label),
      el("p", { class: "hint" }, order.what),
    );
  }

  /** @param {Object} rooms `named`, `misbehaving` and `ordinary_life`, from MetaStudio's stand-in */
  showRooms({ named = [], misbehaving = [], ordinary_life: life = "" }) {
    const content = JSON.stringify([named, misbehaving, life]);
    if (content === this.shown) return;
    this.shown = content;
    const ordinary = named
      .slice(0, 1)
      .map((room) => [
        room.room_id,
        `${room.room_name}, an ordinary room: here, and in rooms below that say nothing else, ${life}`,
      ]);
    const others = misbehaving.map((room) => [room.room_id, room.description]);
    this.rooms.replaceChildren(...[...ordinary, ...others].map(([id, words]) => this.drawRoom(id, words)));
  }

  drawRoom(roomId, words) {
    const command = `/avatar-start ${roomId}`;
    const button = { type: "button", class: "example", onclick: () => this.play(command) };
    return el(
      "li",
      { class: "order" },
      el("button", button, el("code", {}, command), icon("send")),
      el("p", { class: "hint" }, words),
    );
  }
}

function later() {
  return formatDate(Date.now() / 1000 + SECONDS, "{time_secs}");
}
