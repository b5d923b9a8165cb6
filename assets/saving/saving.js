/* Saves the Plotly figure that stands before it: its drawing with a caption, and its numbers. */

/* The drawing that is nearest before `place`, in the smallest part of the page that has both. */
function plotBefore(place) {
  for (let around = place.parentElement; around; around = around.parentElement) {
    const before = [...around.querySelectorAll(".js-plotly-plot")].filter(
      (plot) => plot.compareDocumentPosition(place) & Node.DOCUMENT_POSITION_FOLLOWING);
    if (before.length) return before.at(-1);
  }
  throw new Error("no figure stands before this");
}

/* Plotly's layers, one over the other, without what only a pointer needs. */
function plotDrawing(plot) {
  const layers = [...plot.querySelectorAll(".main-svg")];
  const { width, height } = layers[0].getBoundingClientRect();
  const drawn = layers.map((layer) => {
    const marks = [...layer.querySelectorAll(".draglayer, .hoverlayer, .zoomlayer, .selectionlayer")];
    const places = marks.map((mark) => [...layer.querySelectorAll("*")].indexOf(mark));
    const copy = withStyles(layer);
    const parts = [...copy.querySelectorAll("*")];
    places.forEach((place) => parts[place].remove());
    return copy;
  });
  return shape("svg", { width, height, viewBox: `0 0 ${width} ${height}` }, ...drawn);
}

class FigureSaving {
  /* file: name without ending; caption: lines; numbers: CSV. */
  constructor(root, host, { file, caption, numbers }) {
    this.host = host;
    this.file = file;
    this.caption = caption;
    this.numbers = numbers;
    const save = (kind, make) => element("button", {
      type: "button", "aria-label": `Save ${file} as ${kind}`, click: () => this.save(kind, make),
    }, kind);
    root.replaceChildren(
      element("span", {}, "Save"),
      save("SVG", () => new Blob([this.drawing().text], { type: "image/svg+xml" })),
      save("PNG", () => asPng(this.drawing())),
      save("CSV", () => new Blob([this.numbers], { type: "text/csv" })),
    );
  }

  drawing() {
    const plot = plotBefore(this.host);
    return figureFile(plotDrawing(plot), this.caption, plot.closest(".stApp"));
  }

  async save(kind, make) {
    saveFile(`${this.file}.${kind.toLowerCase()}`, await make());
  }
}
