/* The stage's places: a page of the app, or a page of its own. */

/* Keeps the selection in the page's address, and for the way back from another page. */
const PAGE_ADDRESS = {
  read() {
    const own = new URLSearchParams(location.search);
    return own.has("map") ? own : new URLSearchParams(sessionStorage.getItem(MEMORY) ?? "");
  },

  write(keys) {
    const address = new URL(location.href);
    const kept = new URLSearchParams();
    for (const name of ADDRESS_KEYS) {
      if (keys[name] === null) address.searchParams.delete(name);
      else {
        address.searchParams.set(name, keys[name]);
        kept.set(name, keys[name]);
      }
    }
    history.replaceState(history.state, "", address);
    sessionStorage.setItem(MEMORY, kept);
  },
};

/* Returns what stops the stage. */
function mountStage(parent, bytes) {
  const stage = new Stage(parent.querySelector(".stage"), readPayload(bytes), PAGE_ADDRESS);
  return () => stage.stop();
}
