/* The page for the keyboard. The first tab stop of every page leads past the frame, to the figure. */

const SKIP = "skip-to-figure"; // class of the button
const FIGURES = ".stPlotlyChart, .lv-picture, .walk-body, .stage, .box-editor .scene";
const WITHIN = '.word[tabindex="0"], .head[tabindex="0"], .own[tabindex="0"]'; // what of it takes keys

/* All that fits below `root`, in the order of the page, also inside of components. */
function* deeply(root, selector) {
  for (const part of root.querySelectorAll("*")) {
    if (part.matches(selector)) yield part;
    if (part.shadowRoot) yield* deeply(part.shadowRoot, selector);
  }
}

function isSeen(part) {
  return part.getClientRects().length > 0;
}

function firstSeen(root, selector) {
  for (const part of deeply(root, selector)) if (isSeen(part)) return part;
  return null;
}

function skipToFigure() {
  const page = document.querySelector(".st-key-page-body");
  const figure = firstSeen(page, FIGURES) ?? page;
  const target = firstSeen(figure, WITHIN) ?? figure;
  if (!target.hasAttribute("tabindex")) target.setAttribute("tabindex", "-1");
  target.focus();
  target.scrollIntoView({ block: "nearest" });
}

/* Once a page that a browser opened. The button stands before everything, where Streamlit puts nothing. */
function mountKeyboard() {
  if (document.querySelector(`body > .${SKIP}`)) return;
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: SKIP, textContent: "Skip to the figure" });
  button.addEventListener("click", skipToFigure);
  document.body.prepend(button);
  new PageKeys();
}
