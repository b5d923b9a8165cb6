/* Words, boxes and bars that stand for the same things: pointed at in one figure, marked in all. */

const HOW = matchMedia("(hover: none)").matches
  ? "Tap a word, a box or a bar: it is marked everywhere."
  : "Point at a word, a box or a bar: it is marked everywhere. Click to lock, Escape to unlock.";
const STILL_PIXELS = 5; // a finger that moves further scrolls
const LOCKED = new Map(); // what the page is about: labels that are locked, whatever the method
const LINKED = new WeakMap(); // place: what stops the figures that are linked there
const MARK = "position:absolute;inset:0;width:100%;height:100%;pointer-events:none;overflow:visible";

class LinkedFigures {
  /* data: about; labels and sentences, one a thing; figures: key and spots, one a thing or null.
     A spot is axes ("" or "2"), left, top, right and bottom; null is the figure's edge. */
  constructor(root, data) {
    this.data = data;
    this.hovered = -1;
    this.linked = [];
    this.told = element("p", { class: "linked-told", role: "status" });
    this.ending = new AbortController();
    if (!LOCKED.has(data.about)) LOCKED.set(data.about, new Set());
    this.locked = LOCKED.get(data.about);
    root.replaceChildren(this.told);
    const { signal } = this.ending;
    document.addEventListener("keydown", ({ key }) => key === "Escape" && this.unlock(), { signal });
    document.addEventListener("pointerup", (event) => this.released(event), { signal, capture: true });
    for (const figure of data.figures) this.link(figure);
    this.draw();
  }

  async link({ key, spots }) {
    const plot = await found(() => document.querySelector(`.st-key-${key} .js-plotly-plot:has(.main-svg)`));
    const { signal } = this.ending;
    if (signal.aborted) return;
    const overlay = shape("svg", { style: MARK, "aria-hidden": "true", class: "linked-marks" });
    plot.querySelector(".svg-container").append(overlay);
    const own = { plot, spots, overlay };
    this.linked.push(own);
    plot.addEventListener("pointermove", (event) => this.point(thingAt(own, event)), { signal });
    plot.addEventListener("pointerleave", () => this.point(-1), { signal });
    plot.addEventListener("pointerdown", (event) => {
      this.pressed = { thing: thingAt(own, event), x: event.clientX, y: event.clientY };
    }, { signal, capture: true });
    const again = () => this.draw();
    plot.on("plotly_afterplot", again);
    signal.addEventListener("abort", () => {
      plot.removeListener?.("plotly_afterplot", again); // a figure that was taken away has none
      overlay.remove();
    });
    this.draw();
  }

  point(thing) {
    if (thing === this.hovered) return;
    this.hovered = thing;
    this.draw();
  }

  released({ clientX, clientY }) {
    const { pressed } = this;
    this.pressed = null;
    if (!pressed || pressed.thing < 0) return;
    if (Math.hypot(clientX - pressed.x, clientY - pressed.y) > STILL_PIXELS) return;
    const label = this.data.labels[pressed.thing];
    if (!this.locked.delete(label)) this.locked.add(label);
    this.draw();
  }

  unlock() {
    this.locked.clear();
    this.draw();
  }

  draw() {
    const { labels, sentences } = this.data;
    const shown = labels.map((label, thing) => thing).filter(
      (thing) => thing === this.hovered || this.locked.has(labels[thing]));
    write(this.told, shown.map((thing) => sentences[thing]).join("  ·  ") || HOW);
    for (const own of this.linked) {
      const places = shown.map((thing) => placeOf(own, thing)).filter(Boolean);
      own.overlay.replaceChildren(...places.flatMap((place) => [
        shape("rect", { ...place, fill: "none", stroke: "#10171b", "stroke-width": 5, "stroke-opacity": 0.55 }),
        shape("rect", { ...place, fill: "none", stroke: "#56b4e9", "stroke-width": 2.5 }),
      ]));
    }
  }

  stop() {
    this.ending.abort();
  }
}

/* The smallest thing under the pointer, -1 for none. */
function thingAt(own, { clientX, clientY }) {
  const { left, top } = own.overlay.getBoundingClientRect();
  const [x, y] = [clientX - left, clientY - top];
  const under = own.spots.map((spot, thing) => ({ thing, place: placeOf(own, thing) })).filter(
    ({ place }) => place && x >= place.x && x <= place.x + place.width && y >= place.y && y <= place.y + place.height);
  const area = ({ place }) => place.width * place.height;
  return under.reduce((best, one) => (!best || area(one) < area(best) ? one : best), null)?.thing ?? -1;
}

/* In pixels of the figure, as Plotly lays it out now. */
function placeOf({ plot, spots, overlay }, thing) {
  const spot = spots[thing];
  const layout = plot._fullLayout;
  const [across, down] = spot ? [layout[`xaxis${spot[0]}`], layout[`yaxis${spot[0]}`]] : [];
  if (!across || !down) return null;
  const { width, height } = overlay.getBoundingClientRect();
  const at = (axis, value, edge) => (value === null ? edge : axis._offset + axis.c2p(value));
  const [, left, top, right, bottom] = spot;
  const [x, y] = [at(across, left, 1), at(down, top, 1)];
  return { x, y, width: at(across, right, width - 1) - x, height: at(down, bottom, height - 1) - y };
}

function mountLinked(parent, data) {
  const place = parent.querySelector(".linked");
  LINKED.get(place)?.stop();
  const linked = new LinkedFigures(place, data);
  LINKED.set(place, linked);
  return () => linked.stop();
}
