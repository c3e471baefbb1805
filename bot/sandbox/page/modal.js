/** The forms that the bot has opened: a stack of views in one dialog, which shows the top one. */

import { closeView, fetchViews, oneAtATime, submitView } from "./api.js";
import { drawBlocks } from "./blocks.js";
import { el, icon } from "./dom.js";
import { plain } from "./mrkdwn.js";
import { statesOf, viewSurface } from "./surface.js";

export class Modal {
  /**
   * @param {HTMLDialogElement} dialog
   * @param {Object} session
   * @param {() => HTMLElement} restingPlace gets the focus if the element that had it is gone
   */
  constructor(dialog, session, restingPlace) {
    Object.assign(this, { dialog, session, restingPlace });
    this.views = [];
    this.drafts = new Map();
    this.shown = null;
    this.refresh = oneAtATime(() => this.update());
    session.addEventListener("place", this.refresh);
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.closeTop();
    });
  }

  get view() {
    return this.views.at(-1);
  }

  async update() {
    const { viewer } = this.session;
    const views = await fetchViews(viewer);
    if (viewer !== this.session.viewer) return;
    if (this.surface) this.drafts.set(this.drawnId, statesOf(this.surface));
    this.views = views;
    for (const id of this.drafts.keys()) if (!views.some((view) => view.id === id)) this.drafts.delete(id);
    if (!this.view) return this.leave();
    const content = JSON.stringify([viewer, { ...this.view, state: null }, views.length]);
    if (content !== this.shown) this.draw();
    this.shown = content;
  }

  draw() {
    const { view } = this;
    const focused = this.drawnId === view.id ? focusKey(this.dialog) : null;
    this.drawnId = view.id;
    this.surface = viewSurface(view, this.session, this.drafts.get(view.id) ?? view.state?.values);
    this.failure = el("p", { class: "form-error", role: "alert" });
    const blocks = el(
      "div",
      { class: "dialog-body blocks" },
      drawBlocks(view.blocks ?? [], this.surface),
      this.failure,
    );
    const form = el("form", { novalidate: true, onsubmit: (event) => this.submit(event) });
    form.append(this.head(), blocks, this.foot());
    this.dialog.replaceChildren(form);
    if (!this.dialog.open) this.open();
    (restored(this.dialog, focused) ?? this.firstFocus()).focus();
  }

  open() {
    this.opener = document.activeElement;
    this.dialog.showModal();
  }

  /** Close the dialog, and return the focus to the element that had it. */
  leave() {
    this.shown = this.surface = this.drawnId = null;
    if (!this.dialog.open) return;
    this.dialog.close();
    const isThere = this.opener?.isConnected && this.opener !== document.body;
    (isThere ? this.opener : this.restingPlace()).focus();
  }

  head() {
    const back =
      this.views.length > 1 &&
      el(
        "button",
        { type: "button", class: "button-bare", "aria-label": "Back", onclick: () => this.closeTop() },
        icon("back"),
      );
    const close = {
      type: "button",
      class: "button-bare",
      "aria-label": "Close",
      onclick: () => this.closeAll(),
    };
    const title = el("h2", { id: "modal-title" }, plain(this.view.title?.text ?? ""));
    return el("header", { class: "dialog-head" }, back, title, el("button", close, icon("close")));
  }

  foot() {
    const { close, submit } = this.view;
    const hasInputs = this.surface.fields.length > 0;
    const state = { class: "button button-primary", "aria-disabled": this.view.submit_disabled && "true" };
    this.button = (submit || hasInputs) && el("button", state, plain(submit?.text ?? "Submit"));
    const words = plain(close?.text ?? (this.button ? "Cancel" : "Close"));
    const cancel = el("button", { type: "button", class: "button", onclick: () => this.closeTop() }, words);
    return el("footer", { class: "dialog-foot" }, cancel, this.button);
  }

  firstFocus() {
    return (
      this.surface.fields.find((field) => field.control)?.control.focus ??
      this.dialog.querySelector(".dialog-body button, .dialog-foot button:last-child")
    );
  }

  async submit(event) {
    event.preventDefault();
    if (!this.button || this.button.getAttribute("aria-disabled") === "true") return;
    const problems = this.surface.fields.map((field) => [field.block.block_id, field.problem()]);
    if (this.showErrors(Object.fromEntries(problems))) return;
    this.setPending(true);
    try {
      const { error, errors } = await submitView(this.session.viewer, this.view.id, statesOf(this.surface));
      this.setPending(false);
      if (!this.showErrors(errors ?? {}) && error) this.failure.textContent = `That did not work: ${error}`;
    } catch (error) {
      this.setPending(false);
      this.failure.textContent = error.message;
    }
    await this.refresh();
  }

  /** Show each error at its field and focus the first. Errors of blocks without a field are shown below. */
  showErrors(errors) {
    this.failure.textContent = "";
    const { fields } = this.surface;
    fields.forEach((field) => field.showError(errors[field.block.block_id]));
    const homeless = Object.keys(errors).filter((id) => !fields.some((field) => field.block.block_id === id));
    this.failure.textContent = homeless.map((id) => errors[id]).join("\n");
    const first = fields.find((field) => errors[field.block.block_id]);
    first?.control?.focus.focus();
    first?.error.scrollIntoView({ block: "nearest" });
    return Boolean(first) || homeless.length > 0;
  }

  setPending(isPending) {
    this.button.setAttribute("aria-disabled", String(isPending));
    this.button.classList.toggle("is-pending", isPending);
  }

  closeTop() {
    return this.close([this.view]);
  }

  closeAll() {
    return this.close([...this.views].reverse());
  }

  async close(views) {
    try {
      for (const view of views) await closeView(this.session.viewer, view.id);
    } catch (error) {
      this.failure.textContent = error.message;
    }
    await this.refresh();
  }
}

/** Return the position of the focus, to restore it in a new drawing of the same form. */
function focusKey(dialog) {
  const all = focusable(dialog);
  return dialog.contains(document.activeElement) ? all.indexOf(document.activeElement) : null;
}

function restored(dialog, index) {
  return index === null || index < 0 ? null : (focusable(dialog)[index] ?? null);
}

function focusable(dialog) {
  return [...dialog.querySelectorAll("input, textarea, button:not([tabindex='-1'])")];
}
