"""The table of grades: how every method of relevance does where the causes are known."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from lxmert_viz.analysis.significance import interval_of
from lxmert_viz.errors import CheckpointError
from lxmert_viz.runs.known_causes import ALL, CONTENDED

GRADES = "explanations.csv"  # beside a checkpoint's weights: how methods do there
RANDOM = "random"  # a map of noise: what a method must do better than
SIGN_PAIRS = 32  # of orders, where signs are graded: a competitor's effect is small beside others
SHARES = {  # columns that are shares of examples, and get an interval
    "points_right": "the top region is one that the question is about",
    "sign_right": "the region that speaks for the other answer has a negative number",
}
MEANS = {  # columns that are means over examples
    "mass": "share of positive relevance on regions that the question is about",
    "rank": "share of those regions among as many top ones",
    "area_positive": "answers kept as the most relevant regions leave first; low is good",
    "area_negative": "answers kept as the least relevant regions leave first; high is good",
    "violations": "share of regions whose sign is not that of their own removal's effect",
    "other_target": "rank correlation with the map for another answer; low is good",
    "random_head": "rank correlation with the map of a shuffled answer head; low is good",
    "other_removal": "rank correlation with the map where features are zeroed; high is good",
    "forwards": "of the network, a map",
    "seconds": "of the processor, a map",
}


def _columns() -> list[str]:
    shares = [f"{name}{part}" for name in SHARES for part in ("_of", "", "_low", "_high")]
    return ["method", "type", "left_out", "examples", "seen", *shares, *MEANS]


COLUMNS = _columns()


@dataclass
class Graded:
    """What one method did on the examples of one type."""

    count: int = 0
    values: dict[str, list[float]] = field(default_factory=dict)

    def add(self, found: dict[str, float]) -> None:
        self.count += 1
        for name, value in found.items():
            self.values.setdefault(name, []).append(value)


def line_of(method: str, kind: str, graded: Graded, seen: float) -> dict[str, object]:
    line: dict[str, object] = {"method": method, "type": kind, "examples": graded.count}
    line["seen"] = seen
    for name in SHARES:
        values = graded.values.get(name, [])
        line[f"{name}_of"] = len(values)
        found = interval_of(float(np.mean(values)), len(values)) if values else (np.nan,) * 3
        line |= zip((name, f"{name}_low", f"{name}_high"), found, strict=True)
    for name in MEANS:
        values = graded.values.get(name, [])
        line[name] = float(np.mean(values)) if values else np.nan
    return line


def read_grades(path: Path) -> pd.DataFrame:
    """A table that `grade` made and `check explanations --out` wrote. Raises CheckpointError."""
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read as a table ({error}).") from error
    if list(table.columns) != COLUMNS:
        raise CheckpointError(f"{path} is not what `check explanations` writes; write it again.")
    texts = {name: table[name].fillna("").astype(str) for name in ("method", "type", "left_out")}
    return table.assign(**texts)


def lines_of(table: pd.DataFrame) -> Iterator[str]:
    """The table as a person reads it on a terminal: a line a method, then what was left out."""
    yield f"{'method':<22}{'examples':>9}{'points right':>26}{'sign right':>26}{'mass':>7}"
    signs = table[table.type == CONTENDED].set_index("method")
    for row in table[(table.method != "") & (table.type == ALL)].itertuples():
        right = _share(row.points_right, row.points_right_low, row.points_right_high)
        sign = "-"
        if row.method in signs.index:
            own = signs.loc[row.method]
            sign = _share(own.sign_right, own.sign_right_low, own.sign_right_high)
        yield f"{row.method:<22}{row.examples:>9}{right:>26}{sign:>26}{row.mass:>7.2f}"
    for row in table[table.method == ""].itertuples():
        yield f"left out: {row.left_out}, {row.type or 'of no type'} ({row.examples})"


def _share(share: float, low: float, high: float) -> str:
    return "-" if np.isnan(share) else f"{share:.1%} ({low:.0%} to {high:.0%})"
