/* From what was chosen to the one map that is drawn, and what of it lights up. */

const LINKS_AT_REST = 8;
const LINKS_OF_ONE = 12;

/* The heads that the map is made of: [[layer, head]]. */
function slotsOf(selection, trace) {
  if (selection.combine === "chosen") return selection.chosen;
  const slots = [];
  for (let layer = selection.since; layer <= selection.layer; layer += 1) {
    if (selection.combine === "one") slots.push([layer, selection.head]);
    else slots.push(...headsShown(selection, trace, selection.family, layer));
  }
  return slots;
}

function headsShown(selection, trace, family, layer) {
  const heads = trace.families[family].shape[1];
  const slots = [];
  for (let head = 0; head < heads; head += 1) {
    if (passes(selection, trace, family, layer, head)) slots.push([layer, head]);
  }
  return slots;
}

/* A head that the statistic says nothing about is never filtered out. */
function passes(selection, trace, family, layer, head) {
  const measured = trace.measured(selection.statistic, family, layer, head);
  return measured === null || selection.bins[binOf(measured.share)];
}

function binOf(share) {
  return Math.min(Math.floor(share * BINS), BINS - 1);
}

function combined(trace, selection, slots, cut) {
  const own = combinedOf(trace.maps, selection, slots, cut);
  if (!differs(selection, trace)) return own;
  const other = combinedOf(trace.otherMaps, selection, slots, cut);
  return own.map((weight, i) => weight - other[i]);
}

function differs({ difference, family }, trace) {
  return difference && trace.hasOther(family);
}

/* cut: makes the map of the words that are shown of one of all pieces. The largest over heads is of
   the words: pieces of one word may have their largest weights in different heads. */
function combinedOf(maps, selection, slots, cut) {
  const { family, combine, layer, measure } = selection;
  if (combine === "rollout") return cut(maps.rolledOut(family, layer));
  const weightsOf = (slot) => maps[measure](family, ...slot);
  if (slots.length === 1) return cut(weightsOf(slots[0]));
  const [, , queries, keys] = maps.families[family].shape;
  const sum = new Float32Array(queries * keys);
  if (combine === "max") return largestOfEach(slots.map((slot) => cut(weightsOf(slot))), cut(sum));
  for (const slot of slots) {
    const weights = weightsOf(slot);
    for (let i = 0; i < sum.length; i += 1) sum[i] += weights[i];
  }
  if (slots.length) for (let i = 0; i < sum.length; i += 1) sum[i] /= slots.length;
  return cut(sum);
}

function largestOfEach(all, largest) {
  for (const weights of all) {
    largest.forEach((old, i) => { if (weights[i] > old) largest[i] = weights[i]; });
  }
  return largest;
}

/* The tokens of one side of a map: [{ kind, place, places, label }]; `place` is the first. */
function tokensOf(kind, trace, selection) {
  if (kind === "region") {
    return trace.names.map((label, place) => ({ kind, place, places: [place], label, number: trace.numbers[place] }));
  }
  const words = selection.merged
    ? trace.wholeWords
    : trace.pieces.map((label, place) => ({ label, pieces: [place] }));
  return words
    .filter(({ pieces }) => !(selection.hideSpecial && trace.special[pieces[0]]))
    .map(({ label, pieces }) => ({ kind, place: pieces[0], places: pieces, label }));
}

/* The map as it is drawn; in a signed one, a difference, weights are below 0 too. */
function drawnMap(trace, selection) {
  const family = trace.families[selection.family];
  const slots = selection.combine === "rollout" ? [] : slotsOf(selection, trace);
  const rows = tokensOf(family.queries, trace, selection);
  const columns = tokensOf(family.keys, trace, selection);
  const weights = combined(trace, selection, slots, (map) => cutTo(map, rows, columns, family.shape[3]));
  const kept = keptCells(weights, rows.length, columns.length, selection);
  const signed = differs(selection, trace);
  const map = { family, slots, rows, columns, weights, kept, signed, against: trace.other?.name, ...extremes(weights) };
  map.scale = scaleOf(selection, map, [], wholeTop(trace, selection));
  return map;
}

/* even: what every weight would be if all were alike, which is their mean. */
function extremes(weights) {
  if (!weights.length) return { largest: 0, smallest: 0, even: 0 };
  let [smallest, sum] = [Infinity, 0];
  for (const weight of weights) {
    if (weight < smallest) smallest = weight;
    sum += weight;
  }
  return { largest: largestOf(weights), smallest, even: sum / weights.length };
}

/* Looking at a word is looking at any of its pieces, so columns of one word are summed; what a word
   looks at is the mean over its pieces. */
