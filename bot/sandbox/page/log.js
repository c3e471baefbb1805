/** The bot's invocation log, updated row by row. */

import { fetchLog, oneAtATime } from "./api.js";
import { formatDate } from "./dates.js";
import { el } from "./dom.js";

const SHOWN = 200;
const STATUSES = {
  received: ["Received", "tone-wait"],
  starting: ["Starting", "tone-wait"],
  started: ["Started", "tone-good"],
  done: ["Done", "tone-good"],
  failed: ["Failed", "tone-bad"],
  unknown: ["Outcome unknown", "tone-warn"],
  refused: ["Refused", "tone-warn"],
  invalid: ["Invalid", "tone-warn"],
};

export class Log {
  /**
   * @param {HTMLElement} list newest row first
   * @param {Object} session
   */
  constructor(list, session) {
    Object.assign(this, { list, session });
    this.drawn = new Map();
    this.refresh = oneAtATime(() => this.update());
  }

  async update() {
    const rows = (await fetchLog()).toSorted(newestFirst).slice(0, SHOWN);
    const next = new Map(rows.map((row) => [row.id, this.kept(row)]));
    const nodes = [...next.values()].map(({ node }) => node);
    this.list.replaceChildren(
      ...(nodes.length ? nodes : [el("li", { class: "empty" }, "Nobody has used the bot yet.")]),
    );
    this.drawn = next;
  }

  /** Keep an unchanged row's node; else draw a new one, marked as changed, and open if the old one was. */
  kept(row) {
    const content = JSON.stringify(row);
    const old = this.drawn.get(row.id);
    if (old?.content === content) return old;
    const node = this.drawRow(row);
    if (old) node.classList.add("is-changed");
    if (old?.node.querySelector("details").open) node.querySelector("details").open = true;
    return { content, node };
  }

  drawRow(row) {
    const [words, tone] = STATUSES[row.status] ?? [row.status, "tone-quiet"];
    const who = this.session.names[row.user_id] ?? row.user_id;
    const asides = [who, row.action, row.error_code, row.reason];
    return el(
      "li",
      {},
      el(
        "details",
        { class: "row" },
        el(
          "summary",
          {},
          el("span", { class: `chip-status ${tone}` }, words),
          el("code", { class: "row-name" }, row.text || row.action),
          el("span", { class: "row-ms" }, typeof row.latency_ms === "number" ? `${row.latency_ms} ms` : ""),
          el("time", { class: "row-time" }, formatDate(epochOf(row.created_at), "{time_secs}") ?? ""),
          el("span", { class: "row-aside" }, asides.filter(Boolean).join(" · ")),
        ),
        el("div", { class: "row-body" }, columns(row)),
      ),
    );
  }
}

function columns(row) {
  const known = Object.entries(row).filter(([, value]) => value !== null && value !== "");
  return el(
    "dl",
    { class: "columns" },
    ...known.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, String(value))]),
  );
}

/** Convert a time of the log, a number or an ISO text, to seconds since the epoch. */
function epochOf(moment) {
  return typeof moment === "number" ? moment : Date.parse(moment) / 1000;
}

function newestFirst(one, other) {
  return epochOf(other.created_at) - epochOf(one.created_at);
}
