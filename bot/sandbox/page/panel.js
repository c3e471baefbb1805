/** A side panel that a button shows and hides. On a narrow page it covers the rest, and Escape hides it. */

export class Panel {
  /**
   * @param {HTMLElement} panel
   * @param {HTMLElement} toggle gets aria-expanded
   * @param {HTMLElement} close a button within the panel
   * @param {string} roomy media query; if it matches, the panel has its own place and is open at first
   */
  constructor(panel, toggle, close, roomy) {
    Object.assign(this, { panel, toggle });
    this.roomy = matchMedia(roomy);
    toggle.addEventListener("click", () => this.show(panel.hidden, true));
    close.addEventListener("click", () => this.show(false, true));
    panel.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.defaultPrevented && !this.roomy.matches) this.show(false, true);
    });
    this.roomy.addEventListener("change", () => this.show(this.roomy.matches));
    this.show(this.roomy.matches);
  }

  /**
   * @param {boolean} isShown
   * @param {boolean} [isAsked] somebody pressed a button, so the focus moves with it
   */
  show(isShown, isAsked = false) {
    this.panel.hidden = !isShown;
    this.toggle.setAttribute("aria-expanded", String(isShown));
    if (!isAsked) return;
    if (isShown && !this.roomy.matches)
      this.panel.querySelector("button, input:checked, [tabindex='0']")?.focus();
    if (!isShown) this.toggle.focus();
  }

  /** Hide the panel if it covers the rest of the page. */
  giveWay() {
    if (!this.roomy.matches) this.show(false);
  }
}
