/* One pair of words or regions over all heads: how much of the one that reads goes to the other. */

const BEST = 5; // heads that are listed

/* The pair of the last locks, { query, key }: a locked pair, or two locked tokens, of which the
   earlier reads the later. null where there is none, or heads are coloured otherwise. */
function pairOf({ locks, byPair }) {
  if (!byPair || !locks.length) return null;
  if (locks.at(-1).query) return locks.at(-1);
  const [query, key] = locks.filter((lock) => !lock.query).slice(-2);
  return key ? { query, key } : null;
}

/* The locks with that pair the other way round. */
function turned(locks) {
  const last = locks.at(-1);
  if (last.query) return [...locks.slice(0, -1), { query: last.key, key: last.query }];
  const [query, key] = locks.filter((lock) => !lock.query).slice(-2);
  return [...locks.filter((lock) => lock !== query && lock !== key), key, query];
}

/* That pair in every family of maps that has it: its two tokens, a weight for each head, and the
   heads with the largest. */
function pairOver(trace, selection) {
  const pair = pairOf(selection);
  if (!pair) return null;
  const [query, key] = [pair.query, pair.key].map((token) => tokensOf(token.kind, trace, selection)
    .find(({ places }) => places.includes(token.place)));
  if (!query || !key) return null; // [CLS] and [SEP] may be hidden
  const families = Object.keys(trace.families).filter((name) =>
    trace.families[name].queries === query.kind && trace.families[name].keys === key.kind);
  const found = families.flatMap((family) => headsOfFamily(trace, family))
    .map((place) => ({ ...place, weight: weightOfPair(trace, selection, place, query, key) }));
  const best = [...found].sort((a, b) => b.weight - a.weight).slice(0, BEST);
  const weights = new Map(found.map((each) => [headKey(each), each.weight]));
  return { query, key, families, best, weights, top: best[0]?.weight || 1 };
}

function headsOfFamily(trace, family) {
  const [layers, heads] = trace.families[family].shape;
  return Array.from({ length: layers * heads }, (_, i) => ({ family, layer: Math.floor(i / heads), head: i % heads }));
}

function headKey({ family, layer, head }) {
  return `${family} ${layer} ${head}`;
}

/* As a map is cut to whole words: the sum over what is read, the mean over what reads. */
function weightOfPair(trace, { measure }, place, query, key) {
  let sum = 0;
  for (const q of query.places) {
    for (const k of key.places) sum += trace.maps.one(measure, place, q, k);
  }
  return sum / query.places.length;
}
