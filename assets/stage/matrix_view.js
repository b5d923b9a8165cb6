/* The map itself: rows read, columns are read. */

const NARROWEST = 11;
const WIDEST = 62;
const LOWEST = 16;
const TALLEST = 26;
const NARROW = 15; // columns of regions as narrow as this have room for a number alone
const NUMBERS_FROM = 34; // a cell as wide as this has room for its number
const MOST_NUMBERS = 250; // more would be slow to draw, and the pointer tells each
const MOST_KEPT = 6; // drawings that wait for the way back
const LETTER = 6.4;
const LONGEST_LABEL = { wide: 24, narrow: 12 }; // letters; the state in words has the whole
const SLANT = 55; // degrees

class MatrixView {
  constructor(actions) {
    this.actions = actions;
    this.cells = [];
    this.kept = new Map(); // what was built for which labels and width
    this.cursor = { row: 0, column: 0 };
    this.svg = shape("svg", { class: "matrix", tabindex: "0", role: "img" });
    this.root = element("div", { class: "matrix-frame" }, this.svg);
    this.svg.addEventListener("pointerover", (event) => this.pointed(event));
    this.svg.addEventListener("pointerleave", () => actions.point(null));
    this.svg.addEventListener("click", (event) => this.clicked(event));
    this.svg.addEventListener("keydown", (event) => this.keyed(event));
    this.svg.addEventListener("blur", () => actions.point(null));
  }

  draw(map, colours, width) {
    this.map = map;
    const labels = [map.rows, map.columns].map((side) => side.map(({ label, number }) => ({ label, number })));
    const built = JSON.stringify([labels, width]);
    if (built !== this.built) this.change(built, labels, width);
    map.weights.forEach((weight, i) => {
      const { rect, text } = this.cells[i];
      const share = map.kept[i] ? shareOf(map, weight) : 0;
      put(rect, "fill", map.kept[i] ? colours.weight(share) : "none");
      if (!text) return;
      put(text, "fill", colours.onWeight(share));
      write(text, map.kept[i] ? amountOf(map, weight) : "");
    });
    put(this.svg, "aria-label",
      `Matrix of ${map.rows.length} rows that read and ${map.columns.length} columns that are read. ` +
      "Arrow keys move between cells, Enter locks one.");
  }

  /* The way back to a map of the same words and regions finds its cells as they were. */
  change(built, labels, width) {
    if (this.built) this.kept.set(this.built, this.parts());
    if (this.kept.size > MOST_KEPT) this.kept.clear();
    this.built = built;
    if (!this.kept.has(built)) {
      this.build(labels, width);
      return;
    }
    const { children, attributes, own } = this.kept.get(built);
    Object.assign(this, own);
    for (const [name, value] of attributes) put(this.svg, name, value);
    this.svg.replaceChildren(...children);
  }

  parts() {
    const { cells, rowLabels, columnLabels, frames, crossings, left, top, across, down } = this;
    return {
      children: [...this.svg.children],
      attributes: ["width", "height", "viewBox"].map((name) => [name, this.svg.getAttribute(name)]),
      own: { cells, rowLabels, columnLabels, frames, crossings, left, top, across, down },
    };
  }

