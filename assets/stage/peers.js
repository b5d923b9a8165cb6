/* Stages that stand on one page: they move together, and their colours have one scale. */

const STAGES = "lxmertStages"; // on the document, because each stage may run a script of its own

class Peers {
  constructor(stage) {
    this.stage = stage;
    document[STAGES] ??= new Set();
    document[STAGES].add(stage);
  }

  others() {
    return [...document[STAGES]].filter((stage) => stage !== this.stage && stage.root.isConnected);
  }

  tell(selection) {
    for (const other of this.others()) other.follow(selection, this.stage.trace);
  }

  /* One scale for the maps that all stages draw. */
  scale(selection, map) {
    const others = this.others().map(({ trace }) => drawnMap(trace, fitted(selection, trace)));
    const whole = [this.stage, ...this.others()].map(({ trace }) => wholeTop(trace, selection));
    return scaleOf(selection, map, others, Math.max(...whole));
  }

  redraw() {
    for (const other of this.others()) other.draw();
  }

  leave() {
    document[STAGES].delete(this.stage);
    this.redraw(); // with their own scale again
  }
}

/* The same word or region in another trace, null where it has none: words by their place and
   spelling, regions by number and name. */
function counterpart({ kind, place }, trace, other) {
  const found = kind === "word"
    ? (other.pieces[place] === trace.pieces[place] ? place : -1)
    : other.names.indexOf(trace.names[place]);
  return found < 0 ? null : { kind, place: found };
}

function counterpartOfLock(lock, trace, other) {
  const parts = partsOf(lock).map((part) => counterpart(part, trace, other));
  if (parts.includes(null)) return null;
  return lock.query ? { query: parts[0], key: parts[1] } : parts[0];
}
