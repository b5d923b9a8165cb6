/* Saves the figure that stands before it: its drawing with a caption, and its numbers. */

/* Where a figure stands, seen from its Save, and how it is drawn. */
const KINDS = {
  plot: { find: (host, { key }) => document.querySelector(`.st-key-${key} .js-plotly-plot:has(.main-svg)`), draw: plotDrawing },
  regions: { find: pictureBefore, draw: regionsDrawing },
  walk: { find: (host) => host.querySelector(".walk-body"), draw: walkDrawing },
};
const PATIENCE_MILLISECONDS = 60_000; // Plotly may still be on its way, on a slow machine for long

/* The picture that is nearest before `place`, in the smallest part of the page that has both. */
function pictureBefore(place) {
  for (let around = place.parentElement; around; around = around.parentElement) {
    const before = [...around.querySelectorAll(".lv-picture")].filter(
      (figure) => figure.compareDocumentPosition(place) & Node.DOCUMENT_POSITION_FOLLOWING);
    if (before.length) return before.at(-1);
  }
  return null;
}

async function found(find) {
  for (const end = performance.now() + PATIENCE_MILLISECONDS; performance.now() < end;) {
    const figure = find();
    if (figure) return figure;
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
  throw new Error("there is no figure to save");
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

/* A station as it stands, without what to try next. */
function walkDrawing(body) {
  const image = body.querySelector("img");
  const drawn = [shape("image", { ...placeWithin(body, image), href: image.src, preserveAspectRatio: "none" })];
  const seen = (selector) => [...body.querySelectorAll(selector)].filter((part) => part.getClientRects().length);
  for (const part of seen(".walk-word, .walk-box, .walk-box > span, .walk-track, .walk-track > span")) {
    drawn.push(boxOf(part, placeWithin(body, part)));
  }
  const told = "h3, p:not(.walk-advice), dt, dd, .walk-word, .walk-box > span, .walk-label, .walk-amount";
  for (const part of seen(told)) {
    for (const { words, place } of linesOf(part)) {
      const line = textOf(part, placeWithin(body, place), words.join(" "));
      line.setAttribute("textLength", place.getBoundingClientRect().width);
      line.setAttribute("lengthAdjust", "spacingAndGlyphs");
      drawn.push(line);
    }
  }
  const { width } = body.getBoundingClientRect();
  const height = Math.max(...seen(`.walk-seen, ${told}`).map((part) => {
    const { y, height: own } = placeWithin(body, part);
    return y + own;
  }));
  return shape("svg", { width, height, viewBox: `0 0 ${width} ${height}` }, ...drawn);
}

/* The words of each line of a text as the page breaks it, and the place of the line. */
function linesOf(part) {
  const lines = [];
  const node = part.firstChild;
  for (const { 0: word, index } of node?.data?.matchAll(/\S+/g) ?? []) {
    const place = document.createRange();
    place.setStart(node, index);
    place.setEnd(node, index + word.length);
    const last = lines.at(-1);
    if (last && last.place.getBoundingClientRect().bottom > place.getBoundingClientRect().top + 2) {
      last.words.push(word);
      last.place.setEnd(node, index + word.length);
    } else {
      lines.push({ words: [word], place });
    }
  }
  return lines;
}

class FigureSaving {
  /* data: kind, of KINDS; file, its name without ending; caption, lines; numbers, CSV; and what the kind needs. */
  constructor(root, host, data) {
    this.host = host;
    this.data = data;
    const save = (ending, make) => element("button", {
      type: "button", "aria-label": `Save ${data.file} as ${ending}`, click: () => this.save(ending, make),
    }, ending);
    root.replaceChildren(
      element("span", {}, "Save"),
      save("SVG", async () => new Blob([(await this.drawing()).text], { type: "image/svg+xml" })),
      save("PNG", async () => asPng(await this.drawing())),
      save("CSV", () => new Blob([this.data.numbers], { type: "text/csv" })),
    );
  }

  async drawing() {
    const { find, draw } = KINDS[this.data.kind];
    const figure = await found(() => find(this.host, this.data));
    return figureFile(draw(figure), this.data.caption, figure.closest(".stApp, .walk"));
  }

  async save(ending, make) {
    saveFile(`${this.data.file}.${ending.toLowerCase()}`, await make());
  }
}
