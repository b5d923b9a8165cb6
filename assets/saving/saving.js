/* Saves the figure that stands before it: its drawing with a caption, and its numbers. */

const KINDS = {
  plot: { selector: ".js-plotly-plot:has(.main-svg)", draw: plotDrawing },
  regions: { selector: ".lv-picture", draw: regionsDrawing },
};
const PATIENCE_MILLISECONDS = 10_000; // Plotly may still be on its way when its button is pressed

/* The figure that is nearest before `place`, in the smallest part of the page that has both. */
function figureBefore(place, selector) {
  for (let around = place.parentElement; around; around = around.parentElement) {
    const before = [...around.querySelectorAll(selector)].filter(
      (figure) => figure.compareDocumentPosition(place) & Node.DOCUMENT_POSITION_FOLLOWING);
    if (before.length) return before.at(-1);
  }
  return null;
}

async function figureThere(place, selector) {
  for (const end = performance.now() + PATIENCE_MILLISECONDS; performance.now() < end;) {
    const figure = figureBefore(place, selector);
    if (figure) return figure;
    await new Promise((resolve) => { setTimeout(resolve, 100); });
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
  /* kind: of KINDS; file: name without ending; caption: lines; numbers: CSV. */
  constructor(root, host, { kind, file, caption, numbers }) {
    this.host = host;
    this.kind = KINDS[kind];
    this.file = file;
    this.caption = caption;
    this.numbers = numbers;
    const save = (ending, make) => element("button", {
      type: "button", "aria-label": `Save ${file} as ${ending}`, click: () => this.save(ending, make),
    }, ending);
    root.replaceChildren(
      element("span", {}, "Save"),
      save("SVG", async () => new Blob([(await this.drawing()).text], { type: "image/svg+xml" })),
      save("PNG", async () => asPng(await this.drawing())),
      save("CSV", () => new Blob([this.numbers], { type: "text/csv" })),
    );
  }

  async drawing() {
    const figure = await figureThere(this.host, this.kind.selector);
    return figureFile(this.kind.draw(figure), this.caption, figure.closest(".stApp"));
  }

  async save(ending, make) {
    saveFile(`${this.file}.${ending.toLowerCase()}`, await make());
  }
}
