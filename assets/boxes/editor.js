/* The view in which a person draws boxes on a picture; what they become is a draft's business. */

const STEP = 0.005; // of the picture's side, for arrow keys
const SIDES = ["Left", "Top", "Width", "Height"];
const CORNERS = ["nw", "n", "ne", "e", "se", "s", "sw", "w"];
const LOST_BY = {
  overlap: (rival) => `it overlaps ${rival()}, which has a higher score`,
  limit: () => "enough regions had higher scores",
  score: () => "its score is below the minimum",
};

class BoxEditor {
  constructor(place, data, apply) {
    this.data = data;
    this.apply = apply;
    this.draft = new Draft(data, () => this.draw());
    this.drawing = false;
    this.others = false;
    this.build(place);
    this.tell(data.told);
    this.draw();
  }

  build(place) {
    const [width, height] = this.data.size_px;
    this.layer = element("div", { class: "layer" });
    this.picture = element("div", {
      class: "scene",
      role: "group",
      "aria-label": "The picture with its boxes",
      style: `aspect-ratio:${width}/${height};--shape:${(width / height).toFixed(4)}`,
      pointerdown: (event) => this.press(event),
      keydown: (event) => this.key(event),
    }, element("img", { src: this.data.picture, alt: "", draggable: "false" }), this.layer);
    this.caption = element("p", { class: "caption", "aria-live": "polite" });
    this.saying = element("div", { class: "told" });
    place.replaceChildren(
      element("div", {}, this.picture, this.caption),
      element("div", { class: "side" }, this.saying, this.tools(), this.ends()),
    );
  }

  /* What the model makes of the boxes: one line each, the title and then what it says. */
  tell(told) {
    this.saying.hidden = told.length === 0;
    this.saying.replaceChildren(...told.map(({ title, answer, rest }) => element("p", {},
      element("span", {}, title), element("b", {}, answer), ` ${rest}`)));
  }

  tools() {
    const button = (text, act, title) => element("button", { type: "button", click: act, title }, text);
    this.drawButton = button("Draw a box", () => this.toggleDrawing(), "Then drag over the picture");
    this.deleteButton = button("Delete", () => this.draft.remove(), "Delete key");
    this.undoButton = button("Undo", () => this.draft.undo(), "Take the last change back");
    this.name = element("input", {
      type: "text",
      maxlength: "60",
      placeholder: "the detector's name",
      "aria-label": "Name of the chosen box",
      change: (event) => this.draft.rename(event.target.value),
    });
    this.which = element("select", {
      "aria-label": "The chosen box",
      change: (event) => this.draft.choose(event.target.value === "" ? null : Number(event.target.value)),
    });
    this.sides = SIDES.map((side, place) => element("input", {
      type: "number", min: place < 2 ? 0 : 1, max: 100, step: 0.5, "aria-label": `${side} of the chosen box, in percent`,
      change: (event) => this.draft.measure(place, Number(event.target.value) / 100),
    }));
    const sizes = [2, 3, 4, 6].map((n) => element("option", { value: n }, `Grid ${n} × ${n}`));
    const choose = element("select", {
      "aria-label": "Replace all boxes by a grid",
      change: (event) => { this.draft.replace(grid(Number(event.target.value))); event.target.value = ""; },
    }, element("option", { value: "" }, "Grid …"), ...sizes);
    const faint = element("input", { type: "checkbox", change: (event) => this.showOthers(event.target.checked) });
    const count = this.data.others.length;
    return element("div", { class: "tools" },
      element("span", {}, this.drawButton, button("Add in the middle", () => this.draft.add([0.35, 0.35, 0.65, 0.65]), "Arrow keys move it, Shift and arrow keys resize it")),
      element("span", {}, this.which, element("label", {}, "Name ", this.name), this.deleteButton, this.undoButton),
      element("span", { class: "sides" }, ...SIDES.map((side, place) =>
        element("label", {}, `${side} %`, this.sides[place]))),
      element("span", {},
        button("Whole picture", () => this.draft.replace([[0, 0, 1, 1]]), "One box, alone"), choose,
        button("As detected", () => this.draft.reset(), "The detector's own regions"),
        button("No box", () => this.draft.replace([]), "LXMERT then reads the text alone")),
      element("label", { hidden: count === 0 }, faint, ` Show ${count} proposals that were not chosen`));
  }

