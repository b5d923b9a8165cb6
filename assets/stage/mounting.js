/* The stage's places: a page of the app, or a page of its own. */

const CALM_MILLISECONDS = 300; // browsers ask for the page's icon again at every new address
const MEMORY = "lxmert-viz.stage";

/* Keeps the selection in the page's address, and for the way back from another page. */
class PageAddress {
  read() {
    const own = new URLSearchParams(location.search);
    return own.has("map") ? own : new URLSearchParams(sessionStorage.getItem(MEMORY) ?? "");
  }

  write(keys) {
    const own = Object.entries(stated(keys));
    sessionStorage.setItem(MEMORY, new URLSearchParams(own));
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => {
      const address = new URL(location.href); // the server may have changed its own keys meanwhile
      ADDRESS_KEYS.forEach((name) => address.searchParams.delete(name));
      own.forEach(([name, value]) => address.searchParams.set(name, value));
      history.replaceState(history.state, "", address);
    }, CALM_MILLISECONDS);
  }

  stop() {
    clearTimeout(this.waiting); // the address belongs to another page now
  }
}

/* A saved page keeps its selection behind the # of its address. */
class OwnAddress {
  read() {
    const first = document.getElementById("stage-selection").textContent;
    return new URLSearchParams(location.hash.slice(1) || first);
  }

  write(keys) {
    history.replaceState(null, "", `#${new URLSearchParams(stated(keys))}`);
  }

  stop() {}
}

class FramedAddress extends OwnAddress {
  write() {}
}

const MOUNTED = new WeakMap(); // place: what stops the stage that stands there

/* Returns what stops the stage. In the same place another trace takes over.

   lookInside: asks the server for the query and keys of one head; a page of its own has no server. */
function mountStage(parent, bytes, sources, address = new PageAddress(), lookInside = null) {
  const place = parent.querySelector(".stage");
  MOUNTED.get(place)?.();
  timed("first", () => {
    const stage = new Stage(place, readPayload(bytes), address, sources, lookInside);
    MOUNTED.set(place, () => {
      stage.stop();
      address.stop();
    });
  });
  return MOUNTED.get(place);
}

function mountAlone() {
  const text = (name) => document.getElementById(`stage-${name}`).textContent;
  const bytes = Uint8Array.from(atob(text("payload")), (letter) => letter.charCodeAt(0));
  document.body.prepend(element("p", { class: "about" }, ABOUT_PAGE));
  const sources = { script: text("script"), style: text("style"), pageStyle: text("page-style") };
  const isFramed = location.protocol === "about:"; // in a notebook's frame there is no address
  mountStage(document, bytes, sources, isFramed ? new FramedAddress() : new OwnAddress());
  const { frameElement: frame } = window; // null where there is none, and where it may not be known
  const page = document.documentElement;
  if (frame) new ResizeObserver(() => { frame.style.height = `${page.offsetHeight}px`; }).observe(page);
}
