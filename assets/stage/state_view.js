/* What is locked or pointed at, in words, and how to let go of it. */

const REST = "Point at a word, a box, a cell or a head. Click to lock, Escape to unlock.";

class StateView {
  constructor(actions) {
    this.actions = actions;
    this.locks = element("div", { class: "locks" });
    this.pointed = element("p", { class: "pointed" });
    this.root = element("div", { class: "state", role: "status" }, this.locks, this.pointed);
  }

  draw(locks, pointed, selection, map) {
    const sentences = locks.map((lock) => `locked: ${sentenceOf(lock, selection, map)}`);
    if (sentences.join("\n") !== this.shown) {
      this.shown = sentences.join("\n");
      this.locks.replaceChildren(...locks.map((lock, i) => element("button", {
        type: "button", class: "lock", title: "Unlock", click: () => this.actions.toggleLock(lock),
      }, element("span", {}, sentences[i]), element("span", { class: "cross", "aria-hidden": "true" }, "×"))));
    }
    const rest = locks.length ? "Click again or press Escape to unlock." : REST;
    write(this.pointed, pointed ? sentenceOf(pointed, selection, map) : rest);
    put(this.pointed, "class", pointed ? "pointed" : "pointed quiet");
  }
}
