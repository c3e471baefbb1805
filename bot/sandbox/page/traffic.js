/** The traffic between Slack and the bot, row by row. */

import { fetchTraffic, oneAtATime } from "./api.js";
import { formatDate } from "./dates.js";
import { el } from "./dom.js";
import { jsonBox } from "./json.js";

const KEPT = 400;
const WORDS = {
  socket: "socket",
  envelope: "to the bot",
  ack: "ack",
  request: "to the bot",
  web_api: "Web API",
  response_url: "response_url",
};

export class Traffic {
  /**
   * @param {HTMLElement} list newest row first
   * @param {HTMLElement} empty shown while there are no rows
   */
  constructor(list, empty) {
    Object.assign(this, { list, empty });
    this.last = 0;
    this.titles = new Map();
    this.refresh = oneAtATime(() => this.update());
  }

  /** Start with an empty list, because the sandbox may have been restarted. */
  restart() {
    this.last = 0;
    this.list.replaceChildren();
  }

  async update() {
    const rows = (await fetchTraffic(this.last)).filter((row) => row.n > this.last);
    this.empty.hidden = this.last > 0 || rows.length > 0;
    for (const row of rows) {
      this.last = row.n;
      this.list.prepend(this.drawRow(row));
    }
    while (this.list.children.length > KEPT) this.list.lastChild.remove();
  }

  drawRow(row) {
    const isBad = row.answer?.ok === false || row.answer === "too late";
    const time = formatDate(row.at, "{time_secs}");
    const milliseconds = typeof row.milliseconds === "number" && `${row.milliseconds.toFixed(1)} ms`;
    const details = el(
      "details",
      { class: "row" },
      el(
        "summary",
        {},
        el("span", { class: `kind kind-${row.kind}` }, WORDS[row.kind] ?? row.kind),
        el("span", { class: "row-name" }, this.title(row)),
        isBad && el("span", { class: "row-bad" }, row.answer.error ?? row.answer),
        el("span", { class: "row-ms" }, milliseconds || ""),
        el("time", { class: "row-time" }, time),
      ),
    );
    details.addEventListener(
      "toggle",
      () => details.append(el("div", { class: "row-body" }, ...bodies(row))),
      { once: true },
    );
    return el("li", {}, details);
  }

  /** Return a row's title: acks and later answers have the title of the payload that they answer. */
  title(row) {
    if (row.kind === "ack" || row.kind === "response_url") return this.titles.get(row.name) ?? row.name;
    if (row.kind === "socket") return `${row.name} ${row.answer ?? ""}`;
    const payload = payloadOf(row);
    if (!payload) return row.name;
    const title = titleOf(payload) ?? row.name;
    this.titles.set(row.name, title);
    this.titles.set(payload.response_url?.replace(/^https?:\/\/[^/]+/, ""), title);
    while (this.titles.size > KEPT) this.titles.delete(this.titles.keys().next().value);
    return title;
  }
}

function payloadOf(row) {
  if (row.kind === "envelope") return row.sent?.payload;
  return row.kind === "request" ? row.sent : null;
}

function titleOf(payload) {
  if (payload.command) return `${payload.command} ${payload.text ?? ""}`.trim();
  if (payload.event) return payload.event.type;
  const actions = payload.actions?.map((action) => action.action_id).join(", ");
  return [payload.type, actions ?? payload.view?.callback_id].filter(Boolean).join(" ") || null;
}

function bodies(row) {
  const parts = [
    ["Sent", row.sent],
    ["Answer", row.answer],
  ].filter(([, value]) => value !== null && value !== undefined);
  if (!parts.length) return [el("p", { class: "hint" }, "It was empty.")];
  return parts.flatMap(([title, value]) => [el("h3", {}, title), jsonBox(value, `${title}, ${row.name}`)]);
}
