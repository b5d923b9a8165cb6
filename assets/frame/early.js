/* Scripts that a later page needs, loaded while the browser has nothing to do: Plotly has 5 MB. */

const PATIENT_MILLISECONDS = 3000; // a page that computes on and on has no idle moment

function loadEarly(files) {
  const whenIdle = window.requestIdleCallback ?? ((load) => setTimeout(load, PATIENT_MILLISECONDS));
  whenIdle(() => {
    for (const file of files) import(new URL(`./${file}`, document.baseURI).href).catch(() => null); // it comes later, as ever
  }, { timeout: PATIENT_MILLISECONDS });
}
