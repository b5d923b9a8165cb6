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
  return shape("text", {
    x: place.x + place.width / 2, y: place.y + place.height / 2, fill: color,
    "text-anchor": "middle", "dominant-baseline": "central", "font-size": fontSize, "font-weight": fontWeight,
  }, text);
}

/* Words, picture and lines as they stand. pictureAddress: a data address. */
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
    if (label.className === "tag") drawn.append(boxOf(label, place));
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

/* A drawing on the page's ground, with a caption below. lines: of the caption. */
function figureFile(drawing, lines, root) {
  const { color, backgroundColor } = getComputedStyle(root);
  const longest = Math.max(...lines.map((line) => line.length)) * CAPTION_SIZE * 0.56;
  const width = Math.ceil(Math.max(Number(drawing.getAttribute("width")), longest) + 2 * MARGIN);
  const below = Number(drawing.getAttribute("height")) + 2 * MARGIN;
  const height = Math.ceil(below + lines.length * LINE + MARGIN / 2);
  drawing.setAttribute("x", MARGIN);
  drawing.setAttribute("y", MARGIN);
  const file = shape("svg", {
    xmlns: SVG, width, height, viewBox: `0 0 ${width} ${height}`, "font-family": "sans-serif", fill: color,
  }, shape("rect", { width, height, fill: backgroundColor }), drawing);
  lines.forEach((line, i) => file.append(shape("text", {
    x: MARGIN, y: below + (i + 0.5) * LINE, "font-size": CAPTION_SIZE, fill: color,
  }, line)));
  return { text: writable(new XMLSerializer().serializeToString(file)), width, height };
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