  ends() {
    this.applyButton = element("button", { type: "button", class: "primary", click: () => this.apply(this.draft.text()) });
    return element("div", { class: "ends" }, this.applyButton);
  }

  toggleDrawing() {
    this.drawing = !this.drawing;
    this.draw();
  }

  showOthers(shown) {
    this.others = shown;
    this.draw();
  }

  at(event) {
    const frame = this.picture.getBoundingClientRect();
    return [(event.clientX - frame.left) / frame.width, (event.clientY - frame.top) / frame.height];
  }

  /* A drag draws on the picture, moves a box, or resizes it by a handle. */
  press(event) {
    if (event.button !== 0) return;
    const target = event.target.closest("[data-place]");
    if (target?.dataset.kind === "other") return;
    if (target && !this.drawing) {
      const place = Number(target.dataset.place);
      const handle = event.target.dataset.handle;
      const before = this.draft.boxes[place].box;
      if (this.draft.chosen !== place) this.choose(place);
      this.drag(event, (dx, dy) => (handle ? resized(before, handle, dx, dy) : moved(before, dx, dy)),
        (box) => this.draft.put(place, box));
    } else if (this.drawing || event.pointerType === "mouse") {
      const [x, y] = this.at(event).map(within);
      this.drag(event, (dx, dy) => {
        const [a, b] = [within(x + dx), within(y + dy)];
        return [Math.min(x, a), Math.min(y, b), Math.max(x, a), Math.max(y, b)];
      }, (box) => {
        if (box[2] - box[0] < SMALLEST || box[3] - box[1] < SMALLEST) { this.choose(null); return; }
        this.drawing = false;
        this.draft.add(box);
      });
    }
  }

  drag(event, boxOf, done) {
    const [x, y] = this.at(event);
    const isOnBox = event.target.closest("[data-place]") !== null; // later its target is the shadow's host
    let box = null;
    const ghost = element("div", { class: "ghost" });
    this.layer.append(ghost);
    const move = (next) => {
      const [a, b] = this.at(next);
      if (box === null && Math.hypot(a - x, b - y) < SMALLEST / 2) return;
      box = boxOf(a - x, b - y);
      this.position(ghost, box);
    };
    const end = (last) => {
      for (const [name, listen] of [["pointermove", move], ["pointerup", end], ["pointercancel", end]]) {
        this.picture.removeEventListener(name, listen);
      }
      ghost.remove();
      if (last.type === "pointerup" && box) done(box);
      else if (last.type === "pointerup" && !isOnBox) this.choose(null);
    };
    try { this.picture.setPointerCapture(event.pointerId); } catch { /* the pointer is gone already */ }
    this.picture.addEventListener("pointermove", move);
    this.picture.addEventListener("pointerup", end);
    this.picture.addEventListener("pointercancel", end);
    event.preventDefault();
  }

  choose(place) {
    this.draft.choose(place);
    if (place !== null) this.layer.querySelector(`[data-kind="own"][data-place="${place}"]`)?.focus();
  }

  key(event) {
    const target = event.target.closest("[data-kind=own]");
    if (!target) return;
    const place = Number(target.dataset.place);
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (way) {
      const [dx, dy] = way.map((side) => side * STEP);
      const { box } = this.draft.boxes[place];
      const next = event.shiftKey ? resized(box, "se", dx, dy) : moved(box, dx, dy);
      this.draft.put(place, next);
      this.choose(place);
    } else if (event.key === "Delete" || event.key === "Backspace") this.draft.remove();
    else if (event.key === "Escape") this.choose(null);
    else if (event.key === "Enter") this.name.focus();
    else return;
    event.preventDefault();
  }

  /* The list of boxes and the numbers of the chosen one. */
  tellSides() {
    const { boxes, chosen } = this.draft;
    const named = boxes.map((box, place) => element("option", { value: place }, `${place + 1} ${box.name}`.trim()));
    this.which.replaceChildren(element("option", { value: "" }, "Choose a box"), ...named);
    this.which.value = chosen ?? "";
    const [left, top, right, bottom] = boxes[chosen]?.box ?? [];
    [left, top, right - left, bottom - top].forEach((share, place) => {
      this.sides[place].disabled = chosen === null;
      this.sides[place].value = chosen === null ? "" : Number((100 * share).toFixed(1));
    });
  }

