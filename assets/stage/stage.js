/* The stage: one selection, one map, and the views that draw it. */

const PLAY_MILLISECONDS = 1100;

/* Measures from the event's arrival to the end of the frame that shows it. */
function timed(what, change) {
  const start = performance.now();
  change();
  requestAnimationFrame(() => setTimeout(() => {
    const name = `stage.${what}`;
    performance.measure(name, { start, end: performance.now() });
    performance.clearMeasures(name); // observers have it; the buffer need not grow
  }));
}

class Stage {
  constructor(root, trace, address, sources, lookInside) {
    this.root = root;
    this.trace = trace;
    this.address = address;
    this.selection = selectionFrom(address.read(), trace);
    this.previewed = null;
    this.pointed = null;
    this.playing = null;
    this.headTold = ""; // what a previewed head says of itself
    this.ending = new AbortController();
    this.parts(this.actions(lookInside), sources);
    this.build();
    this.showFigure("picture");
    this.listen();
    this.peers = new Peers(this);
    const [first] = this.peers.others();
    if (first) this.follow(first.selection, first.trace);
    else this.choose({}); // the address states the whole selection from the start
    this.peers.redraw(); // with the scale of all
  }

  parts(actions, sources) {
    const { trace } = this;
    this.model = new ModelView(trace, actions);
    this.legend = new LegendView(trace, actions);
    this.pairView = new PairView(trace, actions);
    this.mapControls = new MapControls(trace, actions);
    this.displayControls = new DisplayControls(trace, actions);
    this.words = new WordsView(trace, actions);
    this.picture = new PictureView(trace, actions);
    this.regions = new RegionList(trace, actions);
    this.links = new LinksView(trace, this.words, this.picture);
    this.matrix = new MatrixView(actions);
    this.table = new TableView();
    this.state = new StateView(trace, actions);
    this.saving = new SaveMenu(this, sources);
    this.title = element("h3", {});
    this.ramp = new Ramp();
    this.scale = element("p", { class: "scale" });
    this.empty = element("p", { class: "empty" });
  }

  build() {
    this.scene = element("div", { class: "scene" }, this.words.root,
      this.picture.root, this.links.svg);
    this.sheet = element("section", { class: "sheet", "aria-label": "The map in numbers" },
      element("div", { class: "scale-line" }, this.displayControls.sheet, this.ramp.root), this.scale,
      this.matrix.root, this.table.root, this.empty);
    const { family, steppers, combine } = this.mapControls;
    this.root.replaceChildren(
      element("div", { class: "bar" }, family, steppers, combine.root,
        element("span", { class: "menus" }, this.displayControls.menu.root, this.saving.menu.root)),
      element("section", { class: "scene-panel", "aria-label": "Words and picture" },
        this.title, this.state.root, this.pairView.root, this.scene),
      element("section", { class: "model-panel", "aria-label": "Heads of the model" },
        this.legend.head, this.model.svg, this.legend.foot),
      this.sheet, this.regions.root,
    );
  }

  actions(lookInside) {
    return {
      choose: (changes, what) => timed(what, () => this.choose(changes)),
      chooseHead: (place, isMore) => timed("head", () => this.chooseHead(place, isMore)),
      chooseRow: ({ family, layer }) => timed("layer", () =>
        this.choose({ ...this.inFamily(family), layer, since: layer, combine: "mean" })),
      chooseFamily: (family) => timed("layer", () => this.choose(this.inFamily(family))),
      moveTo: (place) => timed("layer", () => this.moveTo(place)),
      stepLayer: (step) => timed("layer", () => this.stepLayer(step)),
      stepHead: (step) => timed("head", () => this.stepHead(step)),
      preview: (place) => this.preview(place),
      point: (token) => this.point(token),
      toggleLock: (lock) => timed("lock", () => this.toggleLock(lock)),
      play: () => this.play(),
      showFigure: (figure) => this.showFigureEverywhere(figure),
      inside: lookInside === null ? null : () => lookInside(insideOf(this.selection, this.map)),
    };
  }

