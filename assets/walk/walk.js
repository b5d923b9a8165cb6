/* Seven stations, one at a time: arrow keys, a row of steps, full screen. */

const STATION_KEY = "station"; // of the page's address
const WALKS = new WeakMap(); // place: what stops the walk that stands there

class Walk {
  /* pages: title of a page that advice may name, and its address. */
  constructor(root, data, pages) {
    this.root = root;
    this.data = data;
    this.pages = pages;
    this.ending = new AbortController();
    const asked = Number(new URLSearchParams(location.search).get(STATION_KEY));
    this.at = Math.min(Math.max(asked || 1, 1), data.stations.length) - 1;
    this.build();
    const { signal } = this.ending;
    document.addEventListener("keydown", (event) => this.keyed(event), { signal });
    document.addEventListener("fullscreenchange", () => this.drawScreen(), { signal });
    this.draw();
  }

  build() {
    const { data } = this;
    this.steps = data.stations.map(({ title }, i) => element("button", {
      type: "button", class: "walk-step", "aria-label": `${i + 1}. ${title}`, click: () => this.go(i),
    }, element("span", { class: "walk-number" }, i + 1), element("span", {}, title)));
    this.words = data.pieces.map((piece) => element("span", { class: "walk-word" }, piece));
    const percent = (share) => `${share * 100}%`;
    this.boxes = data.boxes.map(([left, top, right, bottom], i) => element("span", {
      class: "walk-box", title: data.names[i],
      style: `left:${percent(left)};top:${percent(top)};width:${percent(right - left)};height:${percent(bottom - top)}`,
    }, element("span", {}, i + 1)));
    this.title = element("h3", {});
    this.sentence = element("p", { class: "walk-sentence" });
    this.facts = element("dl", { class: "walk-facts" });
    this.barsTitle = element("p", { class: "walk-quiet" });
    this.bars = element("div", { class: "walk-bars" });
    this.advice = element("p", { class: "walk-advice" });
    this.back = element("button", { type: "button", class: "walk-button", click: () => this.go(this.at - 1) }, "‹ Back");
    this.next = element("button", { type: "button", class: "walk-button primary", click: () => this.go(this.at + 1) }, "Next ›");
    this.screen = element("button", { type: "button", class: "walk-button", click: () => this.toggleScreen() });
    const savingPlace = element("span", { class: "saving" });
    this.saving = new FigureSaving(savingPlace, this.root, { kind: "walk", file: "lxmert-walk" });
    const [width, height] = data.size_px;
    const picture = element("div", { class: "walk-picture", style: `aspect-ratio:${width}/${height}` },
      element("img", { src: data.picture, alt: `The picture with ${data.boxes.length} regions` }), ...this.boxes);
    this.root.replaceChildren(
      element("nav", { class: "walk-steps", "aria-label": "Stations" }, ...this.steps),
      element("div", { class: "walk-body" },
        element("div", { class: "walk-seen" }, element("div", { class: "walk-words" }, ...this.words), picture),
        element("div", { class: "walk-told", "aria-live": "polite" }, this.title, this.sentence, this.facts,
          this.barsTitle, this.bars, this.advice)),
      element("div", { class: "walk-controls" }, this.back, this.next,
        element("span", { class: "walk-quiet walk-keys" }, "Arrow keys move, F shows the full screen"),
        savingPlace, this.screen),
    );
  }

  go(station) {
    if (station < 0 || station >= this.data.stations.length) return;
    this.at = station;
    const address = new URL(location.href);
    address.searchParams.set(STATION_KEY, station + 1);
    history.replaceState(history.state, "", address);
    this.draw();
  }

  keyed(event) {
    if (event.target.closest?.("input, textarea, select, [role=combobox], [role=slider], [role=radio], [role=grid]")) return;
    if (event.ctrlKey || event.metaKey || event.altKey || !this.root.isConnected) return;
    const last = this.data.stations.length - 1;
    const to = { ArrowRight: this.at + 1, ArrowLeft: this.at - 1, Home: 0, End: last }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      this.go(to);
    } else if (event.key === "f") {
      this.toggleScreen();
    }
  }

  toggleScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.root.requestFullscreen();
  }

  draw() {
    const station = this.data.stations[this.at];
    this.steps.forEach((step, i) => {
      if (i === this.at) step.setAttribute("aria-current", "step");
      else step.removeAttribute("aria-current");
    });
    write(this.title, `${this.at + 1}. ${station.title}`);
    write(this.sentence, station.sentence);
    this.facts.replaceChildren(...station.facts.flatMap(([name, value]) =>
      [element("dt", {}, name), element("dd", {}, value)]));
    write(this.barsTitle, station.bars.length ? station.bars_title : "");
    this.bars.replaceChildren(...station.bars.map(({ label, share, text }) => element("div", { class: "walk-bar" },
      element("span", { class: "walk-label" }, label),
      element("span", { class: "walk-track" }, element("span", { style: `width:${share * 100}%` })),
      element("span", { class: "walk-amount" }, text))));
    this.advice.replaceChildren("Try: ", ...this.linked(station.advice));
    this.light(this.words, station.words);
    this.light(this.boxes, station.regions);
    Object.assign(this.saving.data, this.file(station));
    this.leave(this.back, this.at === 0, this.next);
    this.leave(this.next, this.at === this.data.stations.length - 1, this.back);
    this.drawScreen();
  }

  /* Advice with the page that it names as a link, which keeps what was chosen. */
  linked(advice) {
    const title = Object.keys(this.pages).find((name) => advice.includes(name));
    if (!title) return [advice];
    const [before, after] = advice.split(title);
    return [before, element("a", { href: `${this.pages[title]}${location.search}` }, title), after];
  }

  /* A station as a file. */
  file({ title, bars, bars_title, words, regions }) {
    const { text, model, pieces, names } = this.data;
    const rows = [
      ...words.map((share, i) => ["word, as lit", pieces[i], share]),
      ...regions.map((share, i) => ["region, as lit", names[i], share]),
      ...bars.map(({ label, share }) => [bars_title, label, share]),
    ];
    const quoted = (cell) => `"${String(cell).replaceAll('"', '""')}"`;
    return {
      file: `lxmert-walk-${this.at + 1}`,
      caption: [
        `Station ${this.at + 1} of ${this.data.stations.length}, ${title}. Orange: what this station is about, up to its largest value.`,
        `Model ${model}. “${text}”`,
      ],
      numbers: [["station", "what", "which", "value"], ...rows.map((row) => [title, ...row])]
        .map((row) => `${row.map(quoted).join(",")}\n`).join(""),
    };
  }

  /* A button that can do no more hands the keyboard to the other one. */
  leave(button, isAtEnd, other) {
    const hadFocus = button.getRootNode().activeElement === button;
    button.disabled = isAtEnd;
    if (isAtEnd && hadFocus) {
      other.disabled = false;
      other.focus();
    }
  }

  light(parts, shares) {
    parts.forEach((part, i) => {
      part.style.setProperty("--share", shares.length ? shares[i].toFixed(3) : 0);
      part.classList.toggle("off", !shares.length);
    });
  }

  drawScreen() {
    write(this.screen, document.fullscreenElement ? "Leave full screen" : "Full screen");
  }
}

function mountWalk(parent, { walk: text, pages }) {
  const place = parent.querySelector(".walk");
  WALKS.get(place)?.();
  const walk = new Walk(place, JSON.parse(text), pages);
  const stop = () => walk.ending.abort();
  WALKS.set(place, stop);
  return stop;
}
