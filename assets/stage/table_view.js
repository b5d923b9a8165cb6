/* The same map as a table of numbers. */

class TableView {
  constructor() {
    this.root = element("div", { class: "table-frame", tabindex: "0", role: "region", "aria-label": "The map as a table" });
  }

  draw(map, title) {
    const head = element("tr", {}, element("th", { scope: "col" }, `${map.family.queries} reads`),
      ...map.columns.map(({ label }) => element("th", { scope: "col" }, label)));
    const body = map.rows.map(({ label }, r) => element("tr", {},
      element("th", { scope: "row" }, label),
      ...map.columns.map((_, c) => {
        const cell = r * map.columns.length + c;
        return element("td", {}, map.kept[cell] ? amountOf(map, map.weights[cell], 4) : "–");
      })));
    this.root.replaceChildren(element("table", {},
      element("caption", {}, title), element("thead", {}, head), element("tbody", {}, ...body)));
  }
}
