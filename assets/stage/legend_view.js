/* What the cells of the model are coloured by: a statistic, whose five steps are also a filter, or
   the weight of the locked pair. */

const BY_PAIR = "pair";

class LegendView {
  constructor(trace, actions) {
    this.trace = trace;
    this.actions = actions;
    this.byPair = element("option", { value: BY_PAIR }, "Weight of the locked pair");
    const options = trace.statistics.map(({ name, title }) => element("option", { value: name }, title));
    this.choice = element("select", {
      "aria-label": "Colour heads by",
      change: (event) => actions.choose(this.chosen(event.target.value), "statistic"),
    }, this.byPair, ...options);
    this.chips = Array.from({ length: BINS }, (_, bin) => this.chip(bin));
    this.sentence = element("p", { class: "quiet" });
    this.all = element("button", {
      type: "button", class: "plain",
      click: () => actions.choose({ bins: Array(BINS).fill(true) }, "filter"),
    }, "Show all heads");
    this.ramp = new Ramp();
    this.steps = element("div", {
      class: "chips", role: "group", "aria-label": "Show or hide heads by their colour",
      keydown: (event) => moveWithin(event, this.chips.map(({ button }) => button)),
    }, ...this.chips.map(({ button }) => button));
    this.head = element("div", { class: "legend" }, this.choice,
      element("div", { class: "legend-scale" }, this.steps, this.ramp.root));
    this.foot = element("div", { class: "legend-foot" }, this.sentence, this.all);
  }

  chosen(value) {
    return value === BY_PAIR ? { byPair: true } : { statistic: value, byPair: false };
  }

  chip(bin) {
    const swatch = element("span", { class: "swatch" });
    const range = element("span", { class: "range" });
    const count = element("span", { class: "count" });
    const button = element("button", {
      type: "button", class: "chip", tabindex: bin ? "-1" : "0",
      click: () => this.actions.choose({ bins: this.toggled(bin) }, "filter"),
    }, swatch, range, count);
    return { button, swatch, range, count };
  }

  toggled(bin) {
    return this.selection.bins.map((isOn, i) => (i === bin ? !isOn : isOn));
  }

  /* pair: of pairOver, or null. */
  draw(selection, pair, colours) {
    this.selection = selection;
    this.byPair.hidden = this.byPair.disabled = !pairOf({ ...selection, byPair: true });
    this.choice.value = pair ? BY_PAIR : selection.statistic;
    this.steps.hidden = Boolean(pair);
    this.ramp.root.hidden = !pair;
    const isWhole = selection.bins.every(Boolean);
    this.all.hidden = isWhole;
    const filter = isWhole ? "" : " Hidden heads do not count in mean and max.";
    if (pair) {
      this.ramp.draw(colours, false, "0", unit(pair.top, 3));
      write(this.sentence, `How much of ${pair.query.label} goes to ${pair.key.label} in each head; empty: it has no such pair.${filter}`);
    } else {
      this.drawSteps(selection, colours);
      write(this.sentence, this.trace.statistic(selection.statistic).sentence + filter);
    }
  }

  drawSteps({ statistic, bins }, colours) {
    const counts = this.counts(statistic);
    const ranges = rangesOf(this.trace.statistic(statistic));
    this.chips.forEach(({ button, swatch, range, count }, bin) => {
      write(range, ranges[bin]);
      put(button, "aria-pressed", String(bins[bin]));
      put(swatch, "style", `background:${colours.bins[bin]}`);
      write(count, String(counts[bin]));
      put(button, "title", `${counts[bin]} heads; click to ${bins[bin] ? "hide" : "show"} them`);
    });
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

/* Colours of weights from end to end. */
class Ramp {
  constructor() {
    this.colours = element("span", { class: "colours" });
    this.least = element("span", {});
    this.most = element("span", {});
    this.root = element("span", { class: "ramp", "aria-hidden": "true" }, this.least, this.colours, this.most);
  }

  draw(colours, signed, least, most) {
    put(this.colours, "style", `background:${colours.ramp(signed)}`);
    write(this.least, least);
    write(this.most, most);
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
