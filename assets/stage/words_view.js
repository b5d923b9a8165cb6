/* The text as a row of words, shaded by weight; each can be pointed at and locked. */

/* The weights and frames of one kind of token. In a map of words by words both sides are words. */
function lightOn(kind, map, lit) {
  const light = { weights: null, framed: new Set() };
  if (map.family.keys === kind) {
    light.weights = lit.columns;
    lit.framedColumns.forEach((place) => light.framed.add(place));
  }
  if (map.family.queries === kind) {
    light.weights ??= lit.rows;
    lit.framedRows.forEach((place) => light.framed.add(place));
  }
  return light;
}

/* One tab stop for a group of buttons; arrow keys move inside of it. */
function moveWithin(event, buttons) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const here = buttons.indexOf(event.target);
  if (!step || event.shiftKey || here < 0) return;
  event.preventDefault();
  event.stopPropagation();
  const next = buttons[(here + step + buttons.length) % buttons.length];
  buttons.forEach((button) => put(button, "tabindex", button === next ? "0" : "-1"));
  next.focus();
}

class WordsView {
  constructor(trace, actions) {
    this.trace = trace;
    this.actions = actions;
    this.buttons = [];
    this.root = element("div", {
      class: "words",
      role: "group",
      "aria-label": "The text, word by word",
      keydown: (event) => moveWithin(event, this.buttons),
    });
  }

  /* Made anew only when other words are shown. */
  show(tokens) {
    const shown = tokens.map(({ label, place }) => `${place} ${label}`).join("\n");
    if (shown === this.shown) return;
    this.shown = shown;
    this.tokens = tokens;
    this.buttons = tokens.map((token, place) => this.button(token, place));
    this.root.replaceChildren(...this.buttons);
    if (this.trace.left_out) {
      this.root.append(element("span", { class: "note" }, `and ${this.trace.left_out} more pieces, not drawn`));
    }
  }

  button({ kind, place, label }, number) {
    const token = { kind, place };
    return element("button", {
      type: "button",
      class: "word",
      tabindex: number ? "-1" : "0",
      "data-word": place + 1,
      click: () => this.actions.toggleLock(token),
      pointerenter: () => this.actions.point(token),
      pointerleave: () => this.actions.point(null),
      focus: (event) => { if (event.target.matches(":focus-visible")) this.actions.point(token); },
      blur: () => this.actions.point(null),
    }, element("span", { class: "piece" }, label), element("span", { class: "amount" }));
  }

  draw(map, lit, colours, locked) {
    const { weights, framed } = lightOn("word", map, lit);
    this.buttons.forEach((button, i) => {
      const share = weights ? litShare(map, weights[i]) : 0;
      const style = weights
        ? `background:${colours.weight(share)};color:${colours.onWeight(share)}`
        : "";
      put(button, "style", style);
      put(button, "class", framed.has(i) ? "word framed" : "word");
      put(button, "aria-pressed", String(locked.some((t) => this.holds(this.tokens[i], t))));
      write(button.lastChild, weights ? amountOf(map, weights[i]) : "\u2007");
    });
  }

  holds(token, { kind, place }) {
    return kind === "word" && token.places.includes(place);
  }
}