  listen() {
    const { signal } = this.ending;
    this.root.addEventListener("keydown", (event) => this.keyed(event), { signal });
    this.root.addEventListener("transitionrun", (event) => {
      if (event.target === this.root) this.draw(); // light turned dark, or the other way
    }, { signal });
    this.resized = new ResizeObserver(() => {
      if (this.root.isConnected && this.root.clientWidth !== this.width) this.draw();
    });
    this.resized.observe(this.root);
    this.moved = new ResizeObserver(() => {
      this.links.forget();
      if (this.map) this.light();
    });
    this.moved.observe(this.scene);
    this.words.root.addEventListener("scroll", () => {
      this.links.forget();
      this.light();
    }, { passive: true, signal });
  }

  stop() {
    clearInterval(this.playing);
    this.ending.abort();
    this.resized.disconnect();
    this.moved.disconnect();
    this.picture.stop();
    this.regions.stop();
    this.peers.leave();
  }

  /* Changes of the selection. */

  choose(changes) {
    this.selection = fitted({ ...this.selection, ...changes }, this.trace);
    this.address.write(addressOf(this.selection, this.trace));
    this.draw();
    this.peers.tell(this.selection);
  }

  /* What another stage of the page chose, as far as it exists here. */
  follow(selection, trace) {
    const locks = selection.locks.map((lock) => counterpartOfLock(lock, trace, this.trace));
    this.selection = fitted({ ...selection, locks: locks.filter(Boolean) }, this.trace);
    this.draw();
  }

  /* In another family the last layers face each other, and chosen heads begin anew. */
  inFamily(family) {
    if (family === this.selection.family) return {};
    const last = this.trace.families[family].shape[0] - 1;
    const layer = Math.min(this.selection.layer, last);
    return { family, layer, since: layer, chosen: [] };
  }

  chooseHead({ family, layer, head }, isMore) {
    const { combine, chosen } = this.selection;
    const place = { ...this.inFamily(family), layer, since: layer, head };
    if (combine !== "chosen" && !isMore) {
      this.choose({ ...place, combine: "one" });
      return;
    }
    const before = family === this.selection.family ? this.chosenSoFar(combine, chosen) : [];
    const rest = before.filter(([l, h]) => l !== layer || h !== head);
    const isNew = rest.length === before.length;
    this.choose({ ...place, combine: "chosen", chosen: isNew ? [...before, [layer, head]] : rest });
  }

  chosenSoFar(combine, chosen) {
    const { layer, head } = this.selection;
    return combine === "one" ? [[layer, head]] : combine === "chosen" ? chosen : [];
  }

  moveTo({ family, layer, head }) {
    const { combine, head: before, layer: from } = this.selection;
    const isOther = head !== before && family === this.selection.family && layer === from;
    const next = isOther || combine === "chosen" ? "one" : combine;
    this.choose({ ...this.inFamily(family), layer, since: layer, head, combine: next });
  }

  stepLayer(step) {
    const layer = within(this.selection.layer + step, this.trace.families[this.selection.family].shape[0]);
    const isRange = this.selection.since < this.selection.layer;
    this.choose({ layer, since: isRange ? Math.min(this.selection.since, layer) : layer });
  }

  stepHead(step) {
    const heads = this.trace.families[this.selection.family].shape[1];
    this.choose({ combine: "one", head: (this.selection.head + step + heads) % heads });
  }

  toggleLock(lock) {
    const rest = this.selection.locks.filter((own) => !sameLock(own, lock));
    const isNew = rest.length === this.selection.locks.length;
    this.pointed = null;
    this.choose({ locks: isNew ? [...rest, lock] : rest, byPair: this.selection.byPair || isNew });
  }

  /* On a narrow page one figure is shown at a time, the same of all stages. */
  showFigure(figure) {
    this.root.dataset.figure = figure;
    this.mapControls.figure.draw(figure);
    this.links.forget();
    if (this.map) this.draw();
  }

  showFigureEverywhere(figure) {
    for (const stage of [this, ...this.peers.others()]) stage.showFigure(figure);
  }

  /* What `make` gives while a figure stands there as a whole, whatever the person sees. */
  whileShown(figure, make) {
    const { selection, root: { dataset: { figure: before } } } = this;
    this.scene.classList.add("whole");
    this.selection = { ...selection, table: false };
    this.showFigure(figure);
    try {
      return make();
    } finally {
      this.scene.classList.remove("whole");
      this.selection = selection;
      this.showFigure(before);
    }
  }

  play() {
    if (this.playing) {
      clearInterval(this.playing);
      this.playing = null;
    } else {
      const last = this.trace.families[this.selection.family].shape[0] - 1;
      if (this.selection.layer === last) this.choose({ layer: 0, since: 0 });
      this.playing = setInterval(() => this.playOn(), PLAY_MILLISECONDS);
    }
    this.draw();
  }

