"""The stage on a page of its own, in the font that Streamlit has on every machine."""

import base64
from pathlib import Path

import streamlit
from playwright.sync_api import Browser, Page

from lxmert_viz.figures import stage

PAGE = """<!doctype html><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><style>
@font-face {{ font-family: Fixed; src: url(data:font/woff2;base64,{font}); font-weight: 200 900; }}
:root {{ --st-font: Fixed; {colours} }} body {{ margin: 12px; background: {ground}; }} {style}
</style><body><div class="stage-frame"><div class="stage"></div></div><script>{script}</script>
"""
MOUNT = """
async ([payload, selection]) => {
  await Promise.all([400, 600, 700].map((weight) => document.fonts.load(`${weight} 16px Fixed`)));
  const bytes = Uint8Array.from(atob(payload), (letter) => letter.charCodeAt(0));
  const address = { read: () => new URLSearchParams(selection), write() {}, stop() {} };
  mountStage(document, bytes, { script: "", style: "", pageStyle: "" }, address);
  await document.querySelector(".picture img").decode();
  for (let frame = 0; frame < 5; frame += 1) await new Promise(requestAnimationFrame);
}
"""
DARK = (
    "--st-text-color: #e6ebed; --st-background-color: #14191c; "
    "--st-secondary-background-color: #1d2428; color-scheme: dark;"
)


def font() -> str:
    """Streamlit's own, so that words are as wide on every machine."""
    media = Path(streamlit.__file__).parent / "static" / "static" / "media"
    return base64.b64encode(next(media.glob("SourceSansVF-Upright*.woff2")).read_bytes()).decode()


def mounted(
    browser: Browser,
    payload: bytes,
    size: tuple[int, int],
    selection: str,
    *,
    theme: str = "light",
    is_touched: bool = False,
) -> Page:
    """theme: "light" or "dark". selection: as in an address."""
    page = browser.new_page(
        viewport={"width": size[0], "height": size[1]},
        reduced_motion="reduce",
        has_touch=is_touched,
        is_mobile=is_touched,
    )
    colours, ground = (DARK, "#14191c") if theme == "dark" else ("", "#ffffff")
    script, style = stage.script(), stage.style()
    page.set_content(
        PAGE.format(font=font(), colours=colours, ground=ground, style=style, script=script)
    )
    page.evaluate(MOUNT, [base64.b64encode(payload).decode(), selection])
    return page
