/* The model as it is: one cell per head, one row per map; words on the left, regions on the right,
   both encoders above, the cross-modality layers below them. */

const CELL_HEIGHT = 15;
const HEADS_WIDTH = 164; // of one row of cells
const WIDEST_CELL = 26;
const ROW_LABEL = 56;
const GUTTER = 36; // between the two streams
const HEADING = 34;
const LAYER_GAP = 7; // between cross-modality layers
const STREAMS = ["lang", "vision"];
const IN_CROSS = {
  lang: ["lang_from_vision", "cross_lang"],
  vision: ["vision_from_lang", "cross_vision"],
};

/* Rows from top to bottom: { family, layer, stream, line, y }; `line` is the same for rows that
   stand side by side. Cross-attention comes first in a layer, then self-attention. */
function rowsOf(trace) {
  const deepest = Math.max(...STREAMS.map((stream) => trace.families[stream].shape[0]));
  const rows = [];
  for (const stream of STREAMS) {
    const layers = trace.families[stream].shape[0];
    for (let layer = 0; layer < layers; layer += 1) {
      const line = deepest - layers + layer; // both encoders end where the crossing begins
      rows.push({ family: stream, layer, stream, line, y: HEADING + line * CELL_HEIGHT });
    }
    const crossing = HEADING + deepest * CELL_HEIGHT + HEADING;
    for (let layer = 0; layer < trace.families.cross_lang.shape[0]; layer += 1) {
      IN_CROSS[stream].forEach((family, second) => {
        const y = crossing + layer * (2 * CELL_HEIGHT + LAYER_GAP) + second * CELL_HEIGHT;
        rows.push({ family, layer, stream, line: deepest + 2 * layer + second, y });
      });
    }
  }
  return rows;
}

class ModelView {
  constructor(trace, actions) {
    this.trace = trace;
    this.actions = actions;
    this.rows = rowsOf(trace);
    this.heads = trace.families.lang.shape[1];
    this.cellWidth = Math.min(WIDEST_CELL, HEADS_WIDTH / this.heads);
    this.width = 2 * (ROW_LABEL + this.heads * this.cellWidth) + GUTTER;
    this.height = Math.max(...this.rows.map((row) => row.y)) + CELL_HEIGHT + 4;
    this.cells = [];
    this.svg = shape("svg", {
      class: "model",
      viewBox: `0 0 ${this.width} ${this.height}`,
      style: `max-width:${Math.round(this.width * 1.2)}px`,
      role: "group",
      "aria-label": "All maps of the model. Arrow keys move to other layers and heads.",
      click: (event) => this.clicked(event),
      keydown: (event) => this.keyed(event),
      pointerover: (event) => this.pointed(event),
      pointerleave: () => this.actions.preview(null),
    });
    this.svg.append(...this.headings(), ...this.crossings());
    for (const row of this.rows) this.svg.append(this.label(row), ...this.cellsOf(row));
  }

  left(stream) {
    return stream === "lang" ? ROW_LABEL : ROW_LABEL + this.heads * this.cellWidth + GUTTER;
  }

  headings() {
    const crossing = this.rows.find((row) => row.family === "lang_from_vision");
    const text = (words, x, y, anchor, kind) =>
      shape("text", { x, y, "text-anchor": anchor, class: kind }, words);
    const middle = this.width / 2;
    return [
      text("Words read", this.left("lang"), 12, "start", "title"),
      text("language encoder", this.left("lang"), 26, "start", "quiet"),
      text("Regions read", this.left("vision"), 12, "start", "title"),
      text("object-relationship encoder", this.left("vision"), 26, "start", "quiet"),
      ...(crossing ? [text("cross-modality encoder", middle, crossing.y - 9, "middle", "quiet")] : []),
    ];
  }

