/* Saves the figure that stands before it: its drawing with a caption, and its numbers. */

const DRAWINGS = { ".js-plotly-plot": plotDrawing, ".lv-picture": regionsDrawing };

/* The figure that is nearest before `place`, in the smallest part of the page that has both. */
function figureBefore(place) {
  for (let around = place.parentElement; around; around = around.parentElement) {
    const before = [...around.querySelectorAll(Object.keys(DRAWINGS).join())].filter(
      (figure) => figure.compareDocumentPosition(place) & Node.DOCUMENT_POSITION_FOLLOWING);
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

/* A picture with its numbered frames. */
function regionsDrawing(picture) {
  const { width, height } = picture.getBoundingClientRect();
  const drawn = shape("svg", { width, height, viewBox: `0 0 ${width} ${height}` });
  drawn.append(shape("image", {
    width, height, href: picture.querySelector("img").src, preserveAspectRatio: "none",
  }));
  for (const box of picture.querySelectorAll(".lv-box")) {
    const number = box.querySelector("span");
    drawn.append(boxOf(box, placeWithin(picture, box)));
    drawn.append(boxOf(number, placeWithin(picture, number)), textOf(number, placeWithin(picture, number)));
  }
  return drawn;
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
    const figure = figureBefore(this.host);
    const [, draw] = Object.entries(DRAWINGS).find(([kind]) => figure.matches(kind));
    return figureFile(draw(figure), this.caption, figure.closest(".stApp"));
  }

  async save(kind, make) {
    saveFile(`${this.file}.${kind.toLowerCase()}`, await make());
  }
}
