"""What a run keeps of the network's inside: the pooled state and two statistics of every head."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from lxmert_viz.analysis.head_statistics import entropy, largest, mass_on
from lxmert_viz.records import Trace

STATE = "state"
STATISTICS = ("entropy", "largest")
GOLD = "gold"  # how much words look at the regions of what the question is about


def row_of(name: str, trace: Trace, gold: Sequence[int]) -> dict[str, object]:
    """gold: places of the regions that cover what the question is about."""
    row: dict[str, object] = {"question_id": name, STATE: trace.states["pooled"]}
    for family, maps in trace.attention.items():
        if not maps.size:
            continue
        row[f"entropy {family}"] = entropy(maps).ravel()
        row[f"largest {family}"] = largest(maps).ravel()
        if family == "lang_from_vision" and len(gold):
            row[f"{GOLD} {family}"] = mass_on(maps, list(gold)).ravel()
    return row


def as_table(rows: Sequence[dict[str, object]]) -> pa.Table:
    """One list of float32 a column; null where a row has no such map."""
    names = dict.fromkeys(name for row in rows for name in row if name != "question_id")
    columns: dict[str, pa.Array] = {
        "question_id": pa.array([row["question_id"] for row in rows], pa.string())
    }
    for name in sorted(names):
        values = [row.get(name) for row in rows]
        floats = [None if v is None else np.asarray(v, np.float32) for v in values]
        columns[name] = pa.array(floats, pa.list_(pa.float32()))
    return pa.table(columns)
