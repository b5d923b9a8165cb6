"""How much a probe reads at each layer, beside what it must be compared to."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from lxmert_viz.figures.layers import Line, by_layer


def curves(
    series: Mapping[str, np.ndarray], depths: Sequence[str], kind: str, title: str, states: str
) -> go.Figure:
    """series: accuracy with its ends low and high, control, majority and noise, (P,) each, 0..1.

    kind: of probe. states: which, and how many.
    """
    lines = {
        f"{kind} probe": Line(series["accuracy"], series["low"], series["high"]),
        "control task": Line(series["control"]),
        "majority": Line(series["majority"], baseline=True),
        "noise": Line(series["noise"], baseline=True),
    }
    statistic = f"accuracy on unseen pictures, 0 to 1; {states}"
    return by_layer(lines, depths, title, statistic, (-0.03, 1.05))


def description_length(compressions: np.ndarray, depths: Sequence[str]) -> go.Figure:
    """compressions: (P,), NaN where none was measured."""
    return by_layer(
        {"compression": Line(compressions)},
        depths,
        "Description length",
        "compression by the online code: N log2 K / length; 1 is no use at all",
    )
