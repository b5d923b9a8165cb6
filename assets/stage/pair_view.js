/* The heads that hold the most of one pair, and the other way round. */

const NO_PAIR = "Lock two, such as a word and a region: the heads with the most of that weight are listed here.";

class PairView {
  constructor(trace, actions) {
    this.trace = trace;
    this.actions = actions;
    this.root = element("div", { class: "pair", role: "group", "aria-label": "Heads by the weight of the locked pair" });
  }

  /* pair: of pairOver. */
  draw(selection, pair) {
    const { locks, measure, merged } = selection;
    const shown = JSON.stringify([pair && [pair.query, pair.key], locks.length, measure, merged]);
    if (shown !== this.shown) {
      this.shown = shown;
      this.root.replaceChildren(...(pair ? this.listed(pair, locks) : [element("span", { class: "quiet" }, NO_PAIR)]));
    }
    for (const link of this.root.querySelectorAll(".best")) {
      const { family, layer, head } = selection;
      const isShown = selection.combine === "one" && link.dataset.head === headKey({ family, layer, head });
      put(link, "aria-current", String(isShown));
    }
  }

  listed(pair, locks) {
    const said = `${pair.query.label} reads ${pair.key.label}`;
    const families = new Set(pair.families);
    const told = `${said}: ${this.nameOf([...families])}`;
    const turn = element("button", {
      type: "button", class: "plain turn", "aria-label": `The other way: ${pair.key.label} reads ${pair.query.label}`,
      title: "The other way", click: () => this.actions.choose({ locks: turned(locks) }, "lock"),
    }, "⇄");
    return [
      element("p", { class: "pair-name" }, element("span", { title: told }, said), turn),
      element("ol", { class: "bests", "aria-label": `Heads where ${said} most` },
        ...pair.best.map((head) => element("li", {}, this.link(head, families.size > 1)))),
    ];
  }

  nameOf(families) {
    return `${this.trace.families[families[0]].title.toLowerCase()}, ${families.map(shortStage).join(" and ")}`;
  }

  link({ family, layer, head, weight }, isNamed) {
    const where = `${isNamed ? `${shortStage(family)} ` : ""}L${layer + 1} H${head + 1}`;
    const { title } = this.trace.families[family];
    return element("button", {
      type: "button", class: "best", "data-head": headKey({ family, layer, head }),
      title: `${title}, ${shortStage(family)} layer ${layer + 1}, head ${head + 1}: ${shareInWords(weight, 3)}`,
      click: () => this.actions.chooseHead({ family, layer, head }, false),
    }, `${where}: ${shareInWords(weight)}`);
  }
}
