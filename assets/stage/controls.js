/* Widgets that change the selection. */

const COMBINE_NAMES = { one: "One", mean: "Mean", max: "Max", chosen: "Chosen", rollout: "Rollout" };
const MOST_OVER = 0.5; // of the threshold
const FIGURE_NAMES = { picture: "Picture", heads: "Heads", map: "Matrix" };

function segmented(label, options, choose) {
  const group = `stage-${label}`;
  const inputs = Object.entries(options).map(([value, words]) => {
    const input = element("input", { type: "radio", name: group, value, change: () => choose(value) });
    return { value, input, label: element("label", {}, input, element("span", {}, words)) };
  });
  const root = element("fieldset", { class: "segmented" }, element("legend", {}, label),
    element("span", { class: "options" }, ...inputs.map((each) => each.label)));
  return { root, draw: (value) => inputs.forEach((each) => { each.input.checked = each.value === value; }) };
}

/* One tab stop, whose arrow keys step; the buttons are for pointers. */
function stepper(label, step) {
  const value = element("output", { class: "value" });
  const button = (words, name, by) => element("button", {
    type: "button", class: "step", tabindex: "-1", "aria-label": name, title: name, click: () => step(by),
  }, words);
  const root = element("span", {
    class: "stepper", role: "spinbutton", tabindex: "0", "aria-label": label,
    keydown: (event) => {
      const by = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1 }[event.key];
      if (!by) return;
      event.preventDefault();
      event.stopPropagation();
      step(by);
    },
  }, button("‹", `Previous ${label}`, -1), value, button("›", `Next ${label}`, 1));
  const draw = (words, number, count) => {
    write(value, words);
    put(root, "aria-valuetext", words);
    put(root, "aria-valuenow", String(number));
    put(root, "aria-valuemin", "1");
    put(root, "aria-valuemax", String(count));
  };
  return { root, draw };
}

/* Which map: who reads whom, layer, heads; on a narrow page also which figure. */
class MapControls {
  constructor(trace, actions) {
    this.trace = trace;
    const families = Object.entries(trace.families).map(([name, { title }]) =>
      element("option", { value: name }, `${title} · ${shortStage(name)}`));
    this.family = element("select", {
      "aria-label": "Who reads whom",
      change: (event) => actions.chooseFamily(event.target.value),
    }, ...families);
    this.layer = stepper("layer", (step) => actions.stepLayer(step));
    this.head = stepper("head", (step) => actions.stepHead(step));
    this.play = element("button", { type: "button", class: "play", click: () => actions.play() });
    this.combine = segmented("Heads", COMBINE_NAMES, (combine) => actions.choose({ combine }, "head"));
    this.combine.root.classList.add("combine");
    this.figure = segmented("Figure", FIGURE_NAMES, (figure) => actions.showFigure(figure));
    this.figure.root.classList.add("figure-choice");
    this.steppers = element("div", { class: "steppers" },
      this.layer.root, this.play, this.head.root, this.figure.root);
  }

  draw(selection, isPlaying) {
    const { family, layer, head, combine, chosen } = selection;
    const [layers, heads] = this.trace.families[family].shape;
    const all = combine === "chosen" ? `${chosen.length} heads` : `All ${heads} heads`;
    this.family.value = family;
    this.layer.draw(`Layer ${layer + 1} of ${layers}`, layer + 1, layers);
    this.head.draw(combine === "one" ? `Head ${head + 1} of ${heads}` : all, head + 1, heads);
    this.combine.draw(combine);
    write(this.play, isPlaying ? "❚❚" : "▶");
    put(this.play, "aria-label", isPlaying ? "Pause" : "Play through the layers");
    put(this.play, "title", isPlaying ? "Pause" : "Play through the layers");
  }
}

/* How the map is shown. */
class DisplayControls {
  constructor(trace, actions) {
    this.trace = trace;
    const change = (key, read) => ({
      change: (event) => actions.choose({ [key]: read(event.target) }, "display"),
    });
    this.since = element("select", change("since", (target) => Number(target.value)));
    this.words = segmented("Words", { pieces: "Pieces", whole: "Whole" },
      (value) => actions.choose({ merged: value === "whole" }, "display"));
    this.special = element("input", { type: "checkbox", ...change("hideSpecial", (t) => t.checked) });
    this.top = element("select", change("top", (target) => Number(target.value)),
      ...TOPS.map((top) => element("option", { value: top }, top ? `top ${top} of each row` : "all weights")));
    this.over = element("input", {
      type: "range", min: 0, max: MOST_OVER, step: 0.01,
      input: (event) => actions.choose({ over: Number(event.target.value) }, "display"),
    });
    this.overValue = element("output", { class: "value" });
    this.measure = segmented("Weights", { weights: "Alone", carried: "× value norm" },
      (measure) => actions.choose({ measure }, "display"));
    this.difference = segmented("Numbers", { own: "As they are", other: "Difference" },
      (value) => actions.choose({ difference: value === "other" }, "display"));
    this.apart = element("span", { class: "quiet" }, "No difference: the other has other words or regions here.");
    this.scale = element("select", change("scale", (target) => target.value),
      ...Object.entries(MAP_SCALES).map(([value, words]) => element("option", { value }, words)));
    this.view = segmented("Show as", { matrix: "Matrix", table: "Table" },
      (value) => actions.choose({ table: value === "table" }, "display"));
    const field = (words, ...inputs) =>
      element("label", { class: "field" }, element("span", {}, words), ...inputs);
    this.menu = new Menu("Display", "How the map is shown", this.measure.root, field("Colours", this.scale),
      this.words.root, field("Hide [CLS] and [SEP]", this.special), field("Keep", this.top),
      field("At least", this.over, this.overValue), field("Average layers from", this.since));
    this.sheet = element("div", { class: "controls" }, this.view.root, this.difference.root, this.apart);
  }

  draw(selection) {
    const count = selection.layer + 1;
    if (this.since.options.length !== count) {
      this.since.replaceChildren(...Array.from({ length: count }, (_, layer) =>
        element("option", { value: layer }, `${layer + 1}`)));
    }
    this.since.value = String(selection.since);
    this.since.disabled = ["rollout", "chosen"].includes(selection.combine);
    this.words.draw(selection.merged ? "whole" : "pieces");
    this.special.checked = selection.hideSpecial;
    this.top.value = String(selection.top);
    this.over.value = String(selection.over);
    write(this.overValue, unit(selection.over));
    const isDifference = differs(selection, this.trace);
    for (const option of this.scale.options) {
      option.disabled = isDifference && ["smallest", "even"].includes(option.value);
    }
    this.scale.value = selection.scale;
    this.view.draw(selection.table ? "table" : "matrix");
    this.measure.draw(selection.measure);
    this.measure.root.hidden = !this.trace.hasNorms() || selection.combine === "rollout";
    this.difference.draw(selection.difference ? "other" : "own");
    this.apart.hidden = !this.trace.other || this.trace.hasOther(selection.family);
    this.difference.root.hidden = !this.trace.hasOther(selection.family);
  }
}