  /* Lines where the two streams read each other. */
  crossings() {
    const from = this.left("lang") + this.heads * this.cellWidth + 3;
    const to = this.left("vision") - 3;
    return this.rows
      .filter((row) => row.family === "lang_from_vision")
      .map(({ y }) => {
        const [high, low] = [y + 3, y + CELL_HEIGHT - 3];
        const d = `M${from} ${high}L${to} ${low}M${from} ${low}L${to} ${high}`;
        return shape("path", { class: "crossing", d });
      });
  }

  label(row) {
    const isLeft = row.stream === "lang";
    const { keys } = this.trace.families[row.family];
    const isFirst = !row.family.startsWith("cross_");
    const words = isLeft ? [`${keys}s`, row.layer + 1] : [row.layer + 1, `${keys}s`];
    return shape("text", {
      class: "row-label",
      x: isLeft ? ROW_LABEL - 5 : this.width - ROW_LABEL + 5,
      y: row.y + CELL_HEIGHT - 4,
      "text-anchor": isLeft ? "end" : "start",
      "data-family": row.family,
      "data-layer": row.layer,
    }, isFirst ? words.join(" ") : isLeft ? `${keys}s \u2007` : `\u2007 ${keys}s`);
  }

  cellsOf(row) {
    return Array.from({ length: this.heads }, (_, head) => {
      const rect = shape("rect", {
        x: this.left(row.stream) + head * this.cellWidth + 0.75,
        y: row.y + 0.75,
        width: this.cellWidth - 1.5,
        height: CELL_HEIGHT - 1.5,
        rx: 2,
        class: "head",
        role: "button",
        tabindex: "-1",
        "data-family": row.family,
        "data-layer": row.layer,
        "data-head": head,
      });
      this.cells.push({ row, head, rect });
      return rect;
    });
  }

  /* selection: what was chosen; map: what is drawn, which is another one while it is previewed. */
  draw(selection, map, colours) {
    const { statistic, bins } = selection;
    const painted = `${statistic} ${bins} ${colours.dark}`;
    const repaint = painted !== this.painted;
    this.painted = painted;
    const inUse = new Set(map.slots.map(([layer, head]) => `${layer}.${head}`));
    for (const { row, head, rect } of this.cells) {
      if (repaint) this.paint(row, head, rect, selection, colours);
      const here = row.family === selection.family;
      const isOn = here && inUse.has(`${row.layer}.${head}`);
      put(rect, "aria-pressed", String(isOn));
      const isCursor = here && row.layer === selection.layer && head === selection.head;
      put(rect, "tabindex", isCursor ? "0" : "-1");
    }
  }

  paint(row, head, rect, selection, colours) {
    const measured = this.trace.measured(selection.statistic, row.family, row.layer, head);
    const isIn = passes(selection, this.trace, row.family, row.layer, head);
    put(rect, "fill", measured ? colours.statistic(measured.share) : "none");
    put(rect, "class", `head${measured ? "" : " unmeasured"}${isIn ? "" : " filtered"}`);
    put(rect, "aria-label", headSentence(this.trace, selection, row.family, row.layer, head));
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
    const row = this.rows.find((r) => r.family === family && r.layer === layer);
    if (key === "ArrowLeft" || key === "ArrowRight") {
      const step = key === "ArrowLeft" ? -1 : 1;
      if (head + step >= 0 && head + step < this.heads) return { family, layer, head: head + step };
      const isOut = row.stream === (step < 0 ? "lang" : "vision");
      return isOut ? null : this.across(row, step < 0 ? this.heads - 1 : 0);
    }
    if (key !== "ArrowUp" && key !== "ArrowDown") return null;
    const step = key === "ArrowUp" ? -1 : 1;
    const next = this.rows.find((r) => r.stream === row.stream && r.line === row.line + step);
    return next ? { family: next.family, layer: next.layer, head } : null;
  }

  /* The row of the other stream that stands nearest. */
  across(row, head) {
    const others = this.rows.filter((other) => other.stream !== row.stream);
    const apart = (other) => Math.abs(other.line - row.line);
    const nearest = others.reduce((best, other) => (apart(other) < apart(best) ? other : best));
    return { family: nearest.family, layer: nearest.layer, head };
  }
}
