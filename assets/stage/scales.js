/* From a weight to its colour: where colours begin, where they end, and what the legend says of it. */

const MAP_SCALES = {
  map: "From 0 to the map's largest",
  model: "From 0 to 1, as for all maps",
  smallest: "From the map's smallest to its largest",
  even: "Against an even spread",
};

/* own: the map to be drawn; others: maps that are drawn beside it, with the same scale where they
   are the same kind of number. whole: where colours end that are the same for all maps.

   base has the page's own colour, and what is `span` away from it the strongest. */
function scaleOf({ scale }, own, others, whole) {
  const maps = [own, ...others.filter(({ signed }) => signed === own.signed)];
  const farthest = (of) => Math.max(...maps.map(of)) || 1;
  const largest = farthest((map) => map.largest);
  if (scale === "model" || maps.every((map) => map.largest === 0)) return { kind: "model", base: 0, span: whole };
  if (scale === "smallest" && !own.signed) {
    const base = Math.min(...maps.map((map) => map.smallest));
    return { kind: scale, base, span: largest - base || 1 };
  }
  if (scale === "even" && !own.signed) {
    return { kind: scale, base: own.even, span: farthest((map) => Math.max(map.largest - map.even, map.even - map.smallest)) };
  }
  return { kind: "map", base: 0, span: largest };
}

/* -1..1; below 0 only in differences and against an even spread. */
function shareOf({ scale: { kind, base, span } }, weight) {
  const share = Math.min(Math.max((weight - base) / span, -1), 1);
  return kind === "smallest" ? Math.max(share, 0) : share;
}

/* The same where a weight of 0 is one that is not shown. */
function litShare(map, weight) {
  return weight === 0 ? 0 : shareOf(map, weight);
}

function isTwoSided(map) {
  return map.signed || map.scale.kind === "even";
}

/* What stands at the ends of the ramp. */
function endsOf(map) {
  const { kind, base, span } = map.scale;
  const end = kind === "model" ? endOf(span) : unit(base + span, 3);
  if (isTwoSided(map)) return ["−", "+"].map((sign) => `${sign}${unit(span, 3)}`);
  return [base ? unit(base, 3) : "0", end];
}

function endOf(top) {
  return top === 1 ? "1" : unit(top, 3);
}

function scaleSentence(map) {
  const { kind, base, span } = map.scale;
  const most = unit(map.largest, 3);
  const end = unit(base + span, 3);
  if (map.signed) {
    return `Orange is more than in “${map.against}”, purple is less. Colours end at ±${end}; the largest difference is ${most}.`;
  }
  if (kind === "model") return `Colours from 0 to ${endOf(span)}, the same for every map; the largest weight here is ${most}.`;
  if (kind === "even") {
    return `Without colour: ${unit(base, 3)}, an even spread. Orange is more, purple is less; `
      + `colours end ${unit(span, 3)} away from it. Small differences look large.`;
  }
  if (kind === "smallest") {
    return `Colours begin at ${unit(base, 3)}, not at 0, and end at ${end}. Small differences look large.`;
  }
  return span > map.largest
    ? `Colours are stretched to both maps: they end at ${end}; the largest weight here is ${most}.`
    : `Colours are stretched to this map: they end at ${most}, its largest weight.`;
}
