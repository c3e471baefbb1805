/** A row of tabs, without hidden ones: ARIA's tabs pattern with automatic activation. */

export class Tabs {
  /**
   * @param {HTMLElement} list role=tablist; each role=tab names its panel in aria-controls
   * @param {(panelId: string) => void} onSelect called at each change
   */
  constructor(list, onSelect) {
    this.tabs = [...list.querySelectorAll("[role=tab]:not([hidden])")];
    this.onSelect = onSelect;
    list.addEventListener("keydown", (event) => this.pressed(event));
    this.tabs.forEach((tab) => tab.addEventListener("click", () => this.select(tab)));
  }

  get selected() {
    return this.tabs
      .find((tab) => tab.getAttribute("aria-selected") === "true")
      .getAttribute("aria-controls");
  }

  show(panelId) {
    this.select(this.tabs.find((tab) => tab.getAttribute("aria-controls") === panelId));
  }

  select(chosen) {
    for (const tab of this.tabs) {
      const isChosen = tab === chosen;
      tab.setAttribute("aria-selected", String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
      document.getElementById(tab.getAttribute("aria-controls")).hidden = !isChosen;
    }
    this.onSelect(chosen.getAttribute("aria-controls"));
  }

  pressed(event) {
    const at = this.tabs.indexOf(document.activeElement);
    const goal = {
      ArrowRight: (at + 1) % this.tabs.length,
      ArrowLeft: (at - 1 + this.tabs.length) % this.tabs.length,
      Home: 0,
      End: this.tabs.length - 1,
    }[event.key];
    if (at < 0 || goal === undefined) return;
    event.preventDefault();
    this.tabs[goal].focus();
    this.select(this.tabs[goal]);
  }
}
