/* What the cells of the model are coloured by; its five steps are also a filter. */

class LegendView {
  constructor(trace, actions) {
    this.trace = trace;
    this.actions = actions;
    const options = trace.statistics.map(({ name, title }) => element("option", { value: name }, title));
    this.choice = element("select", {
      change: (event) => actions.choose({ statistic: event.target.value }, "statistic"),
    }, ...options);
    this.chips = Array.from({ length: BINS }, (_, bin) => this.chip(bin));
    this.sentence = element("p", { class: "quiet" });
    this.all = element("button", {
      type: "button", class: "plain",
      click: () => actions.choose({ bins: Array(BINS).fill(true) }, "filter"),
    }, "Show all");
    this.head = element("label", { class: "field" }, element("span", {}, "Colour heads by"), this.choice);
    this.foot = element("div", { class: "legend" },
      element("div", { class: "chips", role: "group", "aria-label": "Show or hide heads by their colour" },
        ...this.chips.map(({ button }) => button), this.all),
      this.sentence);
  }

  chip(bin) {
    const swatch = element("span", { class: "swatch" });
    const range = element("span", { class: "range" });
    const count = element("span", { class: "count" });
    const button = element("button", {
      type: "button", class: "chip",
      click: () => this.actions.choose({ bins: this.toggled(bin) }, "filter"),
    }, swatch, range, count);
    return { button, swatch, range, count };
  }

  toggled(bin) {
    return this.selection.bins.map((isOn, i) => (i === bin ? !isOn : isOn));
  }

  draw(selection, colours) {
    this.selection = selection;
    this.choice.value = selection.statistic;
    const found = this.trace.statistic(selection.statistic);
    const counts = this.counts(selection.statistic);
    const isWhole = selection.bins.every(Boolean);
    const ranges = rangesOf(found);
    this.chips.forEach(({ button, swatch, range, count }, bin) => {
      write(range, ranges[bin]);
      put(button, "aria-pressed", String(selection.bins[bin]));
      put(swatch, "style", `background:${colours.bins[bin]}`);
      write(count, String(counts[bin]));
      put(button, "title", `${counts[bin]} heads; click to ${selection.bins[bin] ? "hide" : "show"} them`);
    });
    this.all.hidden = isWhole;
    const filter = isWhole ? "" : " Hidden heads do not count in mean and max.";
    write(this.sentence, found.sentence + filter);
  }

  counts(statistic) {
    const counts = Array(BINS).fill(0);
    for (const name of Object.keys(this.trace.statistic(statistic).families)) {
      const [layers, heads] = this.trace.families[name].shape;
      for (let layer = 0; layer < layers; layer += 1) {
        for (let head = 0; head < heads; head += 1) {
          counts[binOf(this.trace.measured(statistic, name, layer, head).share)] += 1;
        }
      }
    }
    return counts;
  }
}

/* What each step stands for: numbers where one scale serves all maps, else shares of each scale. */
function rangesOf({ families }) {
  const [top, ...others] = new Set(Object.values(families).map((family) => family.top));
  const edges = Array.from({ length: BINS + 1 }, (_, bin) => (others.length
    ? `${(100 * bin) / BINS}%`
    : unit((top * bin) / BINS, top < 1 ? 2 : 1)));
  return edges.slice(1).map((edge, bin) => `${edges[bin].replace("%", "")}–${edge}`);
}
