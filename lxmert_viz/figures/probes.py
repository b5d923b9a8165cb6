"""How much a probe reads at each layer, beside what it must be compared to."""

import pandas as pd
import plotly.graph_objects as go

from lxmert_viz.figures.layers import Line, by_layer


def curves(layers: pd.DataFrame, kind: str, title: str, states: str) -> go.Figure:
    """layers: a row a layer: accuracy with its ends low and high, control, majority, noise, 0..1.

    kind: of probe. states: which, and how many.
    """
    numbers = {name: layers[name].to_numpy() for name in layers}
    lines = {
        f"{kind} probe": Line(numbers["accuracy"], numbers["low"], numbers["high"]),
        "control task": Line(numbers["control"]),
        "majority": Line(numbers["majority"], baseline=True),
        "noise": Line(numbers["noise"], baseline=True),
    }
    statistic = f"accuracy on unseen pictures, 0 to 1; {states}"
    return by_layer(lines, tuple(layers["layer"]), title, statistic, (-0.03, 1.05))


def description_length(layers: pd.DataFrame) -> go.Figure:
    """layers: with their compression, NaN where none was measured."""
    return by_layer(
        {"compression": Line(layers["compression"].to_numpy())},
        tuple(layers["layer"]),
        "Description length",
        "compression by the online code: N log2 K / length; 1 is no use at all",
    )
