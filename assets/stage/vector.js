/* Figures as SVG files: text stays text, every style stands in the file itself. */

const STYLED = [
  "fill", "fill-opacity", "stroke", "stroke-opacity", "stroke-width", "stroke-dasharray",
  "stroke-linecap", "font-size", "font-weight", "text-anchor", "visibility", "opacity",
];
const TRANSLUCENT = /^rgba\((.+), ([\d.]+)\)$/; // SVG 1.1 has no such colours
const MIXED = /^color\(srgb ([^ ]+) ([^ ]+) ([^ )]+)(?: \/ ([^)]+))?\)$/; // nor these, of color-mix
const MARGIN = 16;
const LINE = 18;
const CAPTION_SIZE = 12;
const NARROWEST_FIGURE = 280;
const KEY_WIDTH = 120;
const KEY_LETTER = 5.6; // about as wide as a digit of a key

/* A drawing of the page with the styles that it has there. */
function withStyles(original) {
  const copy = original.cloneNode(true);
  const parts = [original, ...original.querySelectorAll("*")];
  [copy, ...copy.querySelectorAll("*")].forEach((part, i) => {
    const computed = getComputedStyle(parts[i]);
    for (const name of STYLED) {
      const value = computed.getPropertyValue(name);
      if (value) part.setAttribute(name, value);
    }
    ["fill", "stroke"].forEach((name) => apartFromOpacity(part, name));
    keepLength(part, parts[i]);
    for (const name of [...part.getAttributeNames()]) {
      if (/^(class|style|role|tabindex|aria-.*|data-.*)$/.test(name)) part.removeAttribute(name);
    }
  });
  return copy;
}

/* As long as on the page, whatever font the reader's machine has. */
function keepLength(part, original) {
  if (original.nodeName !== "text" || original.childElementCount || !original.textContent) return;
  part.setAttribute("textLength", original.getComputedTextLength());
  part.setAttribute("lengthAdjust", "spacingAndGlyphs");
}

function apartFromOpacity(part, name) {
  const [, colour, share] = TRANSLUCENT.exec(unmixed(part.getAttribute(name))) ?? [];
  if (colour === undefined) return;
  part.setAttribute(name, `rgb(${colour})`);
  part.setAttribute(`${name}-opacity`, share * (part.getAttribute(`${name}-opacity`) ?? 1));
}

function unmixed(colour) {
  const [, ...parts] = MIXED.exec(colour) ?? [];
  if (!parts.length) return colour;
  return `rgba(${parts.slice(0, 3).map((part) => Math.round(part * 255)).join(", ")}, ${parts[3] ?? 1})`;
}

function placeWithin(frame, part) {
  const [outer, inner] = [frame.getBoundingClientRect(), part.getBoundingClientRect()];
  return { x: inner.left - outer.left, y: inner.top - outer.top, width: inner.width, height: inner.height };
}

function boxOf(part, place) {
  const { backgroundColor, borderTopColor, borderTopWidth } = getComputedStyle(part);
  const line = parseFloat(borderTopWidth);
  const box = shape("rect", {
    x: place.x + line / 2, y: place.y + line / 2, rx: 3,
    width: Math.max(place.width - line, 0), height: Math.max(place.height - line, 0),
    fill: backgroundColor, stroke: borderTopColor, "stroke-width": line,
  });
  ["fill", "stroke"].forEach((name) => apartFromOpacity(box, name));
  return box;
}

function textOf(part, place, text = part.textContent) {
  const { color, fontSize, fontWeight } = getComputedStyle(part);
  const words = document.createRange();
  words.selectNodeContents(part);
  return shape("text", {
    x: place.x + place.width / 2, y: place.y + place.height / 2, fill: color,
    "text-anchor": "middle", "dominant-baseline": "central", "font-size": fontSize, "font-weight": fontWeight,
    textLength: words.getBoundingClientRect().width, lengthAdjust: "spacingAndGlyphs",
  }, text);
}

