"""What was computed as tables to go on with: a row a weight, a head, an answer, a region, a label.

Layers and heads are counted from 1 as on the page, the layers of each family by themselves; so are
words, regions and ranks. Text is "string", counts are "Int64", other numbers floats.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lxmert_viz.analysis.head_statistics import all_statistics, carried_statistic
from lxmert_viz.analysis.probes import ProbeRun
from lxmert_viz.analysis.regions import boxes_px, numbered_names
from lxmert_viz.records import FAMILIES, LensGrid, Regions, Trace

KINDS = {"O": "string", "i": "Int64", "b": "boolean"}  # by numpy's letters
OF_PROBES = ("accuracy", "low", "high", "control", "selectivity", "majority", "noise")


def attention(trace: Trace) -> pd.DataFrame:
    """A row a family, layer, head, query and key: who reads, what is read, and the weight.

    `reader` and `read` are the piece of the text or the numbered region at `query` and `key`.
    """
    pieces, numbered = list(trace.tokens.pieces), numbered_names(trace.regions)
    names = {"lang": pd.array(pieces, "string"), "vision": pd.array(numbered, "string")}
    families = []
    for name, maps in trace.attention.items():
        layer, head, query, key = (place.ravel() for place in np.indices(maps.shape))
        readers, read = (names[stream] for stream in FAMILIES[name][:2])
        family = pd.array([name], "string").repeat(maps.size)
        columns = {"family": family, "layer": layer + 1, "head": head + 1}
        columns |= {"query": query + 1, "key": key + 1}
        columns |= {"reader": readers[query], "read": read[key], "weight": maps.ravel()}
        families.append(pd.DataFrame(columns))
    return _typed(pd.concat(families, ignore_index=True))


def heads(trace: Trace, norms: Mapping[str, np.ndarray] | None = None) -> pd.DataFrame:
    """A row a head: its family, layer and number, and all statistics; NaN where one is not for it.

    norms: family -> (L, H, K), the lengths of the values, which add the statistic `carried`.
    """
    carried = () if norms is None else (carried_statistic(trace, dict(norms)),)
    statistics = (*all_statistics(trace), *carried)
    families = []
    for name, maps in trace.attention.items():
        layer, head = (place.ravel() for place in np.indices(maps.shape[:2]))
        columns = {"family": name, "layer": layer + 1, "head": head + 1}
        for statistic in statistics:
            values = statistic.values.get(name, np.full(maps.shape[:2], np.nan))
            columns[statistic.name] = values.ravel().astype(np.float32)
        families.append(pd.DataFrame(columns))
    return _typed(pd.concat(families, ignore_index=True))


def answers(trace: Trace) -> pd.DataFrame:
    """A row an answer, the most probable first; empty where the checkpoint has no such head."""
    columns = {
        "rank": np.arange(1, len(trace.answers) + 1),
        "answer": np.array([answer.text for answer in trace.answers], object),
        "probability": np.array([answer.probability for answer in trace.answers], np.float64),
    }
    return _typed(pd.DataFrame(columns))


def regions(seen: Regions) -> pd.DataFrame:
    """A row a region, with its box in pixels of the upright picture."""
    left, top, right, bottom = boxes_px(seen).T
    columns = {
        "number": np.arange(1, len(seen) + 1),
        "name": np.array(seen.names, object),
        "score": seen.scores.round(3),
        "left (px)": left,
        "top (px)": top,
        "right (px)": right,
        "bottom (px)": bottom,
    }
    return _typed(pd.DataFrame(columns))


def keys(
    names: Sequence[str], scores: np.ndarray, weights: np.ndarray, value_norms: np.ndarray
) -> pd.DataFrame:
    """A row a key of one head and query, the most weight first. Arrays are (K,)."""
    columns = {
        "is read": np.array(names, object),
        "score": scores,
        "weight": weights,
        "norm": value_norms,
        "weight × norm": weights * value_norms,
    }
    order = np.argsort(-weights, kind="stable")
    return _typed(pd.DataFrame(columns).iloc[order].round(4).reset_index(drop=True))


def lens(
    found: LensGrid, labels: Sequence[str], rows: Sequence[str], depths: Sequence[str]
) -> pd.DataFrame:
    """A row a layer, a word or region, and a rank: the label there, its share, its rank below.

    labels: V. rows: N names. depths: P. `rank_below` is that of the same label one layer below.
    """
    depth, row, rank = (place.ravel() for place in np.indices(found.ids.shape))
    below = found.ranks.ravel()
    columns = {
        "layer": np.array(depths, object)[depth],
        "row": row + 1,
        "name": np.array(rows, object)[row],
        "rank": rank + 1,
        "label": np.array(labels, object)[found.ids.ravel()],
        "share": found.shares.ravel(),
        "rank_below": pd.arrays.IntegerArray(below, below == 0),
    }
    return _typed(pd.DataFrame(columns))


def probes(run: ProbeRun) -> pd.DataFrame:
    """A row a layer: the probe's accuracy and all that it must be compared to, 0 to 1.

    `compression` is NaN where the online code was not measured.
    """
    columns = {name: [getattr(layer, name) for layer in run.layers] for name in OF_PROBES}
    named = {"layer": np.array(run.about.depths, object)}
    return _typed(pd.DataFrame(named | columns | {"compression": list(run.compressions)}))


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    kinds = {name: KINDS.get(kind.kind) for name, kind in frame.dtypes.items()}
    return frame.astype({name: kind for name, kind in kinds.items() if kind})