  playOn() {
    const last = this.trace.families[this.selection.family].shape[0] - 1;
    if (this.selection.layer === last) this.play();
    else this.stepLayer(1);
  }

  keyed(event) {
    if (event.target.matches("input, select")) return;
    if (event.key === "Escape") {
      this.pointed = null;
      if (this.selection.locks.length) timed("lock", () => this.choose({ locks: [] }));
      return;
    }
    const layer = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const head = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!layer && !head) return;
    event.preventDefault();
    timed(layer ? "layer" : "head", () => (layer ? this.stepLayer(layer) : this.stepHead(head)));
  }

  /* What a pointer shows and leaves again. */

  preview(place) {
    if (!place && !this.previewed) return;
    timed("preview", () => {
      this.showPreview(place);
      for (const other of this.peers.others()) other.showPreview(place);
    });
  }

  showPreview(place) {
    this.previewed = place && { ...this.inFamily(place.family), ...place, since: place.layer, combine: "one" };
    this.headTold = place && this.trace.has(place) ? headSentence(this.trace, this.selection, this.pair, place) : "";
    this.drawShown();
  }

  point(token) {
    if (!token && !this.pointed) return;
    timed("hover", () => {
      this.showPointed(token);
      for (const other of this.peers.others()) {
        other.showPointed(token && counterpartOfLock(token, this.trace, other.trace));
      }
    });
  }

  showPointed(token) {
    this.pointed = token;
    this.light();
  }

  /* Drawing. */

  draw() {
    const { selection, trace } = this;
    this.colours = coloursOf(this.root, this.colours);
    this.pair = pairOver(trace, selection);
    const slots = selection.combine === "rollout" ? [] : slotsOf(selection, trace);
    this.model.draw(selection, slots, this.pair, this.colours);
    this.legend.draw(selection, this.pair, this.colours);
    this.pairView.draw(selection, this.pair);
    this.mapControls.draw(selection, this.playing !== null);
    this.displayControls.draw(selection);
    this.drawShown();
  }

  /* All that is another while a head is previewed. */
  drawShown() {
    const { selection, trace } = this;
    const shown = this.previewed ? fitted({ ...selection, ...this.previewed }, trace) : selection;
    if (this.root.clientWidth !== this.width) this.links.forget();
    this.width = this.root.clientWidth;
    this.shown = shown;
    this.map = drawnMap(trace, shown);
    this.map.scale = this.peers.scale(shown, this.map);
    this.drawWords(shown);
    this.drawSheet(shown);
    write(this.title, titleOf(shown, this.map));
    this.title.classList.toggle("previewed", this.previewed !== null);
    this.light();
  }

  drawWords(shown) {
    const before = this.words.shown;
    this.words.show(tokensOf("word", this.trace, shown));
    if (before !== this.words.shown) this.links.forget();
  }

  drawSheet(shown) {
    const reason = emptySentence(this.trace, this.map);
    write(this.empty, reason);
    this.empty.hidden = !reason;
    this.matrix.root.hidden = shown.table || Boolean(reason);
    this.table.root.hidden = !shown.table || Boolean(reason);
    const width = this.sheet.clientWidth; // 0 where another figure is shown alone
    this.hasMatrix = width > 0 && !shown.table;
    if (shown.table) this.table.draw(this.map, titleOf(shown, this.map));
    if (this.hasMatrix) this.matrix.draw(this.map, this.colours, width);
    this.ramp.draw(this.colours, isTwoSided(this.map), ...endsOf(this.map));
    write(this.scale, scaleSentence(this.map));
  }

  light() {
    const { locks } = this.selection;
    const actives = locks.length || !this.pointed ? locks : [this.pointed];
    const lit = litBy(this.map, actives);
    const locked = locks.flatMap(partsOf);
    this.words.draw(this.map, lit, this.colours, locked);
    const regions = regionLight(this.map, lit);
    this.picture.draw(this.map, regions, locked, this.pointed);
    this.regions.draw(this.map, regions, locked);
    this.links.draw(this.map, lit);
    if (this.hasMatrix) this.matrix.light(lit);
    this.state.draw(locks, this.pointed, this.headTold, this.pair, this.shown, this.map);
  }
}
