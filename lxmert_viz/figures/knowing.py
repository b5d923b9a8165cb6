"""What a probe reads in states beside what patching them moves, in one figure by layer."""

import pandas as pd
import plotly.graph_objects as go

from lxmert_viz.figures.layers import Line, by_layer

SPAN = (-0.15, 1.15)


def by_depth(table: pd.DataFrame, model: str) -> go.Figure:
    """table: a row a place and depth, as runs.knowing makes it."""
    lines = {}
    for place, own in table.groupby("place", sort=False):
        probes = (own[name].to_numpy(float) for name in ("probe", "probe_low", "probe_high"))
        moved = (own[name].to_numpy(float) for name in ("effect", "effect_low", "effect_high"))
        lines[f"known: a probe reads the {place}"] = Line(*probes)
        lines[f"used: the {place} is patched"] = Line(*moved)
        control = own["control"].to_numpy(float)
        lines[f"control: others than the {place} are patched"] = Line(control, baseline=True)
    majority = table.groupby("depth", sort=False)["majority"].first().to_numpy(float)
    lines["probe, most frequent value"] = Line(majority, baseline=True)
    depths = table["depth"].drop_duplicates().tolist()
    told = (
        f"{model}, {table['examples'].iloc[0]} questions. Accuracy on unseen pictures; effect from "
        "0 (corrupted) to 1 (clean)"
    )
    return by_layer(lines, depths, "Knowing and using", told, SPAN)
