/** MetaStudio's side: the received calls, and the jobs. */

import { fetchMetaStudio, oneAtATime } from "./api.js";
import { el } from "./dom.js";

export class Cloud {
  /**
   * @param {HTMLElement} calls newest first
   * @param {HTMLElement} jobs
   * @param {(answer: Object) => void} onAnswer called with every answer, which includes rooms and trouble
   */
  constructor(calls, jobs, onAnswer) {
    this.refresh = oneAtATime(async () => {
      const answer = await fetchMetaStudio();
      fillWith(jobs, answer.jobs.map(drawJob), "No job has been started yet.");
      fillWith(calls, answer.calls.map(drawCall), "No call has been made yet.");
      onAnswer(answer);
    });
  }
}

/** Fill a list, newest first; show the words if it is empty. */
function fillWith(list, items, words) {
  const rows = items.toReversed();
  list.replaceChildren(...(rows.length ? rows : [el("li", { class: "empty" }, words)]));
}

function drawJob(job) {
  const state = String(job.state ?? job.job_state ?? "");
  const tone = { WAITING: "tone-wait", PROCESSING: "tone-good", SUCCEED: "tone-quiet" }[state] ?? "tone-bad";
  const asides = [`room ${job.room_id ?? "unknown"}`, job.finish_reason, job.error_code];
  return el(
    "li",
    { class: "row-plain" },
    el("span", { class: `chip-status ${tone}` }, state),
    el("code", { class: "row-name" }, String(job.job_id ?? "")),
    el("span", { class: "row-aside" }, asides.filter(Boolean).join(" · ")),
  );
}

function drawCall(call) {
  const isGood = call.status >= 200 && call.status < 300;
  const status = call.status === null ? "cut off" : String(call.status);
  const asides = [
    call.error_code,
    call.auth && `by ${call.auth === "none" ? "no credentials" : call.auth}`,
    call.request_id && `request ${call.request_id}`,
  ];
  return el(
    "li",
    { class: "row-plain" },
    el("span", { class: `chip-status ${isGood ? "tone-good" : "tone-bad"}` }, status),
    el("span", { class: "row-name" }, el("strong", {}, call.method), ` ${call.path}`),
    el("span", { class: "row-ms" }, `${Math.round(call.milliseconds)} ms`),
    el("span", { class: "row-aside" }, asides.filter(Boolean).join(" · ")),
  );
}
