"""Attention maps as heatmaps, and one row of a map over the words."""

import html
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from lxmert_viz.figures import theme

CELL_PX = 24
LONGEST_LABEL = 30  # letters; the hover text has the whole
HOVER = "%{customdata[0]}<br>looks at %{customdata[1]}<br>weight %{z:.4f}<extra></extra>"


def attention_heatmap(
    weights: np.ndarray,
    queries: Sequence[str],
    keys: Sequence[str],
    *,
    title: str,
    subtitle: str,
    sides: tuple[str, str],
    top: float = 1.0,
    chosen: int | None = None,
) -> go.Figure:
    """One map: rows attend, columns are attended to; colours run from 0 to `top`.

    weights: (Q, K). sides: what a query and what a key is, "word" or "region".
    chosen: a row to be framed.
    """
    _check(weights.shape, (len(queries), len(keys)))
    heatmap = go.Heatmap(
        z=weights,
        zmin=0,
        zmax=top,
        colorscale=theme.ATTENTION,
        colorbar={"thickness": 10, "len": 1, "outlinewidth": 0, "title": {"text": "weight"}},
        customdata=_pairs(queries, keys),
        hovertemplate=HOVER,
        xgap=1,
        ygap=1,
    )
    longest = max((len(_short(key)) for key in keys), default=0)
    height = 120 + CELL_PX * len(queries) + 6 * longest
    figure = go.Figure(heatmap, theme.layout(title, subtitle, height))
    columns = theme.labelled_axis([_short(key) for key in keys], f"{sides[1]}s that are looked at")
    rows = theme.labelled_axis([_short(query) for query in queries], f"{sides[0]}s that look")
    figure.update_xaxes(columns, tickangle=-60 if longest > 3 else 0, automargin=True)
    figure.update_yaxes(rows, autorange="reversed", automargin=True)
    if chosen is not None:
        frame = {"x0": -0.5, "x1": len(keys) - 0.5, "y0": chosen - 0.5, "y1": chosen + 0.5}
        figure.add_shape(**frame, line={"color": theme.CHOSEN, "width": 2})
    return figure


def word_strip(
    pieces: Sequence[str], weights: np.ndarray, *, top: float, chosen: int | None = None
) -> str:
    """HTML: the words in their order, shaded by weight, each with its number.

    weights: (T,). top: the weight of the fullest shade. chosen: the word that looks, framed.
    """
    _check(weights.shape, (len(pieces),))
    words = [
        f'<span class="lv-word {"lv-looks" if index == chosen else ""}" '
        f'style="--weight:{min(weight / top, 1):.3f}">'
        f"{html.escape(piece)}<small>{weight:.2f}</small></span>"
        for index, (piece, weight) in enumerate(zip(pieces, weights, strict=True))
    ]
    return f'<style>{_STRIP_STYLE}</style><div class="lv-words">{"".join(words)}</div>'


_STRIP_STYLE = f"""
.lv-words {{ display: flex; flex-wrap: wrap; gap: 4px; }}
.lv-word {{
  display: inline-flex; flex-direction: column; align-items: center;
  padding: 4px 8px; border: 2px solid transparent; border-radius: 4px;
  background: rgba({theme.WEIGHT_RGB}, calc(0.06 + var(--weight) * 0.5));
}}
.lv-word small {{ font-size: 0.75rem; font-variant-numeric: tabular-nums; }}
.lv-looks {{ border-color: {theme.CHOSEN}; }}
"""


def _check(shape: tuple[int, ...], labels: tuple[int, ...]) -> None:
    if shape != labels:
        raise ValueError(f"weights are {shape}, labels are {labels}")


def _pairs(queries: Sequence[str], keys: Sequence[str]) -> np.ndarray:
    """(Q, K, 2): the two names of every cell."""
    rows, columns = np.meshgrid(
        [html.escape(q) for q in queries], [html.escape(k) for k in keys], indexing="ij"
    )
    return np.stack([rows, columns], axis=-1)


def _short(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…"
