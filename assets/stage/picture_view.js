/* The picture with its regions; the width of a frame and a number say the weight, not colour alone. */

const NUMBERED = 5; // regions whose weight stands in the picture
const FEW = 12; // regions that all keep their number in sight

class PictureView {
  constructor(trace, actions) {
    this.trace = trace;
    this.actions = actions;
    const [width, height] = trace.size_px;
    this.address = URL.createObjectURL(trace.picture);
    this.buttons = trace.names.map((name, place) => this.button(name, place));
    this.root = element("div", {
      class: trace.names.length > FEW ? "picture many" : "picture",
      role: "group",
      "aria-label": `The picture with ${trace.names.length} regions`,
      style: `aspect-ratio:${width}/${height};--shape:${(width / height).toFixed(4)}`,
      keydown: (event) => moveWithin(event, this.buttons),
    }, element("img", { src: this.address, alt: "" }), ...this.smallLast());
  }

  /* Small boxes lie on top, where they can be pointed at. */
  smallLast() {
    const area = ([left, top, right, bottom]) => (right - left) * (bottom - top);
    return [...this.buttons.keys()]
      .sort((a, b) => area(this.trace.boxes[b]) - area(this.trace.boxes[a]))
      .map((place) => this.buttons[place]);
  }

  button(name, place) {
    const token = { kind: "region", place };
    const [left, top, right, bottom] = this.trace.boxes[place].map((share) => share * 100);
    return element("button", {
      type: "button",
      class: "box",
      tabindex: place ? "-1" : "0",
      "data-region": place + 1,
      style: `left:${left}%;top:${top}%;width:${right - left}%;height:${bottom - top}%`,
      click: () => this.actions.toggleLock(token),
      pointerenter: () => this.actions.point(token),
      pointerleave: () => this.actions.point(null),
      focus: (event) => { if (event.target.matches(":focus-visible")) this.actions.point(token); },
      blur: () => this.actions.point(null),
    }, element("span", { class: "tag" }, this.trace.numbers[place]));
  }

  draw(map, lit, locked) {
    const { weights, framed } = lightOn("region", map, lit);
    const numbered = new Set(weights ? strongestPlaces(weights, NUMBERED) : []);
    this.root.classList.toggle("lit", weights !== null);
    this.buttons.forEach((button, place) => {
      const weight = weights ? weights[place] : 0;
      const number = this.trace.numbers[place];
      const share = Math.min(Math.abs(weight) / map.top, 1).toFixed(3);
      if (button.style.getPropertyValue("--weight") !== share) {
        button.style.setProperty("--weight", share);
      }
      const kind = `box${numbered.has(place) ? " strong" : ""}${framed.has(place) ? " framed" : ""}${weight < 0 ? " less" : ""}`;
      put(button, "class", kind);
      write(button.firstChild, numbered.has(place) ? `${number} · ${amountOf(map, weight)}` : String(number));
      const said = weights ? `, weight ${amountOf(map, weight, 3)}` : "";
      put(button, "aria-label", `region ${this.trace.names[place]}${said}`);
      put(button, "aria-pressed", String(locked.some((t) => t.kind === "region" && t.place === place)));
    });
  }

  stop() {
    URL.revokeObjectURL(this.address);
  }
}

function strongestPlaces(weights, count) {
  return [...weights.keys()]
    .filter((place) => weights[place] !== 0)
    .sort((a, b) => Math.abs(weights[b]) - Math.abs(weights[a]))
    .slice(0, count);
}
