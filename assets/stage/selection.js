/* What a person chose, and the same as keys of the page's address.

   Numbers of layers and heads begin at 0 here and at 1 in the address. A lock is a token
   ({ kind, place }) or a pair of them ({ query, key }). */

const COMBINE = ["one", "mean", "max", "chosen", "rollout"];
const TOPS = [0, 1, 3, 5, 10]; // 0: all keys
const BINS = 5;
const ADDRESS_KEYS = [
  "map", "heads", "since", "statistic", "bins", "words", "special", "top", "over", "scale",
  "view", "measure", "against", "locks", "colour",
];

function firstSelection(trace) {
  const name = trace.names.length ? "lang_from_vision" : "lang";
  const layers = trace.families[name].shape[0];
  return {
    family: name,
    layer: layers - 1,
    since: layers - 1, // the first layer of the range that ends in `layer`
    head: 0,
    combine: "mean",
    chosen: [], // [layer, head] of the family
    statistic: trace.statistics[0].name,
    bins: Array(BINS).fill(true), // heads outside of the bins do not count
    merged: false,
    hideSpecial: false,
    top: 0,
    over: 0,
    scale: "map", // of MAP_SCALES
    table: false,
    measure: "weights", // or "carried": times the length of the value
    difference: false, // from the other trace, where there is one
    locks: [],
    byPair: true, // heads are coloured by the locked pair, where there is one
  };
}

/* Another trace may have fewer layers, heads, words or regions. */
function fitted(selection, trace) {
  const known = Object.hasOwn(trace.families, selection.family) ? selection.family : "lang";
  const [layers, heads] = trace.families[known].shape;
  const layer = within(selection.layer, layers);
  return {
    ...selection,
    family: known,
    layer,
    since: Math.min(within(selection.since, layers), layer),
    head: within(selection.head, heads),
    scale: Object.hasOwn(MAP_SCALES, selection.scale) ? selection.scale : "map",
    measure: trace.hasNorms() ? selection.measure : "weights",
    chosen: selection.chosen.filter(([l, h]) => l < layers && h < heads),
    statistic: trace.statistic(selection.statistic)?.name ?? trace.statistics[0].name,
    locks: selection.locks.filter((lock) => partsOf(lock).every((part) => exists(part, trace))),
  };
}

function within(number, count) {
  return Math.min(Math.max(number, 0), count - 1);
}

function exists({ kind, place }, trace) {
  return place < (kind === "word" ? trace.pieces : trace.names).length;
}

function partsOf(lock) {
  return lock.query ? [lock.query, lock.key] : [lock];
}

function sameToken(one, other) {
  return one.kind === other.kind && one.place === other.place;
}

function sameLock(one, other) {
  const [ones, others] = [partsOf(one), partsOf(other)];
  return ones.length === others.length && ones.every((part, i) => sameToken(part, others[i]));
}

function addressOf(selection, trace) {
  const first = firstSelection(trace);
  const short = (token) => `${token.kind[0]}${token.place + 1}`;
  const heads = {
    one: String(selection.head + 1),
    chosen: selection.chosen.map(([l, h]) => `${l + 1}.${h + 1}`).join("_") || "none",
  };
  const locks = selection.locks.map((lock) => partsOf(lock).map(short).join("-")).join("_");
  return {
    map: `${selection.family}.${selection.layer + 1}`,
    heads: heads[selection.combine] ?? selection.combine,
    since: selection.since < selection.layer ? String(selection.since + 1) : null,
    statistic: selection.statistic === first.statistic ? null : selection.statistic,
    bins: selection.bins.every(Boolean) ? null : selection.bins.map(Number).join(""),
    words: selection.merged ? "whole" : null,
    special: selection.hideSpecial ? "hidden" : null,
    top: selection.top ? String(selection.top) : null,
    over: selection.over ? String(selection.over) : null,
    scale: selection.scale === first.scale ? null : selection.scale,
    view: selection.table ? "table" : null,
    measure: selection.measure === "carried" ? "carried" : null,
    against: selection.difference ? "other" : null,
    locks: locks || null,
    colour: selection.byPair ? null : "statistic",
  };
}

/* What the address says, and the first choice for everything that it does not. */
function selectionFrom(address, trace) {
  const selection = firstSelection(trace);
  const map = /^(\w+)\.(\d+)$/.exec(address.get("map") ?? "");
  if (map && Object.hasOwn(trace.families, map[1])) {
    selection.family = map[1];
    selection.layer = Number(map[2]) - 1;
    selection.since = selection.layer;
  }
  if (/^\d+$/.test(address.get("since"))) selection.since = Number(address.get("since")) - 1;
  readHeads(address.get("heads") ?? "mean", selection);
  selection.statistic = address.get("statistic") ?? selection.statistic;
  const bins = address.get("bins") ?? "";
  if (/^[01]{5}$/.test(bins)) selection.bins = [...bins].map((bin) => bin === "1");
  selection.merged = address.get("words") === "whole";
  selection.hideSpecial = address.get("special") === "hidden";
  selection.top = TOPS.find((top) => String(top) === address.get("top")) ?? 0;
  selection.over = Math.min(Math.max(Number(address.get("over")) || 0, 0), 1);
  selection.scale = address.get("scale") ?? selection.scale;
  selection.table = address.get("view") === "table";
  if (address.get("measure") === "carried") selection.measure = "carried";
  selection.difference = address.get("against") === "other";
  selection.byPair = address.get("colour") !== "statistic";
  selection.locks = readLocks(address.get("locks") ?? "");
  return fitted(selection, trace);
}

function readHeads(heads, selection) {
  if (/^\d+$/.test(heads)) {
    selection.combine = "one";
    selection.head = Number(heads) - 1;
  } else if (heads === "none" || /^\d+\.\d+(_\d+\.\d+)*$/.test(heads)) {
    selection.combine = "chosen";
    const pairs = heads === "none" ? [] : heads.split("_");
    selection.chosen = pairs.map((pair) => pair.split(".").map((number) => Number(number) - 1));
  } else if (["mean", "max", "rollout"].includes(heads)) {
    selection.combine = heads;
  }
}

function readLocks(locks) {
  if (!/^[wr]\d+(-[wr]\d+)?(_[wr]\d+(-[wr]\d+)?)*$/.test(locks)) return [];
  const kinds = { w: "word", r: "region" };
  return locks.split("_").map((lock) => {
    const parts = lock.split("-").map((p) => ({ kind: kinds[p[0]], place: Number(p.slice(1)) - 1 }));
    return parts.length > 1 ? { query: parts[0], key: parts[1] } : parts[0];
  }).filter((lock) => partsOf(lock).every((part) => part.place >= 0));
}