function cutTo(map, rows, columns, width) {
  const weights = new Float32Array(rows.length * columns.length);
  rows.forEach((row, r) => {
    columns.forEach((column, c) => {
      let sum = 0;
      for (const q of row.places) for (const k of column.places) sum += map[q * width + k];
      weights[r * columns.length + c] = sum / row.places.length;
    });
  });
  return weights;
}

/* Where colours end that are the same for all maps, those of a trace to be compared with too. */
function wholeTop({ maps, otherMaps }, { measure, combine }) {
  if (measure !== "carried" || combine === "rollout") return 1;
  return Math.max(maps.mostCarried(), otherMaps ? otherMaps.mostCarried() : 0);
}

function keptCells(weights, rows, columns, { top, over }) {
  const kept = new Uint8Array(weights.length).fill(1);
  for (let r = 0; r < rows; r += 1) {
    const row = weights.subarray(r * columns, (r + 1) * columns);
    const sizes = row.map(Math.abs);
    const limit = top && top < columns ? [...sizes].sort((a, b) => b - a)[top - 1] : -1;
    let left = top || columns; // of equal weights the first are kept
    sizes.forEach((size, c) => {
      const stays = size >= over && size >= limit && left > 0;
      if (stays) left -= 1;
      kept[r * columns + c] = Number(stays);
    });
  }
  return kept;
}

function weightAt(map, r, c) {
  const cell = r * map.columns.length + c;
  return map.kept[cell] ? map.weights[cell] : 0;
}

function placeIn(tokens, { kind, place }) {
  return tokens.findIndex((token) => token.kind === kind && token.places.includes(place));
}

/* Where a token stands in the map: as the one that reads, or else as the one that is read. */
function roleOf(map, token) {
  const row = placeIn(map.rows, token);
  if (row >= 0) return { side: "query", row };
  const column = placeIn(map.columns, token);
  return column >= 0 ? { side: "key", column } : null;
}

/* What lights up for the active locks or for what is pointed at; for nothing, what the map reads
   on average and its strongest links.

   rows and columns: a weight for each token, or null for a side that stays dark. */
function litBy(map, actives) {
  const lit = {
    rows: null,
    columns: null,
    links: [],
    framedRows: new Set(),
    framedColumns: new Set(),
    resting: actives.length === 0,
  };
  if (lit.resting) return restingLight(map, lit);
  for (const active of actives) {
    if (active.query) lightPair(map, lit, active);
    else lightToken(map, lit, active);
  }
  return lit;
}

function restingLight(map, lit) {
  lit.columns = map.columns.map((_, c) => {
    const sum = map.rows.reduce((total, _row, r) => total + weightAt(map, r, c), 0);
    return map.rows.length ? sum / map.rows.length : 0;
  });
  const cells = [...map.weights.keys()].filter((cell) => map.kept[cell] && map.weights[cell] !== 0);
  cells.sort((a, b) => Math.abs(map.weights[b]) - Math.abs(map.weights[a]));
  lit.links = cells.slice(0, LINKS_AT_REST).map((cell) => linkAt(map, cell));
  return lit;
}

function linkAt(map, cell) {
  const r = Math.floor(cell / map.columns.length);
  const c = cell % map.columns.length;
  return { row: r, column: c, weight: map.weights[cell] };
}

function lightToken(map, lit, token) {
  const role = roleOf(map, token);
  if (!role) return;
  const { side, row, column } = role;
  const others = side === "query" ? map.columns : map.rows;
  const links = others.map((_, i) => {
    const [r, c] = side === "query" ? [row, i] : [i, column];
    return { row: r, column: c, weight: weightAt(map, r, c) };
  });
  const lights = side === "query" ? "columns" : "rows";
  lit[lights] ??= new Array(others.length).fill(0);
  links.forEach(({ weight }, i) => { lit[lights][i] = stronger(lit[lights][i], weight); });
  lit[side === "query" ? "framedRows" : "framedColumns"].add(side === "query" ? row : column);
  links.sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight));
  lit.links.push(...links.slice(0, LINKS_OF_ONE).filter((link) => link.weight !== 0));
}

function stronger(one, other) {
  return Math.abs(one) > Math.abs(other) ? one : other;
}

function lightPair(map, lit, { query, key }) {
  const row = placeIn(map.rows, query);
  const column = placeIn(map.columns, key);
  if (row < 0 || column < 0) return;
  lit.columns ??= new Array(map.columns.length).fill(0);
  lit.columns[column] = stronger(lit.columns[column], weightAt(map, row, column));
  lit.framedRows.add(row);
  lit.framedColumns.add(column);
  lit.links.push({ row, column, weight: weightAt(map, row, column) });
}
