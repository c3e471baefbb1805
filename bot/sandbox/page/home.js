/** The bot's Home tab. */

import { fetchHome, oneAtATime, openHome } from "./api.js";
import { drawBlocks } from "./blocks.js";
import { el } from "./dom.js";
import { statesOf, viewSurface } from "./surface.js";

export class Home {
  /**
   * @param {HTMLElement} panel
   * @param {Object} session
   */
  constructor(panel, session) {
    Object.assign(this, { panel, session });
    this.shown = null;
    this.refresh = oneAtATime(() => this.update());
    session.addEventListener("place", () => this.isOpen && this.open());
  }

  get isOpen() {
    return !this.panel.hidden;
  }

  /** Tell the bot that the tab was opened, and show its published view; a new one arrives by the stream. */
  async open() {
    openHome(this.session.viewer).catch((error) => this.showNote(error.message));
    await this.refresh();
  }

  async update() {
    if (!this.isOpen) return;
    const { viewer } = this.session;
    const view = await fetchHome(viewer);
    if (viewer !== this.session.viewer) return;
    const content = JSON.stringify([viewer, view && { ...view, state: null }]);
    if (content === this.shown) return;
    this.shown = content;
    if (view) this.draw(view);
    else this.showNote(`${this.session.workspace.bot.name} has not published a Home tab for you.`);
  }

  draw(view) {
    const values = this.surface && this.viewId === view.id ? statesOf(this.surface) : view.state?.values;
    const action = this.panel.contains(document.activeElement) && document.activeElement.dataset.action;
    this.viewId = view.id;
    this.surface = viewSurface(view, this.session, values);
    const blocks = drawBlocks(view.blocks ?? [], this.surface);
    this.panel.replaceChildren(
      el("h2", { class: "unseen" }, "Home"),
      el("div", { class: "blocks home-blocks" }, blocks),
    );
    if (action) this.panel.querySelector(`[data-action="${CSS.escape(action)}"]`)?.focus();
  }

  showNote(words) {
    this.surface = null;
    this.panel.replaceChildren(el("p", { class: "empty" }, words));
  }
}
