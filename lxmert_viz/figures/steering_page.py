"""Every region's answer when heads are made to look there, as a page that needs no server."""

import html
from collections.abc import Sequence

from lxmert_viz.going_out import writable

STYLE = "body{font-family:system-ui,sans-serif;margin:24px auto;max-width:900px;padding:0 16px}"


def page(picture: str, title: str, told: Sequence[str]) -> str:
    """picture: of regions_picture, whose captions are the answers. told: sentences below it."""
    lines = "".join(f"<p>{html.escape(writable(line))}</p>" for line in told)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(writable(title))}</title><style>{STYLE}</style></head>"
        f"<body><h1>{html.escape(writable(title))}</h1>{picture}{lines}</body></html>\n"
    )
