/* The stage's places: a page of the app, or a page of its own. */

/* Keeps the selection in the page's address, and for the way back from another page. */
const PAGE_ADDRESS = {
  read() {
    const own = new URLSearchParams(location.search);
    return own.has("map") ? own : new URLSearchParams(sessionStorage.getItem(MEMORY) ?? "");
  },

  write(keys) {
    const address = new URL(location.href);
    ADDRESS_KEYS.forEach((name) => address.searchParams.delete(name));
    const own = Object.entries(stated(keys));
    own.forEach(([name, value]) => address.searchParams.set(name, value));
    history.replaceState(history.state, "", address);
    sessionStorage.setItem(MEMORY, new URLSearchParams(own));
  },
};

/* A saved page keeps its selection behind the # of its address. */
const ALONE_ADDRESS = {
  read() {
    const first = document.getElementById("stage-selection").textContent;
    return new URLSearchParams(location.hash.slice(1) || first);
  },

  write(keys) {
    history.replaceState(null, "", `#${new URLSearchParams(stated(keys))}`);
  },
};

/* Returns what stops the stage. */
function mountStage(parent, bytes, sources, address = PAGE_ADDRESS) {
  let stage = null;
  timed("first", () => {
    stage = new Stage(parent.querySelector(".stage"), readPayload(bytes), address, sources);
  });
  return () => stage.stop();
}

function mountAlone() {
  const text = (name) => document.getElementById(`stage-${name}`).textContent;
  const bytes = Uint8Array.from(atob(text("payload")), (letter) => letter.charCodeAt(0));
  mountStage(document, bytes, { script: text("script"), style: text("style") }, ALONE_ADDRESS);
}
