/* The drawer of pages, which Streamlit has in place of the row where the window is narrow: it closes
   once a page is chosen or the person taps beside it, and no later visit begins with it open. */

const DRAWER = "[data-testid='stSidebar'][data-collapsed='false']"; // while it is open
const DRAWER_LINK = "[data-testid='stSidebarNavLink']";
const REMEMBERED = "stSidebarCollapsed-"; // how Streamlit's own keys of the browser's store begin

function closeDrawer() {
  document.querySelector(`${DRAWER} [data-testid="stSidebarCollapseButton"] button`)?.click();
}

function forgetOpenDrawer() {
  for (const key of Object.keys(localStorage)) if (key.startsWith(REMEMBERED)) localStorage.removeItem(key);
}

/* Once a page that a browser opened. */
function mountPages() {
  const root = document.documentElement;
  if (root.dataset.pages) return;
  root.dataset.pages = "mounted";
  document.addEventListener("click", (event) => {
    const drawer = document.querySelector(DRAWER);
    if (!drawer) return;
    if (event.target.closest(DRAWER_LINK)) setTimeout(closeDrawer); // Streamlit hears the click first
    if (drawer.contains(event.target)) return;
    event.stopPropagation(); // it means: close
    event.preventDefault();
    closeDrawer();
  }, true);
  window.addEventListener("pagehide", forgetOpenDrawer);
  document.addEventListener("visibilitychange", forgetOpenDrawer); // a phone may end a page that nobody sees
}
