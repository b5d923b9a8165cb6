/* Colour scales. Orange is attention, violet is a statistic of heads, blue is what was chosen.

   Both scales change in lightness from end to end, so that they read the same with any colour
   vision and in print; they begin at the page's own colour, light or dark. Differences run from
   purple (less) over the page's colour to orange (more). */

const STEPS = 64;
const SCALES = {
  light: {
    weight: ["#ffffff", "#fee3c6", "#fbb46b", "#ee7413", "#b84400", "#6f2500"],
    less: ["#ffffff", "#dcdcec", "#b2abd2", "#8073ac", "#5b3f94", "#2d1160"],
    statistic: ["#f1edf6", "#d6c9e6", "#ae98cd", "#7f5fae", "#4a2583"],
  },
  dark: {
    weight: ["#14191c", "#3d2410", "#7c3a08", "#c95f0c", "#f59a3e", "#ffe0b0"],
    less: ["#14191c", "#29243f", "#473a72", "#7562b0", "#a99be0", "#e2dcff"],
    statistic: ["#2a2536", "#4a3d68", "#7762a6", "#a990d8", "#e0d2fa"],
  },
};
const LETTERS = ["#1d2529", "#ffffff", "#000000"]; // on some oranges only black is clear enough
const CLEAR = 4.5; // the contrast that WCAG AA asks for

class Colours {
  constructor(dark) {
    this.dark = dark;
    const { weight, less, statistic } = SCALES[dark ? "dark" : "light"];
    const steps = (stops) => Array.from({ length: STEPS + 1 }, (_, i) => mixed(stops, i / STEPS));
    this.weights = steps(weight);
    this.lesses = steps(less);
    this.bins = statistic.map((colour) => rgb(channels(colour)));
    this.onWeights = this.weights.map((colour) => readableOn(colour));
    this.onLesses = this.lesses.map((colour) => readableOn(colour));
  }

  /* share: a weight over the top of the scale, 0..1; of a difference -1..1. */
  weight(share) {
    return (share < 0 ? this.lesses : this.weights)[this.step(share)];
  }

  onWeight(share) {
    return (share < 0 ? this.onLesses : this.onWeights)[this.step(share)];
  }

  step(share) {
    return Math.round(Math.min(Math.abs(share), 1) * STEPS);
  }

  statistic(share) {
    return this.bins[binOf(share)];
  }

  /* From end to end, at equal distances. */
  stops(signed) {
    const shares = signed ? [-1, -0.67, -0.33, 0, 0.33, 0.67, 1] : [0, 0.2, 0.4, 0.6, 0.8, 1];
    return shares.map((share) => this.weight(share));
  }

  ramp(signed) {
    return `linear-gradient(to right, ${this.stops(signed).join(", ")})`;
  }
}

/* For the page that a stage stands on; the ones before where they still fit. */
function coloursOf(root, before) {
  const dark = brightness(getComputedStyle(root).backgroundColor) < 0.5;
  return before?.dark === dark ? before : new Colours(dark);
}

function channels(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

function rgb(numbers) {
  return `rgb(${numbers.map(Math.round).join(", ")})`;
}

function mixed(stops, share) {
  const at = share * (stops.length - 1);
  const left = Math.min(Math.floor(at), stops.length - 2);
  const [from, to] = [channels(stops[left]), channels(stops[left + 1])];
  return rgb(from.map((value, i) => value + (to[i] - value) * (at - left)));
}

function brightness(colour) {
  const [red, green, blue] = colour.match(/[\d.]+/g).map(Number);
  return (0.299 * red + 0.587 * green + 0.114 * blue) / 255;
}

function readableOn(colour) {
  const contrasts = LETTERS.map((letters) => contrast(rgb(channels(letters)), colour));
  const clear = contrasts.findIndex((found) => found >= CLEAR);
  return LETTERS[clear < 0 ? contrasts.indexOf(Math.max(...contrasts)) : clear];
}

/* WCAG 2.2, contrast ratio: 1 to 21. */
function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour) {
  const [red, green, blue] = colour.match(/[\d.]+/g).map((level) => {
    const share = level / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
