/* Files made in the browser: figures, numbers, and the whole stage as one page. */

const FIGURES = { scene: "Words and picture", matrix: "Matrix", model: "Heads of the model" };
const PANELS = { scene: "picture", matrix: "map", model: "heads" }; // where a narrow page shows them
const ABOUT_PAGE =
  "Attention of LXMERT. An attention map shows where a head looked, not why the model answered.";

class SaveMenu {
  /* sources: the script and the style that this stage is made of. */
  constructor(stage, sources) {
    this.stage = stage;
    this.sources = sources;
    this.said = element("span", { class: "quiet", role: "status" });
    const save = (label, words, make) => element("button", {
      type: "button", class: "plain", "aria-label": label, click: () => this.save(make),
    }, words);
    const rows = Object.entries(FIGURES).map(([figure, words]) => element("span", { class: "field" },
      element("span", {}, words),
      save(`Save ${words} as SVG`, "SVG", () => this.svg(figure)),
      save(`Save ${words} as PNG`, "PNG", () => this.png(figure))));
    this.menu = new Menu("Save …", "Files of this stage", ...rows,
      element("span", { class: "field" }, element("span", {}, "This map's numbers"),
        save("Save numbers as CSV", "CSV", () => this.csv())),
      element("span", { class: "field" }, element("span", {}, "This stage, offline"),
        save("Save this stage as a page", "HTML", () => this.page())),
      this.said);
  }

  async save(make) {
    const { name, blob } = await make();
    saveFile(name, blob);
    write(this.said, `Saved ${name}`);
  }

  name(figure, ending) {
    const { family, layer } = this.stage.selection;
    const words = headsOf(this.stage.selection, this.stage.map).replace(/[^\w.]+/g, "-");
    return `lxmert-${figure}-${family}-layer-${layer + 1}-${words}.${ending}`;
  }

  async figure(figure) {
    const { stage } = this;
    const { trace, selection, map, colours } = stage;
    const picture = await dataAddress(trace.picture);
    const drawing = stage.whileShown(PANELS[figure], () =>
      (figure === "scene" ? sceneDrawing(stage, picture) : drawingOf(stage[figure].svg)));
    const { line, key } = figure === "model"
      ? this.ofHeads()
      : {
        line: `${titleOf(selection, map)}. ${measureOf(selection)}. ${scaleSentence(map)}`
          + (figure === "scene" ? ` ${numbersSentence(map, selection.locks.map((lock) => lock.query ?? lock))}` : ""),
        key: weightKey(colours, isTwoSided(map), endsOf(map)),
      };
    return figureFile(drawing, [line, `Model ${trace.model}. “${trace.text}”`], stage.root, key);
  }

  /* What the colours of heads are, in a line and as a key. */
  ofHeads() {
    const { trace, selection, pair, colours } = this.stage;
    if (pair) {
      return {
        line: `Colour: ${measureOf(selection).toLowerCase()}, ${pair.query.label} reads ${pair.key.label}; no colour where there is no such pair.`,
        key: weightKey(colours, false, ["0", unit(pair.top, 3)]),
      };
    }
    const statistic = trace.statistic(selection.statistic);
    return { line: `Colour: ${statistic.title}. ${statistic.sentence}`, key: stepKey(colours, rangesOf(statistic)) };
  }

  async svg(figure) {
    const { text } = await this.figure(figure);
    return { name: this.name(figure, "svg"), blob: new Blob([text], { type: "image/svg+xml" }) };
  }

  async png(figure) {
    return { name: this.name(figure, "png"), blob: await asPng(await this.figure(figure)) };
  }

  csv() {
    const text = numbersAsCsv(this.stage.trace, this.stage.selection, this.stage.map);
    return { name: this.name("map", "csv"), blob: new Blob([text], { type: "text/csv" }) };
  }

  async page() {
    const { trace, selection } = this.stage;
    const page = document.implementation.createHTMLDocument(`LXMERT: ${trace.text}`);
    const payload = (await dataAddress(new Blob([trace.bytes]))).split(",")[1];
    const address = new URLSearchParams(stated(addressOf(selection, trace)));
    page.documentElement.lang = "en";
    page.head.append(element("meta", { charset: "utf-8" }),
      element("meta", { name: "viewport", content: "width=device-width" }),
      element("style", { id: "stage-style" }, this.sources.style),
      element("style", { id: "stage-page-style" }, this.sources.pageStyle));
    page.body.append(element("main", { class: "stage-frame" }, element("div", { class: "stage" })),
      element("script", { type: "text/plain", id: "stage-payload" }, payload),
      element("script", { type: "text/plain", id: "stage-selection" }, address),
      element("script", { id: "stage-script" }, this.sources.script),
      element("script", {}, "mountAlone();"));
    const text = writable(`<!doctype html>\n${page.documentElement.outerHTML}`);
    return { name: this.name("stage", "html"), blob: new Blob([text], { type: "text/html" }) };
  }
}

function stated(keys) {
  return Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== null));
}

function measureOf({ measure, combine }) {
  if (combine === "rollout") return "Shares of inputs";
  return measure === "carried" ? "Attention weights times value norms" : "Attention weights";
}

function numbersAsCsv(trace, selection, map) {
  const quoted = (text) => `"${cellOf(writable(text)).replaceAll('"', '""')}"`;
  const lines = [["map", "reads", "is read", "weight"].map(quoted).join(",")];
  const title = `${trace.model}: ${titleOf(selection, map)}`;
  map.rows.forEach((row, r) => map.columns.forEach((column, c) => {
    const cell = r * map.columns.length + c;
    if (map.kept[cell]) {
      lines.push([quoted(title), quoted(row.label), quoted(column.label), map.weights[cell]].join(","));
    }
  }));
  return `${lines.join("\n")}\n`;
}

/* A spreadsheet would run what begins so; none of these columns holds numbers. */
function cellOf(text) {
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}

function dataAddress(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}
