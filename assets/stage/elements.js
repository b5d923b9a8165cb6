/* Making elements. Words of people and models become text nodes, never markup. */

const SVG = "http://www.w3.org/2000/svg";

function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

function shape(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

/* Attributes that are functions listen to the event of their name: { click: … }. */
function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null) made.setAttribute(name, value);
  }
  made.append(...children.map((child) => (child instanceof Node ? child : String(child))));
  return made;
}

/* What neither XML nor HTML may hold, and halves of letters, become a mark. */
function writable(text) {
  return text.toWellFormed().replace(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]/g, "\ufffd");
}

/* Writes only what changed, so that the browser repaints only that. */
function write(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

function put(target, name, value) {
  if (target.getAttribute(name) !== value) target.setAttribute(name, value);
}

function unit(share, digits = 2) {
  return share.toFixed(digits);
}

/* A share in a sentence, by the one rule of rounding.py: three digits where fewer look like 0 or 1. */
function shareInWords(share, digits = 2) {
  if (share < 0 || share > 1) return unit(share, digits); // weights times value norms know no end
  if (share < 0.001) return "< 0.001";
  if (share >= 0.9995) return "> 0.999";
  const half = 0.5 * 10 ** -digits;
  return unit(share, half <= share && share < 1 - half ? digits : 3);
}
