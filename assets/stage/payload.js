/* Reading the payload that figures/stage.py writes; its layout is described there. */

const MAGIC = "LXST";
const HEADER_AT = 8;
const SPECIAL = new Set(["[CLS]", "[SEP]", "[PAD]"]);

function readPayload(bytes) {
  const own = bytes.slice(); // begins at 0, so that floats lie on multiples of 4
  if (new TextDecoder().decode(own.subarray(0, 4)) !== MAGIC) {
    throw new Error(`a payload begins with ${MAGIC}`);
  }
  const length = new DataView(own.buffer).getUint32(4, true);
  const begin = HEADER_AT + length;
  const header = JSON.parse(new TextDecoder().decode(own.subarray(HEADER_AT, begin)));
  const floats = new Float32Array(own.buffer, begin, header.floats);
  return new Trace(header, floats, own.subarray(begin + 4 * header.floats), own);
}

class Maps {
  constructor(families, floats) {
    this.families = families;
    this.floats = floats;
  }

  /* One head's weights, row by row: a view of the payload, not a copy. */
  weights(name, layer, head) {
    const { shape: [, heads, queries, keys], maps } = this.families[name];
    const size = queries * keys;
    const first = maps + (layer * heads + head) * size;
    return this.floats.subarray(first, first + size);
  }

  /* The same, each weight times the length of the value that it carries. */
  carried(name, layer, head) {
    const { shape: [, heads, , keys], norms } = this.families[name];
    const first = norms + (layer * heads + head) * keys;
    return this.weights(name, layer, head).map((weight, i) => weight * this.floats[first + (i % keys)]);
  }

  /* One weight. measure: "weights" or "carried". */
  one(measure, { family, layer, head }, query, key) {
    const { shape: [, heads, queries, keys], maps, norms } = this.families[family];
    const slot = layer * heads + head;
    const weight = this.floats[maps + (slot * queries + query) * keys + key];
    return measure === "carried" ? weight * this.floats[norms + slot * keys + key] : weight;
  }

  rolledOut(name, layer) {
    const { shape: [, , queries, keys], rollout } = this.families[name];
    const first = rollout + layer * queries * keys;
    return this.floats.subarray(first, first + queries * keys);
  }

  /* The largest carried weight of all maps. */
  mostCarried() {
    this.most ??= Math.max(...Object.entries(this.families).flatMap(([name, { shape: [layers, heads] }]) =>
      Array.from({ length: layers * heads }, (_, i) =>
        largestOf(this.carried(name, Math.floor(i / heads), i % heads)))));
    return this.most;
  }
}

function largestOf(weights) {
  let largest = 0;
  for (const weight of weights) if (Math.abs(weight) > largest) largest = Math.abs(weight);
  return largest;
}

class Trace {
  constructor(header, floats, picture, bytes) {
    Object.assign(this, header);
    this.floats = floats;
    this.maps = new Maps(header.families, floats);
    this.otherMaps = header.other && new Maps(header.other.families, floats);
    this.picture = new Blob([picture], { type: "image/jpeg" });
    this.bytes = bytes;
    this.special = this.pieces.map((piece) => SPECIAL.has(piece));
    this.wholeWords = wholeWords(this.pieces, this.word_ids);
  }

  has({ family, layer, head }) {
    const [layers, heads] = this.families[family].shape;
    return layer < layers && head < heads;
  }

  hasNorms() {
    return this.families.lang.norms !== null;
  }

  /* Whether the other trace has the same words and regions in this family's maps. */
  hasOther(name) {
    return Boolean(this.otherMaps) && Object.hasOwn(this.otherMaps.families, name);
  }

  statistic(name) {
    return this.statistics.find((statistic) => statistic.name === name);
  }

  /* One head's number, and the same as a share of its scale; null where it means nothing. */
  measured(statistic, name, layer, head) {
    const found = this.statistic(statistic).families[name];
    if (!found) return null;
    const value = this.floats[found.values + layer * this.families[name].shape[1] + head];
    return { value, share: Math.min(Math.max(value / found.top, 0), 1), unit: found.unit };
  }
}

/* Pieces of one word together: [{ label, pieces: [places] }]. */
function wholeWords(pieces, wordIds) {
  const words = [];
  pieces.forEach((piece, place) => {
    const last = words.at(-1);
    const continues = last && wordIds[place] !== null && last.id === wordIds[place];
    if (continues) {
      last.label += piece.replace(/^##/, "");
      last.pieces.push(place);
    } else {
      words.push({ id: wordIds[place], label: piece, pieces: [place] });
    }
  });
  return words.map(({ label, pieces: own }) => ({ label, pieces: own }));
}