  build(sides, width) {
    const isNarrow = (width - LETTER * LONGEST_LABEL.wide) / sides[1].length < 2 * NARROW;
    const most = isNarrow ? LONGEST_LABEL.narrow : LONGEST_LABEL.wide;
    const short = ({ label }) => (label.length > most ? `${label.slice(0, most - 1)}…` : label);
    const hasNumbers = isNarrow && sides[1].every(({ number }) => number !== undefined);
    const rows = sides[0].map(short);
    const columns = sides[1].map((token) => (hasNumbers ? String(token.number) : short(token)));
    const longest = (side) => Math.max(2, ...side.map((label) => label.length)) * LETTER;
    const angle = hasNumbers ? 0 : SLANT;
    const slant = (angle * Math.PI) / 180;
    this.left = Math.ceil(longest(rows)) + 12;
    this.top = Math.ceil(longest(columns) * Math.sin(slant)) + 22;
    const beyond = hasNumbers ? 4 : longest(columns) * Math.cos(slant) + 8; // the last label leans out
    const fit = (width - this.left - beyond) / Math.max(columns.length, 1);
    this.across = Math.min(Math.max(Math.floor(fit), NARROWEST), WIDEST);
    this.down = Math.min(Math.max(this.across, LOWEST), TALLEST);
    const full = this.left + this.across * columns.length + beyond;
    const tall = this.top + this.down * rows.length + 4;
    put(this.svg, "width", String(Math.ceil(full)));
    put(this.svg, "height", String(tall));
    put(this.svg, "viewBox", `0 0 ${Math.ceil(full)} ${tall}`);
    this.rowLabels = rows.map((label, r) => shape("text", {
      x: this.left - 7, y: this.top + (r + 0.5) * this.down + 4, "text-anchor": "end", "data-row": r,
    }, label));
    const style = this.across < NARROW ? `font-size:${0.72 * this.across}px` : null; // narrow columns stand close
    this.columnLabels = columns.map((label, c) => {
      const [x, y] = [this.left + (c + 0.5) * this.across, this.top - 6];
      const anchor = hasNumbers ? "middle" : "start";
      return shape("text", { transform: `translate(${x} ${y}) rotate(-${angle})`, "text-anchor": anchor, "data-column": c, style }, label);
    });
    this.makeCells(rows.length, columns.length);
    this.frames = shape("path", { class: "frame" });
    this.crossings = shape("path", { class: "cell-frame" });
    this.svg.replaceChildren(
      shape("rect", {
        class: "ground", x: this.left, y: this.top,
        width: this.across * columns.length, height: this.down * rows.length,
      }),
      ...this.rowLabels, ...this.columnLabels,
      ...this.cells.flatMap(({ rect, text }) => (text ? [rect, text] : [rect])),
      this.frames, this.crossings,
    );
  }

  makeCells(rows, columns) {
    this.cells = [];
    const hasNumbers = this.across >= NUMBERS_FROM && rows * columns <= MOST_NUMBERS;
    for (let r = 0; r < rows; r += 1) {
      for (let c = 0; c < columns; c += 1) {
        const [x, y] = [this.left + c * this.across, this.top + r * this.down];
        const rect = shape("rect", {
          x: x + 0.5, y: y + 0.5, width: this.across - 1, height: this.down - 1,
          "data-row": r, "data-column": c,
        });
        const text = hasNumbers
          ? shape("text", {
            class: "number", x: x + this.across / 2, y: y + this.down / 2 + 4, "text-anchor": "middle",
          })
          : null;
        this.cells.push({ rect, text });
      }
    }
  }

  /* Frames the rows and columns that light up. */
  light(lit) {
    this.rowLabels.forEach((label, r) => put(label, "class", lit.framedRows.has(r) ? "framed" : ""));
    this.columnLabels.forEach((label, c) => put(label, "class", lit.framedColumns.has(c) ? "framed" : ""));
    const { left, top, across, down, map } = this;
    const box = (x, y, width, height) => `M${x} ${y}h${width}v${height}h${-width}z`;
    const [rows, columns] = [[...lit.framedRows], [...lit.framedColumns]];
    const [wide, tall] = [across * map.columns.length, down * map.rows.length];
    put(this.frames, "d", [
      ...rows.map((r) => box(left, top + r * down, wide, down)),
      ...columns.map((c) => box(left + c * across, top, across, tall)),
    ].join(""));
    const pairs = rows.flatMap((r) => columns.map((c) => [r, c]));
    put(this.crossings, "d", pairs
      .map(([r, c]) => box(left + c * across, top + r * down, across, down)).join(""));
  }

  activeAt(target) {
    const { row, column } = target.dataset ?? {};
    const token = (side, place) => ({ kind: side[place].kind, place: side[place].place });
    const query = row === undefined ? null : token(this.map.rows, Number(row));
    const key = column === undefined ? null : token(this.map.columns, Number(column));
    return query && key ? { query, key } : (query ?? key);
  }

  pointed(event) {
    this.actions.point(this.activeAt(event.target), event);
  }

  clicked(event) {
    const active = this.activeAt(event.target);
    if (active) this.actions.toggleLock(active);
  }

  keyed(event) {
    const { map, cursor } = this;
    if (!map.weights.length) return;
    const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    const step = event.shiftKey ? undefined : steps[event.key];
    if (!step && event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    if (step) {
      cursor.row = within(cursor.row + step[0], map.rows.length);
      cursor.column = within(cursor.column + step[1], map.columns.length);
    }
    const target = { dataset: { row: cursor.row, column: cursor.column } };
    if (step) this.actions.point(this.activeAt(target));
    else this.actions.toggleLock(this.activeAt(target));
  }
}
