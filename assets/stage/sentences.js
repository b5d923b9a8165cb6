/* The state in words. */

const ALONE = { lang: "language", vision: "vision" }; // families outside of the cross-modality encoder
const NAMED = 4; // tokens that a sentence names

function shortStage(family) {
  return ALONE[family] ?? "cross";
}

function nameOf(token) {
  return `${token.kind} “${token.label}”`;
}

function layersOf(selection) {
  const { layer, since } = selection;
  return since < layer ? `layers ${since + 1} to ${layer + 1}` : `layer ${layer + 1}`;
}

function headsOf(selection, map) {
  const heads = map.family.shape[1];
  const { combine, head, chosen } = selection;
  if (combine === "one") return `head ${head + 1}`;
  if (combine === "rollout") return "rollout of all layers up to here";
  if (combine === "chosen") {
    const named = chosen.map(([l, h]) => `${l + 1}.${h + 1}`).join(", ");
    return chosen.length ? `mean over the chosen heads ${named}` : "no head chosen";
  }
  const name = combine === "max" ? "largest" : "mean";
  const all = heads * (selection.layer - selection.since + 1);
  const which = map.slots.length === all ? `${all}` : `${map.slots.length} of ${all}`;
  return `${name} over ${which} heads`;
}

/* "cross layer 4, head 7" */
function placeOf(selection, map) {
  const stage = shortStage(selection.family);
  if (selection.combine === "chosen") return `${stage} layers, ${headsOf(selection, map)}`;
  return `${stage} ${layersOf(selection)}, ${headsOf(selection, map)}`;
}

function titleOf(selection, map) {
  const of = selection.combine === "chosen" ? "" : ` of ${map.family.shape[0]}`;
  const [where, ...heads] = placeOf(selection, map).split(", ");
  const title = `${map.family.title}, ${where}${of}, ${heads.join(", ")}`;
  return `${title}${selection.measure === "carried" && selection.combine !== "rollout" ? ", weight × value norm" : ""}`
    + `${map.signed ? ", difference" : ""}`;
}

/* A number of a map; those of differences carry their sign. Less than 1 never looks like 1. */
function amountOf(map, weight, digits = 2) {
  const amount = unit(weight, digits);
  if (Number(amount) === 0) return unit(0, digits);
  if (Number(amount) === 1 && weight < 1 && !map.signed) return unit(Math.min(weight, 0.999), 3);
  return map.signed && weight > 0 ? `+${amount}` : amount;
}

/* The same in a sentence. */
function told(map, weight, digits = 2) {
  return map.signed ? amountOf(map, weight, digits) : shareInWords(weight, digits);
}

/* What the numbers at words and regions are, for a figure that stands alone. locked: tokens. */
function numbersSentence(map, locked) {
  const { queries, keys } = map.family;
  const named = (tokens) => locked.filter((token) => placeIn(tokens, token) >= 0)
    .map((token) => nameOf(tokens[placeIn(tokens, token)])).join(" or ");
  const [reading, read] = [named(map.rows), named(map.columns)];
  const told = [];
  if (reading) told.push(`at each ${keys}: how much ${reading} reads it`);
  if (read && !(reading && queries === keys)) told.push(`at each ${queries}: how much it reads ${read}`);
  if (!told.length) told.push(`at each ${keys}: how much it is read on average`, `lines: the ${LINKS_AT_REST} largest weights`);
  return `Numbers ${told.join("; ")}.`;
}

/* One lock or one thing pointed at: who reads whom, and the largest weights. */
function sentenceOf(active, selection, map) {
  const place = placeOf(selection, map);
  if (active.query) {
    const row = placeIn(map.rows, active.query);
    const column = placeIn(map.columns, active.key);
    if (row < 0 || column < 0) return "this pair is not in this map";
    const weight = map.weights[row * map.columns.length + column];
    const [query, key] = [nameOf(map.rows[row]), nameOf(map.columns[column])];
    return `${query} reads ${key}, ${place}: ${told(map, weight, 3)}`;
  }
  const role = roleOf(map, active);
  if (!role) return `this ${active.kind} is not in this map`;
  if (role.side === "query") {
    const found = strongest(map, map.columns, (c) => weightAt(map, role.row, c));
    return `${nameOf(map.rows[role.row])} reads ${map.family.keys}s, ${place}: ${found}`;
  }
  const found = strongest(map, map.rows, (r) => weightAt(map, r, role.column));
  const verb = `is read by ${map.family.queries}s`;
  return `${nameOf(map.columns[role.column])} ${verb}, ${place}: ${found}`;
}

function strongest(map, tokens, weightOf) {
  const ranked = tokens.map((token, i) => ({ token, weight: weightOf(i) }));
  ranked.sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight));
  const named = ranked.slice(0, NAMED).filter(({ weight }) => weight !== 0);
  if (!named.length) return "nothing above the threshold";
  return named.map(({ token, weight }) => `${token.label} ${told(map, weight)}`).join(", ");
}

/* pair: of pairOver, or null. */
function headSentence(trace, selection, pair, place) {
  const { family, layer, head } = place;
  const where = `${trace.families[family].title}, ${shortStage(family)} layer ${layer + 1}, head ${head + 1}`;
  if (pair) return pairSentence(pair, place, where);
  const measured = trace.measured(selection.statistic, family, layer, head);
  const { title } = trace.statistic(selection.statistic);
  if (!measured) return `${where}: ${title.toLowerCase()} is not defined here`;
  const { value, unit: of } = measured;
  const amount = of ? `${unit(value)} ${of}` : shareInWords(value);
  return `${where}: ${title.toLowerCase()} ${amount}`;
}

function pairSentence(pair, place, where) {
  const weight = pair.weights.get(headKey(place));
  if (weight === undefined) return `${where}: it has no such pair`;
  return `${where}: ${pair.query.label} reads ${pair.key.label} ${shareInWords(weight, 3)}`;
}

function emptySentence(trace, map) {
  if (!map.rows.length || !map.columns.length) {
    return trace.names.length
      ? "Nothing is left of this map: show [CLS] and [SEP] again."
      : "There is no region here. Choose “Words read words”.";
  }
  return "";
}
