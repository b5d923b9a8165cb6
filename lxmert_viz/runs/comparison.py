"""Two runs compared: how much better the second is, and whether that is more than chance."""

from dataclasses import dataclass, replace

from lxmert_viz.analysis.significance import Interval, holm, mcnemar, paired_interval
from lxmert_viz.results.two_runs import BROKEN, FIXED, TwoRuns


@dataclass(frozen=True, slots=True)
class Change:
    """Rows of one kind in both runs."""

    value: str  # "": all rows
    rows: int  # scored in both runs
    before: float  # mean score
    after: float
    gain: Interval  # 95%
    fixed: int
    broken: int
    p: float  # McNemar's exact test; corrected (Holm) over the values that were compared


def overall(runs: TwoRuns, text: str = "") -> Change | None:
    """None where no row is scored in both runs."""
    before, after = runs.scores(text)
    if not len(before):
        return None
    counts = runs.changes(text)
    return Change(
        value="",
        rows=len(before),
        before=float(before.mean()),
        after=float(after.mean()),
        gain=paired_interval(before, after),
        fixed=counts[FIXED],
        broken=counts[BROKEN],
        p=mcnemar(counts[FIXED], counts[BROKEN]),
    )


def by_type(runs: TwoRuns, by: str, text: str = "", most: int = 50) -> list[Change]:
    """One for each of the most frequent values of a column, the most frequent first."""
    values = [str(value) for value in runs.by_type(by, text)["value"][:most]]
    found = [(value, overall(runs, f'{text} {by}="{value}"'.strip())) for value in values]
    kept = [(value, change) for value, change in found if change is not None]
    corrected = holm([change.p for _, change in kept])
    return [
        replace(change, value=value, p=p)
        for (value, change), p in zip(kept, corrected, strict=True)
    ]
