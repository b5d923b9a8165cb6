/* A Plotly figure for the keyboard: one tab stop, arrow keys from point to point, Enter clicks.

   Plotly is told of a pointer where the point is, so that it, and all that listens to it, does what
   it does for a mouse. */

const STEADY_PIXELS = 2; // points as near as this are on one line
const ASIDE = 4; // a pixel aside counts as many ahead
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const TOLD_AFTER_MILLISECONDS = 120; // Plotly waits before it tells
const SETTLED_MILLISECONDS = 200; // pages are built in many small changes

function axisOf(plot, name) {
  return plot._fullLayout[name.replace(/^[xy]/, "$&axis")];
}

/* Bars stand on a line: keys move along it, and the pointer goes to a bar's middle. */
function barPoints(trace, bars, across, down) {
  const isFlat = trace.orientation === "h";
  const [along, size] = isFlat ? [down, across] : [across, down];
  return bars.filter((bar) => Number.isFinite(bar.s)).map((bar) => {
    const base = size.c2p(bar.b || 0);
    const middle = size.c2p((bar.b || 0) + bar.s / 2);
    const at = along.c2p((bar.p0 + bar.p1) / 2);
    return isFlat ? { x: middle, y: at, stands: [base, at] } : { x: at, y: middle, stands: [at, base] };
  });
}

function cellPoints({ z }, [{ x, y }], across, down) {
  const middle = (edges, place) => (edges[place] + edges[place + 1]) / 2;
  return z.flatMap((row, r) => [...row].flatMap((value, c) => (
    Number.isFinite(value) ? [{ x: across.c2p(middle(x, c)), y: down.c2p(middle(y, r)) }] : []
  )));
}

function markPoints(marks, across, down) {
  return marks.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y))
    .map(({ x, y }) => ({ x: across.c2p(x), y: down.c2p(y) }));
}

/* Where there is something to point at, in pixels of the figure; one at a place. */
function pointsOf(plot) {
  const found = new Map();
  for (const drawn of plot.calcdata) {
    const { trace } = drawn[0];
    if (trace.visible !== true || trace.hoverinfo === "skip") continue;
    const [across, down] = [axisOf(plot, trace.xaxis), axisOf(plot, trace.yaxis)];
    const points = trace.type === "bar" ? barPoints(trace, drawn, across, down)
      : trace.type === "heatmap" ? cellPoints(drawn[0], drawn, across, down)
        : markPoints(drawn, across, down);
    for (const { x, y, stands = [x, y] } of points) {
      if (x < -1 || y < -1 || x > across._length + 1 || y > down._length + 1) continue;
      const point = {
        x: across._offset + x, y: down._offset + y,
        stands: [across._offset + stands[0], down._offset + stands[1]],
        plane: `${trace.xaxis}${trace.yaxis}`,
      };
      found.set(point.stands.map(Math.round).join(), point);
    }
  }
  return [...found.values()];
}

/* The next point that way; the same where there is none. */
function neighbour(points, from, [across, down]) {
  const distance = ({ stands: [x, y] }) => {
    const [dx, dy] = [x - from.stands[0], y - from.stands[1]];
    const [ahead, aside] = across ? [dx * across, Math.abs(dy)] : [dy * down, Math.abs(dx)];
    return ahead < STEADY_PIXELS ? Infinity : ahead + ASIDE * aside;
  };
  const best = points.reduce((one, other) => (distance(other) < distance(one) ? other : one), points[0]);
  return distance(best) === Infinity ? from : best;
}

function firstOf(points) {
  return points.reduce((one, other) => {
    const below = other.stands[1] - one.stands[1];
    if (Math.abs(below) > STEADY_PIXELS) return below < 0 ? other : one;
    return other.stands[0] < one.stands[0] ? other : one;
  });
}

class FigureKeys {
  /* chart: what stays while Plotly draws anew. told: where a screen reader hears what is pointed at. */
  constructor(chart, told) {
    this.chart = chart;
    this.told = told;
    this.at = null;
    for (const [name, value] of Object.entries({ tabindex: "0", role: "group", "aria-roledescription": "figure" })) {
      chart.setAttribute(name, value);
    }
    this.name();
    chart.addEventListener("focus", () => this.name());
    chart.addEventListener("keydown", (event) => this.keyed(event));
    chart.addEventListener("blur", () => this.leave());
  }

