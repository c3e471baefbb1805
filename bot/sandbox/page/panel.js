/** A side of the page that a button shows and hides. Where it lies over the rest, Escape hides it. */

export class Panel {
  /**
   * @param {HTMLElement} panel
   * @param {HTMLElement} toggle gets aria-expanded
   * @param {HTMLElement} close a button within the panel
   * @param {string} roomy media query under which it has a place of its own, and is open at first
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
   * @param {boolean} [isAsked] somebody pressed a button, so the focus follows
   */
  show(isShown, isAsked = false) {
    this.panel.hidden = !isShown;
    this.toggle.setAttribute("aria-expanded", String(isShown));
    if (!isAsked) return;
    if (isShown && !this.roomy.matches)
      this.panel.querySelector("button, input:checked, [tabindex='0']")?.focus();
    if (!isShown) this.toggle.focus();
  }

  /** Get out of the way where it lies over the rest. */
  giveWay() {
    if (!this.roomy.matches) this.show(false);
  }
}
