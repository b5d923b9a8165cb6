"""The stage as a page of its own, which needs no network and no server."""

import base64
import html
from pathlib import Path

from lxmert_viz.figures import stage
from lxmert_viz.going_out import writable
from lxmert_viz.whole_files import write_text

HEIGHT_PX = 1180  # of the frame in a notebook, until the stage sets what it needs


class StagePage:
    """Shown by Jupyter as the last line of a cell; `save` writes the same as a file."""

    def __init__(self, payload: bytes, title: str, selection: str = "") -> None:
        """selection: what to begin with, as in the page's address ("map=lang.2&heads=1")."""
        self.html = page(payload, title, selection)

    def _repr_html_(self) -> str:
        frame = html.escape(self.html)
        style = f"width:100%;height:{HEIGHT_PX}px;border:0"
        return f'<iframe srcdoc="{frame}" style="{style}" title="The stage"></iframe>'

    def save(self, path: Path | str) -> None:
        write_text(Path(path), self.html)


def page(payload: bytes, title: str, selection: str = "") -> str:
    """One HTML file; the same as *Save this stage as a page* makes in the browser."""
    style, script = stage.style(), stage.script()
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{html.escape(writable(title))}</title><style id="stage-style">{style}</style>
<style id="stage-page-style">{stage.page_style()}</style></head><body>
<main class="stage-frame"><div class="stage"></div></main>
<script type="text/plain" id="stage-payload">{base64.b64encode(payload).decode()}</script>
<script type="text/plain" id="stage-selection">{selection.replace("<", "%3C")}</script>
<script id="stage-script">{script}</script><script>mountAlone();</script></body></html>
"""
