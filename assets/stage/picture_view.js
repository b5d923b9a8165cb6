/* The picture with its regions: a ring says the weight by its width and colour, a tag by a number,
   and the picture itself stays as it is. */

const NUMBERED = 5; // of many regions, whose weight stands in the picture
const FEW = 12; // regions that all keep their number and weight in sight
const ABOVE_FROM = 0.07; // of the picture's height: room for a tag above its box
const REST_MILLISECONDS = 90;
const LEANS_FROM = 0.6; // of its width: tags grow to the left

class PictureView {
  constructor(trace, actions) {
    this.trace = trace;
    this.actions = actions;
    const [width, height] = trace.size_px;
    this.address = URL.createObjectURL(trace.picture);
    this.buttons = trace.names.map((_, place) => this.button(place));
    this.many = trace.names.length > FEW;
    this.root = element("div", {
      class: this.many ? "picture many" : "picture",
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

  button(place) {
    const [left, top, right, bottom] = this.trace.boxes[place];
    const kind = `tag${top > ABOVE_FROM ? " above" : ""}${left > LEANS_FROM ? " leans" : ""}`;
    const box = regionButton("box", place, this.actions, element("span", { class: kind }, this.trace.numbers[place]));
    const percent = (share) => `${share * 100}%`;
    put(box, "style", `left:${percent(left)};top:${percent(top)};width:${percent(right - left)};height:${percent(bottom - top)}`);
    return box;
  }

  /* light: of regionLight. pointed: what the pointer or the focus is on, or null. */
  draw(map, { shares, weights, framed, numbered }, locked, pointed) {
    this.root.classList.toggle("lit", weights !== null);
    this.buttons.forEach((button, place) => {
      const share = shares ? shares[place] : 0;
      const isStrong = numbered.has(place);
      const isRinged = isStrong || (weights !== null && !this.many && weights[place] !== 0);
      const isPointed = pointed?.kind === "region" && pointed.place === place;
      const isNamed = framed.has(place) || isPointed;
      putWeight(button, isRinged ? share : 0);
      put(button, "class", namesOf({
        box: true, strong: isStrong, ringed: isRinged, framed: framed.has(place), hovered: isPointed, less: isRinged && share < 0,
      }));
      const name = isNamed ? this.trace.names[place] : String(this.trace.numbers[place]);
      write(button.firstChild, isStrong ? `${name} · ${amountOf(map, weights[place])}` : name);
      const said = weights ? `, weight ${amountOf(map, weights[place], 3)}` : "";
      put(button, "aria-label", `${button.firstChild.textContent}: region ${this.trace.names[place]}${said}`);
      put(button, "aria-pressed", String(isLocked(place, locked)));
    });
  }

  stop() {
    URL.revokeObjectURL(this.address);
  }
}

/* The same regions by name, in their order, so that small and covered ones can be chosen too. */
class RegionList {
  constructor(trace, actions) {
    this.buttons = trace.names.map((name, place) => regionButton("region", place, actions,
      element("span", { class: "name" }, name), element("span", { class: "amount" })));
    this.root = element("div", {
      class: "regions", role: "group", "aria-label": "The regions by name",
      keydown: (event) => moveWithin(event, this.buttons),
    }, ...this.buttons);
  }

  /* Frames at once; weights of many lines when the pointer rests, not in every frame. */
  draw(map, light, locked) {
    this.buttons.forEach((button, place) => {
      button.classList.toggle("framed", light.framed.has(place));
      put(button, "aria-pressed", String(isLocked(place, locked)));
    });
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.drawWeights(map, light), REST_MILLISECONDS);
  }

  drawWeights(map, { shares, weights }) {
    this.buttons.forEach((button, place) => {
      const share = shares ? shares[place] : 0;
      putWeight(button, share);
      button.classList.toggle("less", share < 0);
      write(button.lastChild, weights ? amountOf(map, weights[place]) : "");
    });
  }

  stop() {
    clearTimeout(this.waiting);
  }
}

function regionButton(kind, place, actions, ...children) {
  const token = { kind: "region", place };
  return element("button", {
    type: "button",
    class: kind,
    tabindex: place ? "-1" : "0",
    "data-region": place + 1,
    click: () => actions.toggleLock(token),
    pointerenter: () => actions.point(token),
    pointerleave: () => actions.point(null),
    focus: (event) => { if (event.target.matches(":focus-visible")) actions.point(token); },
    blur: () => actions.point(null),
  }, ...children);
}

/* Weights and shares of the regions, null where they stay dark, and which few matter. */
function regionLight(map, lit) {
  const { weights, framed } = lightOn("region", map, lit);
  const shares = weights && weights.map((weight) => litShare(map, weight));
  return { weights, shares, framed, numbered: new Set(shares ? strongestPlaces(shares, shares.length > FEW ? NUMBERED : FEW) : []) };
}

function strongestPlaces(shares, count) {
  return [...shares.keys()]
    .filter((place) => shares[place] !== 0)
    .sort((a, b) => Math.abs(shares[b]) - Math.abs(shares[a]))
    .slice(0, count);
}

function namesOf(classes) {
  return Object.keys(classes).filter((name) => classes[name]).join(" ");
}

function isLocked(place, locked) {
  return locked.some((token) => token.kind === "region" && token.place === place);
}

function putWeight(button, share) {
  const size = Math.abs(share).toFixed(3);
  if (button.style.getPropertyValue("--weight") !== size) button.style.setProperty("--weight", size);
}
