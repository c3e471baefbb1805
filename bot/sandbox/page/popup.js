/** A panel attached to a button, above everything else, dialogs included. A click elsewhere closes it. */

const GAP = 4;
const MARGIN = 8;
const HIGHEST = 320;

export class Popup {
  /**
   * @param {HTMLElement} anchor the element that the panel is attached to
   * @param {HTMLElement} panel shown and hidden; must be in the same dialog as the anchor
   * @param {() => void} onClose called after every closing
   */
  constructor(anchor, panel, onClose = () => {}) {
    this.anchor = anchor;
    this.panel = panel;
    this.onClose = onClose;
    panel.popover = "manual";
    this.leave = (event) => {
      if (!panel.contains(event.target) && !anchor.contains(event.target)) this.close();
    };
    this.resized = () => this.close();
  }

  get isOpen() {
    return this.panel.matches(":popover-open");
  }

  open() {
    this.panel.showPopover();
    this.place();
    this.anchor.setAttribute("aria-expanded", "true");
    document.addEventListener("pointerdown", this.leave, true);
    document.addEventListener("scroll", this.leave, true);
    window.addEventListener("resize", this.resized);
  }

  close() {
    if (!this.isOpen) return;
    this.panel.hidePopover();
    this.anchor.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", this.leave, true);
    document.removeEventListener("scroll", this.leave, true);
    window.removeEventListener("resize", this.resized);
    this.onClose();
  }

  /** Place the panel below the anchor, or above it if there is more room. */
  place() {
    const box = this.anchor.getBoundingClientRect();
    const style = this.panel.style;
    style.minWidth = `${Math.min(box.width, innerWidth - 2 * MARGIN)}px`;
    style.maxHeight = "none";
    const below = innerHeight - box.bottom - GAP - MARGIN;
    const above = box.top - GAP - MARGIN;
    const isBelow = below >= Math.min(this.panel.offsetHeight, HIGHEST) || below >= above;
    const height = Math.min(this.panel.offsetHeight, HIGHEST, isBelow ? below : above);
    style.maxHeight = `${height}px`;
    style.top = `${isBelow ? box.bottom + GAP : box.top - GAP - height}px`;
    style.left = `${Math.max(MARGIN, Math.min(box.left, innerWidth - this.panel.offsetWidth - MARGIN))}px`;
  }
}
