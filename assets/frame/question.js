/* The question box on a narrow window: the whole question is read on several lines where nobody
   types, and while somebody types the box has the bar, with a button that asks. */

const QUESTION = ".st-key-question-typed";
const TYPING = "typing"; // class of the bar
const LEAVING_MILLISECONDS = 300; // a tap on the button takes the box's focus first

function tellQuestions() {
  for (const box of document.querySelectorAll(`${QUESTION} input`)) {
    const place = box.parentElement;
    if (place.dataset.question !== box.value) place.dataset.question = box.value;
  }
}

/* Once a page that a browser opened. */
function mountQuestion() {
  const root = document.documentElement;
  if (root.dataset.question) return;
  root.dataset.question = "mounted";
  const bar = () => document.querySelector(".st-key-bar-row");
  const isBox = (target) => Boolean(target.closest?.(QUESTION));
  let leaving = 0;
  document.addEventListener("focusin", ({ target }) => {
    if (!isBox(target)) return;
    clearTimeout(leaving);
    bar().classList.add(TYPING);
  });
  document.addEventListener("focusout", ({ target }) => {
    if (isBox(target)) leaving = setTimeout(() => bar()?.classList.remove(TYPING), LEAVING_MILLISECONDS);
  });
  document.addEventListener("keydown", ({ key, target }) => {
    if (key !== "Enter" || !isBox(target) || !matchMedia("(pointer: coarse)").matches) return;
    setTimeout(() => target.blur()); // asked: the phone's keyboard goes away
  });
  document.addEventListener("input", ({ target }) => { if (isBox(target)) tellQuestions(); });
  new MutationObserver(tellQuestions).observe(document.querySelector(".stApp"), {
    attributes: true, attributeFilter: ["value"], childList: true, subtree: true,
  });
  tellQuestions();
}
