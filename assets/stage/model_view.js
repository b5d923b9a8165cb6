/* The model as it is: a block for each family of maps, a row for each layer, a cell for each head. */

const CELL = { mouse: 18, touch: 24 }; // the least side of a cell
const HEADS_IN_WIDTH = 12; // with fewer heads cells grow wider
const WIDEST_CELL = 54;
const ROW_LABEL = 20;
const HEADING = 17;

/* Whether fingers do the pointing. */
function isTouched() {
  return matchMedia("(pointer: coarse)").matches;
}

/* Rows from top to bottom, [{ family, layer, y }], and where each block's heading stands. */
function rowsOf(trace, height) {
  const [rows, headings] = [[], []];
  let y = 0;
  for (const [family, { shape: [layers] }] of Object.entries(trace.families)) {
    if (!layers) continue;
    headings.push({ family, y });
    y += HEADING;
    for (let layer = 0; layer < layers; layer += 1, y += height) rows.push({ family, layer, y });
    y += 1;
  }
  return { rows, headings, height: y };
}

class ModelView {
  constructor(trace, actions) {
    this.trace = trace;
    this.actions = actions;
    this.heads = trace.families.lang.shape[1];
    this.side = isTouched() ? CELL.touch : CELL.mouse;
    const share = Math.floor((HEADS_IN_WIDTH * this.side) / this.heads);
    this.cellWidth = Math.min(Math.max(share, this.side), WIDEST_CELL);
    const { rows, headings, height } = rowsOf(trace, this.side);
    this.rows = rows;
    this.headings = headings;
    const [wide, tall] = [ROW_LABEL + this.heads * this.cellWidth + 2, height + 2];
    this.cells = [];
    this.inUse = shape("path", { class: "in-use" });
    this.svg = shape("svg", {
      class: "model",
      width: wide,
      height: tall,
      viewBox: `0 0 ${wide} ${tall}`,
      role: "group",
      "aria-label": "All heads of the model. Arrow keys move to other layers and heads.",
      click: (event) => this.clicked(event),
      keydown: (event) => this.keyed(event),
      pointerover: (event) => this.pointed(event),
      pointerleave: () => this.actions.preview(null),
    });
    this.svg.append(...headings.map((heading) => this.heading(heading)));
    for (const row of rows) this.svg.append(this.label(row), ...this.cellsOf(row));
    this.svg.append(this.inUse);
  }

  heading({ family, y }) {
    const words = `${this.trace.families[family].title} · ${shortStage(family)}`;
    return shape("text", { class: "title", x: ROW_LABEL, y: y + HEADING - 5 }, words);
  }

  label({ family, layer, y }) {
    return shape("text", {
      class: "row-label", x: ROW_LABEL - 5, y: y + this.side / 2 + 4, "text-anchor": "end",
      "data-family": family, "data-layer": layer,
    }, String(layer + 1));
  }

  cellsOf(row) {
    return Array.from({ length: this.heads }, (_, head) => {
      const rect = shape("rect", {
        x: this.left(head), y: row.y, width: this.cellWidth, height: this.side,
        class: "head", role: "button", tabindex: "-1",
        "data-family": row.family, "data-layer": row.layer, "data-head": head,
      });
      this.cells.push({ row, head, rect });
      return rect;
    });
  }

  left(head) {
    return ROW_LABEL + head * this.cellWidth;
  }

  /* slots: the heads that the chosen map is made of. pair: of pairOver, or null. */
  draw(selection, slots, pair, colours) {
    const { statistic, bins, measure } = selection;
    const painted = JSON.stringify([statistic, bins, colours.dark, pair && [pair.query, pair.key, measure]]);
    const repaint = painted !== this.painted;
    this.painted = painted;
    const inUse = new Set(slots.map(([layer, head]) => `${layer}.${head}`));
    const frames = [];
    for (const { row, head, rect } of this.cells) {
      if (repaint) this.paint(row, head, rect, selection, pair, colours);
      const here = row.family === selection.family;
      const isOn = here && inUse.has(`${row.layer}.${head}`);
      if (isOn) frames.push(this.frame(row, head));
      put(rect, "aria-pressed", String(isOn));
      const isCursor = here && row.layer === selection.layer && head === selection.head;
      put(rect, "tabindex", isCursor ? "0" : "-1");
    }
    put(this.inUse, "d", frames.join(""));
  }

  frame(row, head) {
    const [width, height] = [this.cellWidth - 1, this.side - 1];
    return `M${this.left(head) + 0.5} ${row.y + 0.5}h${width}v${height}h${-width}z`;
  }

  paint(row, head, rect, selection, pair, colours) {
    const place = { family: row.family, layer: row.layer, head };
    const fill = pair ? this.ofPair(place, pair, colours) : this.ofStatistic(place, selection, colours);
    const isIn = passes(selection, this.trace, row.family, row.layer, head);
    put(rect, "fill", fill ?? "none");
    put(rect, "class", `head${fill ? "" : " unmeasured"}${isIn ? "" : " filtered"}`);
    put(rect, "aria-label", headSentence(this.trace, selection, pair, place));
  }

  ofPair(place, pair, colours) {
    const weight = pair.weights.get(headKey(place));
    return weight === undefined ? null : colours.weight(weight / pair.top);
  }

  ofStatistic({ family, layer, head }, selection, colours) {
    const measured = this.trace.measured(selection.statistic, family, layer, head);
    return measured && colours.statistic(measured.share);
  }

  placeOf(target) {
    const { family, layer, head } = target.dataset ?? {};
    if (family === undefined) return null;
    return { family, layer: Number(layer), head: head === undefined ? null : Number(head) };
  }

  clicked(event) {
    const place = this.placeOf(event.target);
    if (!place) return;
    this.actions.preview(null);
    if (place.head === null) this.actions.chooseRow(place);
    else this.actions.chooseHead(place, event.shiftKey || event.ctrlKey || event.metaKey);
  }

  pointed(event) {
    const place = this.placeOf(event.target);
    const isMouse = event.pointerType === "mouse";
    this.actions.preview(isMouse && place && place.head !== null ? place : null, event);
  }

  keyed(event) {
    const place = this.placeOf(event.target);
    if (!place || place.head === null) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.actions.chooseHead(place, event.shiftKey);
      return;
    }
    const next = this.neighbour(place, event.key);
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    this.actions.moveTo(next);
    this.focus(next);
  }

  focus({ family, layer, head }) {
    const cell = this.cells.find(
      ({ row, head: own }) => row.family === family && row.layer === layer && own === head,
    );
    cell.rect.focus({ preventScroll: true });
  }

  /* Cells are neighbours as they are drawn. */
  neighbour({ family, layer, head }, key) {
    const [across, down] = {
      ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
    }[key] ?? [0, 0];
    if (!across && !down) return null;
    const row = this.rows.findIndex((r) => r.family === family && r.layer === layer);
    const next = this.rows[row + down];
    const isIn = next && head + across >= 0 && head + across < this.heads;
    return isIn ? { family: next.family, layer: next.layer, head: head + across } : null;
  }
}