/* Words, picture and lines as they stand, all words in sight. pictureAddress: a data address. */
function sceneDrawing(stage, pictureAddress) {
  const { scene, words, picture, links } = stage;
  const { width, height } = scene.getBoundingClientRect();
  const drawn = shape("svg", { width, height, viewBox: `0 0 ${width} ${height}` });
  const image = placeWithin(scene, picture.root);
  drawn.append(shape("image", { ...image, href: pictureAddress, preserveAspectRatio: "none" }));
  drawn.append(withStyles(links.svg));
  for (const button of [...words.buttons, ...picture.root.querySelectorAll(".box")]) {
    drawn.append(boxOf(button, placeWithin(scene, button)));
  }
  const labels = [...words.root.querySelectorAll(".piece, .amount"), ...picture.root.querySelectorAll(".tag")];
  for (const label of labels.filter((part) => part.getClientRects().length && part.textContent.trim())) {
    const place = placeWithin(scene, label);
    if (label.classList.contains("tag")) drawn.append(boxOf(label, place));
    drawn.append(textOf(label, place));
  }
  return drawn;
}

function drawingOf(svg) {
  const copy = withStyles(svg);
  const [, , width, height] = svg.getAttribute("viewBox").split(" ");
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  copy.removeAttribute("visibility");
  return copy;
}

/* A drawing on the page's ground, with its colour key, if it has one, and a caption below.
   lines: of the caption; they are broken at the drawing's width. key: an svg. */
function figureFile(drawing, lines, root, key = null) {
  const { color, backgroundColor } = getComputedStyle(root);
  const widths = [drawing, key].filter(Boolean).map((part) => Number(part.getAttribute("width")));
  const within = Math.max(...widths, NARROWEST_FIGURE);
  const caption = lines.flatMap((line) => brokenAt(line, within));
  const keyHeight = key ? Number(key.getAttribute("height")) + MARGIN / 2 : 0;
  const below = Number(drawing.getAttribute("height")) + 2 * MARGIN + keyHeight;
  const width = Math.ceil(within + 2 * MARGIN);
  const height = Math.ceil(below + caption.length * LINE + MARGIN / 2);
  [drawing, key].filter(Boolean).forEach((part) => part.setAttribute("x", MARGIN));
  drawing.setAttribute("y", MARGIN);
  key?.setAttribute("y", below - keyHeight);
  const file = shape("svg", {
    xmlns: SVG, width, height, viewBox: `0 0 ${width} ${height}`, "font-family": "sans-serif", fill: color,
  }, shape("rect", { width, height, fill: backgroundColor }), drawing, ...(key ? [key] : []));
  caption.forEach((line, i) => file.append(shape("text", {
    x: MARGIN, y: below + (i + 0.5) * LINE, "font-size": CAPTION_SIZE, fill: color,
  }, line)));
  return { text: writable(new XMLSerializer().serializeToString(file)), width, height };
}

/* Lines of a text that are no wider than `most` pixels in the caption's font. */
function brokenAt(text, most) {
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = `${CAPTION_SIZE}px sans-serif`;
  const lines = [];
  for (const word of text.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length && pen.measureText(longer).width <= most) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/* What the colours of weights stand for. ends: of endsOf. */
function weightKey(colours, signed, [least, most]) {
  const from = Math.max(least.length * KEY_LETTER, KEY_LETTER) + 8;
  const stops = colours.stops(signed);
  const paint = "colour-key";
  const gradient = shape("linearGradient", { id: paint }, ...stops.map((colour, i) =>
    shape("stop", { offset: i / (stops.length - 1), "stop-color": colour })));
  return shape("svg", { width: from + KEY_WIDTH + 80, height: LINE, "font-size": CAPTION_SIZE }, gradient,
    shape("text", { x: 0, y: 13 }, least),
    shape("rect", { x: from, y: 3, width: KEY_WIDTH, height: 12, fill: `url(#${paint})`, stroke: "#808080", "stroke-width": 0.5 }),
    shape("text", { x: from + KEY_WIDTH + 8, y: 13 }, most));
}

/* The five steps of a statistic. ranges: of rangesOf. */
function stepKey(colours, ranges) {
  const step = Math.max(...ranges.map((range) => range.length)) * KEY_LETTER + 24;
  return shape("svg", { width: step * ranges.length, height: LINE, "font-size": 10 }, ...ranges.flatMap((range, i) => [
    shape("rect", { x: i * step, y: 3, width: 12, height: 12, fill: colours.bins[i], stroke: "#808080", "stroke-width": 0.5 }),
    shape("text", { x: i * step + 16, y: 13 }, range),
  ]));
}

async function asPng({ text, width, height }) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = element("canvas", { width: width * 2, height: height * 2 });
  canvas.getContext("2d").drawImage(image, 0, 0, width * 2, height * 2);
  return new Promise((resolve) => { canvas.toBlob(resolve, "image/png"); });
}

function saveFile(name, blob) {
  const address = URL.createObjectURL(blob);
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
