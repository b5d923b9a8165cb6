/* Boxes in hand: which one is chosen, what each change makes of them, and the way back. */

class Draft {
  /* seen: called when anything is another. */
  constructor({ boxes, detected, most }, seen) {
    this.begun = JSON.stringify(boxes);
    this.boxes = boxes.map((box) => ({ ...box }));
    this.detected = detected;
    this.most = most;
    this.seen = seen;
    this.past = [];
    this.chosen = null;
  }

  get isChanged() {
    return JSON.stringify(this.boxes) !== this.begun;
  }

  get isFull() {
    return this.boxes.length >= this.most;
  }

  /* place: null for none. */
  choose(place) {
    this.chosen = place;
    this.seen();
  }

  change(boxes, chosen) {
    this.past.push(this.boxes);
    this.boxes = boxes;
    this.choose(chosen);
  }

  undo() {
    if (!this.past.length) return;
    this.boxes = this.past.pop();
    this.choose(null);
  }

  add(box) {
    if (!this.isFull) this.change([...this.boxes, { box, name: "", detected: -1 }], this.boxes.length);
  }

  replace(boxes) {
    this.change(boxes.map((box) => ({ box, name: "", detected: -1 })), null);
  }

  reset() {
    this.change(this.detected.map((box) => ({ ...box })), null);
  }

  remove() {
    if (this.chosen !== null) this.change(this.boxes.filter((_, place) => place !== this.chosen), null);
  }

  rename(name) {
    if (this.chosen !== null) this.edit(this.chosen, { name: name.trim() });
  }

  edit(place, changes) {
    this.change(this.boxes.map((box, p) => (p === place ? { ...box, ...changes } : box)), place);
  }

  /* Elsewhere. A detected name belongs to the old place; a name that a person gave stays. */
  put(place, box) {
    const { name, detected } = this.boxes[place];
    const isDetected = detected >= 0 && name === this.detected[detected].name;
    this.edit(place, { box, detected: -1, name: isDetected ? "" : name });
  }

  /* One side of the chosen box as a number; it stays within the picture. */
  measure(side, share) {
    const [left, top, right, bottom] = this.boxes[this.chosen].box;
    const [size, at] = side < 2 ? [[right - left, bottom - top][side], share] : [share, [left, top][side - 2]];
    const most = side < 2 ? 1 - size : 1 - at;
    const kept = Math.min(Math.max(share, side < 2 ? 0 : SMALLEST), most);
    this.put(this.chosen, [
      [kept, top, kept + size, bottom], [left, kept, right, kept + size],
      [left, top, left + kept, bottom], [left, top, right, top + kept],
    ][side]);
  }

  /* What is sent. */
  text() {
    return JSON.stringify(this.boxes.map(({ box, name, detected }) => ({ box, name, detected })));
  }
}
