/* A box as [left, top, right, bottom] in shares of the picture's sides. */

const SMALLEST = 0.01; // of a side; less is a click and not a box

function within(share) {
  return Math.min(Math.max(share, 0), 1);
}

function area([left, top, right, bottom]) {
  return (right - left) * (bottom - top);
}

/* A grid of count x count boxes that fill the picture. */
function grid(count) {
  const cells = [];
  for (let row = 0; row < count; row += 1) {
    for (let column = 0; column < count; column += 1) {
      cells.push([column / count, row / count, (column + 1) / count, (row + 1) / count]);
    }
  }
  return cells;
}

/* The box after its corner or side `handle` was dragged by (dx, dy); it never turns inside out. */
function resized([left, top, right, bottom], handle, dx, dy) {
  return [
    handle.includes("w") ? Math.min(within(left + dx), right - SMALLEST) : left,
    handle.includes("n") ? Math.min(within(top + dy), bottom - SMALLEST) : top,
    handle.includes("e") ? Math.max(within(right + dx), left + SMALLEST) : right,
    handle.includes("s") ? Math.max(within(bottom + dy), top + SMALLEST) : bottom,
  ];
}

/* The box moved by (dx, dy), whole within the picture. */
function moved([left, top, right, bottom], dx, dy) {
  const x = Math.min(Math.max(dx, -left), 1 - right);
  const y = Math.min(Math.max(dy, -top), 1 - bottom);
  return [left + x, top + y, right + x, bottom + y];
}
