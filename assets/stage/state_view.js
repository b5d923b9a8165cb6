/* What is locked or pointed at, in words, and how to let go of it. */

const REST = "Point at a word, a box, a cell or a head. Click to lock, Escape to unlock.";

/* The one head that is drawn and the last locked query, as the server is asked for them: counted
   from 0, pieces of words by their place in the text. null where there is no such pair. */
function insideOf({ family, layer, since, head, combine, locks }, map) {
  if (combine !== "one" || since !== layer) return null;
  for (const lock of [...locks].reverse()) {
    const query = lock.query ?? lock;
    if (placeIn(map.rows, query) >= 0) {
      return { family, layer, head, query: query.place, key: lock.key?.place ?? null };
    }
  }
  return null;
}

class StateView {
  constructor(actions) {
    this.actions = actions;
    this.locks = element("div", { class: "locks" });
    this.pointed = element("p", { class: "pointed" });
    this.inside = element("button", { type: "button", class: "plain inside", click: () => actions.inside() });
    this.root = element("div", { class: "state" },
      element("div", { role: "status" }, this.locks, this.pointed), this.inside);
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
    const place = insideOf(selection, map);
    this.inside.hidden = !place || !this.actions.inside;
    if (place) write(this.inside, `Query and key of ${placeOf(selection, map)}: show below`);
  }
}