  name() {
    const title = this.chart.querySelector(".gtitle")?.textContent ?? "Figure";
    this.chart.setAttribute("aria-label", `${title}. Arrow keys move from point to point.`);
  }

  get plot() {
    return this.chart.querySelector(".js-plotly-plot");
  }

  keyed(event) {
    if (event.target !== this.chart || event.altKey || event.ctrlKey || event.metaKey) return;
    const way = WAYS[event.key];
    if (event.key === "Escape") this.leave();
    else if (way) this.move(way);
    else if ((event.key === "Enter" || event.key === " ") && this.at) this.click(event.shiftKey);
    else return;
    if (event.key !== "Escape") event.preventDefault();
    if (way) event.stopPropagation();
  }

  move(way) {
    const points = pointsOf(this.plot);
    if (!points.length) return;
    this.at = this.at ? neighbour(points, this.at, way) : firstOf(points);
    this.send("pointermove", "mousemove");
    setTimeout(() => {
      const labels = [...this.plot.querySelectorAll(".hoverlayer text")];
      this.told.textContent = labels.map((label) => label.textContent).join(" ");
    }, TOLD_AFTER_MILLISECONDS);
  }

  click(shiftKey) {
    this.send("pointerdown", "mousedown", { shiftKey });
    this.send("pointerup", "mouseup", { shiftKey });
  }

  leave() {
    if (this.at) this.send("pointerleave", "mouseout");
    this.at = null;
  }

  send(pointer, mouse, more = {}) {
    const { x, y, plane } = this.at;
    const target = this.plot.querySelector(`.nsewdrag[data-subplot="${plane}"]`) ?? this.plot;
    const { left, top } = this.plot.querySelector(".main-svg").getBoundingClientRect();
    const where = {
      clientX: left + x, clientY: top + y, bubbles: true, cancelable: true, composed: true,
      button: 0, buttons: mouse === "mousedown" ? 1 : 0, view: window, ...more,
    };
    const kinds = { pointerType: "mouse", isPrimary: true, ...where };
    (pointer === "pointerleave" ? this.plot : target).dispatchEvent(new PointerEvent(pointer, kinds));
    const cover = mouse === "mouseup" ? document.querySelector(".dragcover") : null;
    (cover ?? target).dispatchEvent(new MouseEvent(mouse, where));
  }
}

function keyOf(chart) {
  return chart.closest("[class*='st-key-']")?.className.match(/st-key-\S+/)[0];
}

/* Every Plotly figure of the page hears keys, whenever it comes. */
class PageKeys {
  constructor() {
    this.told = document.createElement("div");
    this.told.setAttribute("role", "status");
    this.told.className = "figure-told";
    document.body.append(this.told);
    this.last = ""; // key of the figure that had the focus
    this.waiting = 0;
    new MutationObserver(() => { this.waiting ||= setTimeout(() => this.listen(), SETTLED_MILLISECONDS); })
      .observe(document.querySelector(".stApp"), { childList: true, subtree: true });
    document.addEventListener("focusin", ({ target }) => {
      this.last = target.matches?.(".stPlotlyChart") ? keyOf(target) : "";
    });
    document.addEventListener("pointerdown", ({ isTrusted }) => {
      if (isTrusted) this.last = ""; // a person goes elsewhere, or the focus tells where
    }, true);
    this.listen();
  }

  listen() {
    this.waiting = 0;
    for (const chart of document.querySelectorAll(".stPlotlyChart:not([tabindex]):has(.main-svg)")) {
      new FigureKeys(chart, this.told);
    }
    if (!this.last || document.activeElement !== document.body) return;
    // drawn anew after a click: the one that had the focus stays beside the new one for a while
    const anew = [...document.querySelectorAll(".stPlotlyChart[tabindex]")].find((chart) => keyOf(chart) === this.last);
    anew?.focus({ preventScroll: true });
  }
}
