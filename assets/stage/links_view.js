/* Lines from who reads to what is read, over words and picture. */

const WIDEST_LINK = 7;
const ARC = 0.32; // height of an arc over its width
const BEYOND = 0.3; // what is left of the strength of a line from a word out of sight
const HIGHEST_ARC = 22; // pixels: no higher than the room above the words

class LinksView {
  constructor(trace, words, picture) {
    this.trace = trace;
    this.words = words;
    this.picture = picture;
    this.svg = shape("svg", { class: "links", "aria-hidden": "true" });
    this.pairs = [];
    this.ends = null;
  }

  /* Places are read once after every change of layout, never while a pointer moves. */
  forget() {
    this.ends = null;
  }

  measured() {
    if (this.ends) return this.ends;
    const frame = this.svg.getBoundingClientRect();
    const from = ({ left, top, width, height }) =>
      ({ left: left - frame.left, top: top - frame.top, width, height });
    const row = from(this.words.root.getBoundingClientRect());
    const words = this.words.buttons.map((button) => held(from(button.getBoundingClientRect()), row));
    const picture = from(this.picture.root.getBoundingClientRect());
    const regions = this.trace.boxes.map(([left, top, right, bottom]) => ({
      x: picture.left + ((left + right) / 2) * picture.width,
      y: picture.top + ((top + bottom) / 2) * picture.height,
    }));
    this.ends = { words, regions };
    return this.ends;
  }

  draw(map, lit) {
    const ends = this.measured();
    lit.links.forEach((link, i) => {
      const [halo, line] = this.pair(i);
      const signed = litShare(map, link.weight);
      const share = Math.abs(signed);
      const width = (1 + share * (WIDEST_LINK - 1)).toFixed(2);
      const d = this.path(map.family, link, ends);
      for (const path of [halo, line]) {
        put(path, "d", d);
        put(path, "visibility", "visible");
      }
      put(line, "class", signed < 0 ? "link less" : "link");
      put(halo, "stroke-width", String(Number(width) + 2));
      put(line, "stroke-width", width);
      const opacity = lit.resting ? 0.25 + 0.45 * share : 0.4 + 0.6 * share;
      put(line, "stroke-opacity", (this.isBeyond(map.family, link, ends) ? BEYOND * opacity : opacity).toFixed(2));
    });
    for (const paths of this.pairs.slice(lit.links.length)) {
      for (const path of paths) put(path, "visibility", "hidden");
    }
  }

  isBeyond({ queries, keys }, { row, column }, { words }) {
    return (queries === "word" && words[row].beyond) || (keys === "word" && words[column].beyond);
  }

  pair(i) {
    if (!this.pairs[i]) {
      this.pairs[i] = [shape("path", { class: "halo" }), shape("path", { class: "link" })];
      this.svg.append(...this.pairs[i]);
    }
    return this.pairs[i];
  }

  path({ queries, keys }, { row, column }, { words, regions }) {
    if (queries === "word" && keys === "word") return this.arc(words[row], words[column]);
    if (queries === "region" && keys === "region") return this.bow(regions[row], regions[column]);
    const [word, region] = queries === "word"
      ? [words[row], regions[column]]
      : [words[column], regions[row]];
    const [x, y] = [word.left + word.width / 2, word.top + word.height];
    const bend = (region.y - y) * 0.45;
    return `M${x} ${y}C${x} ${y + bend} ${region.x} ${region.y - bend} ${region.x} ${region.y}`;
  }

  arc(one, other) {
    const [x1, x2] = [one, other].map(({ left, width }) => left + width / 2);
    if (one === other) { // a word that reads itself: a small loop
      return `M${x1 - 6} ${one.top}C${x1 - 10} ${one.top - 16} ${x1 + 10} ${one.top - 16} ${x1 + 6} ${one.top}`;
    }
    const rise = Math.min(Math.abs(x2 - x1) * ARC, HIGHEST_ARC) + 6;
    return `M${x1} ${one.top}C${x1} ${one.top - rise} ${x2} ${other.top - rise} ${x2} ${other.top}`;
  }

  bow(one, other) {
    if (one === other) {
      return `M${one.x - 5} ${one.y}C${one.x - 14} ${one.y - 22} ${one.x + 14} ${one.y - 22} ${one.x + 5} ${one.y}`;
    }
    const [x, y] = [(one.x + other.x) / 2, (one.y + other.y) / 2];
    return `M${one.x} ${one.y}Q${x + (other.y - one.y) * 0.15} ${y - (other.x - one.x) * 0.15} ${other.x} ${other.y}`;
  }
}

/* A word that is scrolled out of sight is where its row ends, and its line is pale. */
function held(word, row) {
  const left = Math.min(Math.max(word.left, row.left - word.width / 2), row.left + row.width - word.width / 2);
  return { ...word, left, beyond: left !== word.left };
}
