/* What is locked or pointed at, in words, and how to let go of it; its lines keep their height. */

const REST = {
  mouse: "Point at a word, a box, a cell or a head. Click to lock, Escape to unlock.",
  touch: "Tap a word, a box or a cell to lock it; tap again to unlock. Tap a head to see its map.",
};
const HINTS = {
  chosen: { mouse: "Click heads to choose them; click again to drop them.", touch: "Tap heads to choose them; tap again to drop them." },
  rollout: {
    mouse: "Rollout multiplies all layers up to here, half attention and half residual: how much of each input is left in each state.",
    touch: "Rollout multiplies all layers up to here, half attention and half residual.",
  },
};
const LOCKS_IN_LINE = { wide: 2, narrow: 1 }; // the newest; the others are in a menu
const NARROW_LINE = 480;

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

function isIn(map, { query, key }) {
  return placeIn(map.rows, query) >= 0 && placeIn(map.columns, key) >= 0;
}

class StateView {
  constructor(trace, actions) {
    this.trace = trace;
    this.actions = actions;
    this.pointer = isTouched() ? "touch" : "mouse";
    this.newest = element("span", { class: "newest" });
    this.more = new Menu("", "Other locks");
    this.all = element("button", {
      type: "button", class: "plain", click: () => actions.choose({ locks: [] }, "lock"),
    }, "Unlock all");
    this.inside = element("button", { type: "button", class: "plain inside", click: () => actions.inside() }, "Query and key");
    this.pointed = element("p", { class: "pointed", role: "status" });
    this.root = element("div", { class: "state" },
      element("div", { class: "locks" }, this.newest, this.more.root, this.all, this.inside), this.pointed);
  }

  /* head: what a previewed head says of itself, or "". pair: what heads are coloured by, or null. */
  draw(locks, pointed, head, pair, selection, map) {
    const shown = JSON.stringify(locks.map((lock) => this.nameOf(lock)));
    if (shown !== this.shown) this.list(locks);
    this.shown = shown;
    const active = pointed ?? (pair && isIn(map, pair) ? pair : locks.at(-1));
    const locked = active && !pointed ? "locked: " : "";
    write(this.pointed, head || (active ? locked + sentenceOf(active, selection, map) : this.rest(selection)));
    put(this.pointed, "class", head || active ? "pointed" : "pointed quiet");
    const place = insideOf(selection, map);
    this.inside.hidden = !place || !this.actions.inside;
    if (place) put(this.inside, "aria-label", `Query and key of ${placeOf(selection, map)}: show below`);
  }

  list(locks) {
    const chips = locks.map((lock) => this.chip(lock)).reverse();
    const count = LOCKS_IN_LINE[this.root.clientWidth < NARROW_LINE ? "narrow" : "wide"];
    this.newest.replaceChildren(...chips.slice(0, count));
    const others = chips.slice(count);
    this.more.fill(`+${others.length} more`, others);
    this.more.root.hidden = !others.length;
    this.all.hidden = locks.length < 2;
  }

  chip(lock) {
    return element("button", {
      type: "button", class: "lock", title: "Unlock",
      click: () => this.actions.toggleLock(lock),
      pointerenter: () => this.actions.point(lock),
      pointerleave: () => this.actions.point(null),
    }, element("span", {}, this.nameOf(lock)), element("span", { class: "cross", "aria-hidden": "true" }, "×"));
  }

  nameOf(lock) {
    const label = ({ kind, place }) => (kind === "word" ? `“${this.trace.pieces[place]}”` : this.trace.names[place]);
    return lock.query ? `${label(lock.query)} reads ${label(lock.key)}` : `${lock.kind} ${label(lock)}`;
  }

  rest({ combine }) {
    return (HINTS[combine] ?? REST)[this.pointer];
  }
}