  position(part, [left, top, right, bottom]) {
    Object.assign(part.style, {
      left: `${left * 100}%`,
      top: `${top * 100}%`,
      width: `${(right - left) * 100}%`,
      height: `${(bottom - top) * 100}%`,
    });
  }

  own(box, place) {
    const chosen = place === this.draft.chosen;
    const part = element("div", {
      class: `own${chosen ? " chosen" : ""}${box.detected < 0 ? " drawn" : ""}`,
      tabindex: place === (this.draft.chosen ?? 0) ? "0" : "-1",
      role: "button",
      "data-kind": "own",
      "data-place": place,
      "aria-pressed": String(chosen),
      "aria-label": `Box ${place + 1} ${this.told(box)}`,
      style: `--colour:${this.data.colours[place % this.data.colours.length]}`,
      focus: () => { if (this.draft.chosen !== place) this.choose(place); },
      pointerenter: () => this.say(`${place + 1} · ${this.told(box)}`),
      pointerleave: () => this.say(""),
    }, element("span", {}, chosen && box.name ? `${place + 1} ${box.name}` : String(place + 1)));
    if (chosen) part.append(...CORNERS.map((corner) => element("i", { class: corner, "data-handle": corner })));
    this.position(part, box.box);
    return part;
  }

  told(box) {
    if (box.detected >= 0) return `${box.name} (detected)`;
    return box.name || "drawn; the detector names it once it is used";
  }

  other(other) {
    const said = `${other.name} · score ${other.score.toFixed(2)} · not chosen: ${LOST_BY[other.reason](() => this.rival(other))}`;
    const part = element("button", {
      type: "button",
      class: "other",
      "data-kind": "other",
      "data-place": -1,
      "aria-label": `${said}. Click to add it`,
      pointerenter: () => this.say(`${said} · click to add it`),
      pointerleave: () => this.say(""),
      focus: () => this.say(`${said} · Enter adds it`),
      click: () => this.draft.add(other.box),
    });
    this.position(part, other.box);
    return part;
  }

  /* By name, because the numbers in the picture may be those of drawn boxes by now. */
  rival({ rival }) {
    if (rival < 0) return "another proposal";
    const [left, top] = this.data.detected[rival].box.map((share) => Math.round(share * 100));
    return `the detected ${this.data.detected[rival].name} (${left} % from the left, ${top} % from the top)`;
  }

  say(text) {
    this.caption.textContent = text || this.hint();
  }

  hint() {
    if (this.drawing) return "Drag over the picture to draw a box.";
    if (this.draft.isFull) return `${this.data.most} boxes are the most; delete some to draw others.`;
    if (this.draft.chosen !== null) return "Drag it to move it, a handle to resize it; arrow keys work too.";
    const touched = matchMedia("(pointer: coarse)").matches; // there a drag scrolls the page
    return touched ? "Press Draw a box, then drag over the picture; tap a box to change it."
      : "Drag over the picture to draw a box; click a box to change it.";
  }

  draw() {
    const { boxes, chosen } = this.draft;
    const largestFirst = [...boxes.keys()].sort((a, b) => area(boxes[b].box) - area(boxes[a].box));
    const faint = this.others ? [...this.data.others].sort((a, b) => area(b.box) - area(a.box)) : [];
    this.layer.replaceChildren(
      ...faint.map((other) => this.other(other)),
      ...largestFirst.map((place) => this.own(boxes[place], place)),
    );
    this.picture.classList.toggle("drawing", this.drawing);
    this.picture.classList.toggle("many", boxes.length > 16);
    this.drawButton.setAttribute("aria-pressed", String(this.drawing));
    this.deleteButton.disabled = chosen === null;
    this.name.disabled = chosen === null;
    this.name.value = chosen === null ? "" : boxes[chosen].name;
    this.tellSides();
    this.undoButton.disabled = !this.draft.past.length;
    const changed = this.draft.isChanged;
    this.applyButton.disabled = !changed;
    const count = boxes.length;
    this.applyButton.textContent = changed
      ? `Use ${count === 1 ? "this box" : count ? `these ${count} boxes` : "no box"}`
      : "These boxes are in use";
    this.say("");
  }
}
