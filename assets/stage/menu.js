/* A button that opens a panel over the page; it closes when the focus leaves it, or at Escape. */

class Menu {
  constructor(words, label, ...children) {
    this.summary = element("summary", {}, words);
    this.panel = element("div", { class: "menu-panel", tabindex: "-1", role: "group", "aria-label": label }, ...children);
    this.root = element("details", {
      class: "menu",
      focusout: (event) => { if (!this.root.contains(event.relatedTarget)) this.root.open = false; },
      keydown: (event) => this.keyed(event),
    }, this.summary, this.panel);
  }

  fill(words, children) {
    write(this.summary, words);
    this.panel.replaceChildren(...children);
  }

  keyed(event) {
    if (event.key !== "Escape" || !this.root.open) return;
    event.stopPropagation();
    this.root.open = false;
    this.summary.focus();
  }
}
