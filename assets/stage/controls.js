/* Widgets that change the selection. */

const COMBINE_NAMES = { one: "One", mean: "Mean", max: "Max", chosen: "Chosen", rollout: "Rollout" };
const MOST_OVER = 0.5; // of the threshold
const CHOOSE_HINT = "Click heads in the model on the left to choose them; click again to drop them.";
const ROLLOUT_HINT =
  "Rollout multiplies all layers up to here, half attention and half residual: how much of each input is left in each state.";

function button(words, label, click) {
  return element("button", { type: "button", class: "step", "aria-label": label, title: label, click }, words);
}

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

function stepper(label, step) {
  const value = element("output", { class: "value" });
  const root = element("span", { class: "stepper", role: "group", "aria-label": label },
    button("‹", `Previous ${label}`, () => step(-1)), value, button("›", `Next ${label}`, () => step(1)));
  return { root, draw: (words) => write(value, words) };
}

/* Which map: who reads whom, layer, heads. */
class MapControls {
  constructor(trace, actions) {
    this.trace = trace;
    this.actions = actions;
    const families = Object.entries(trace.families).map(([name, { title, stage }]) =>
      element("option", { value: name }, `${title} · ${SHORT_STAGES[stage]}`));
    this.family = element("select", {
      "aria-label": "Who reads whom",
      change: (event) => actions.chooseFamily(event.target.value),
    }, ...families);
    this.layer = stepper("layer", (step) => actions.stepLayer(step));
    this.head = stepper("head", (step) => actions.stepHead(step));
    this.play = element("button", { type: "button", class: "play", click: () => actions.play() });
    this.combine = segmented("Heads", COMBINE_NAMES, (combine) => actions.choose({ combine }, "head"));
    this.hint = element("p", { class: "quiet hint" });
    this.root = element("div", { class: "controls" }, this.family,
      element("span", { class: "together" }, this.layer.root, this.play),
      element("span", { class: "together" }, this.combine.root, this.head.root));
  }

  draw(selection, isPlaying) {
    const [layers, heads] = this.trace.families[selection.family].shape;
    this.family.value = selection.family;
    this.layer.draw(`Layer ${selection.layer + 1} of ${layers}`);
    this.head.draw(`Head ${selection.head + 1} of ${heads}`);
    this.head.root.hidden = selection.combine !== "one";
    this.combine.draw(selection.combine);
    write(this.play, isPlaying ? "❚❚ Pause" : "▶ Play");
    put(this.play, "aria-label", isPlaying ? "Pause" : "Play through the layers");
    const hints = { chosen: CHOOSE_HINT, rollout: ROLLOUT_HINT };
    write(this.hint, hints[selection.combine] ?? "");
    this.hint.hidden = !hints[selection.combine];
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
    this.scale = segmented("Colours", { map: "This map", model: "All maps" },
      (value) => actions.choose({ ownScale: value === "map" }, "display"));
    this.view = segmented("Show as", { matrix: "Matrix", table: "Table" },
      (value) => actions.choose({ table: value === "table" }, "display"));
    const field = (words, ...inputs) =>
      element("label", { class: "field" }, element("span", {}, words), ...inputs);
    this.root = element("div", { class: "controls display" }, this.words.root,
      field("Hide [CLS] [SEP]", this.special), field("Keep", this.top),
      field("At least", this.over, this.overValue), field("Average layers from", this.since));
    this.sheet = element("div", { class: "controls" },
      this.view.root, this.measure.root, this.difference.root, this.apart, this.scale.root);
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
    this.scale.draw(selection.ownScale ? "map" : "model");
    this.view.draw(selection.table ? "table" : "matrix");
    this.measure.draw(selection.measure);
    this.measure.root.hidden = !this.trace.hasNorms() || selection.combine === "rollout";
    this.difference.draw(selection.difference ? "other" : "own");
    this.apart.hidden = !this.trace.other || this.trace.hasOther(selection.family);
    this.difference.root.hidden = !this.trace.hasOther(selection.family);
  }
}
