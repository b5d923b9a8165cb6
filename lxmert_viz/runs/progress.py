"""How far long work is, in words."""

import time
from dataclasses import dataclass

from lxmert_viz.records import Report


@dataclass(frozen=True, slots=True)
class Counts:
    """What was done: of a shard, or of a piece of one, whose counts add up to the shard's."""

    rows: int
    pictures: int  # or pairs of them
    errors: int  # rows without an answer
    host: str
    shards: int = 1  # finished with this
    beside: str = ""  # what else a person should know just now


class Progress:
    """Says how many things are done, how fast, and how long the rest takes."""

    def __init__(self, total: int, before: int, report: Report, things: str = "examples") -> None:
        self._total, self._done, self._report, self._things = total, before, report, things
        self._before, self._began = before, time.monotonic()
        report(f"{before:,} of {total:,} {things}", before / total)

    def add(self, count: int, beside: str = "") -> None:
        """beside: what else a person should know, after the numbers."""
        self._done += count
        rate = (self._done - self._before) / max(time.monotonic() - self._began, 1e-9)
        left = spent((self._total - self._done) / rate)
        done = f"{self._done:,} of {self._total:,} {self._things}"
        stage = f"{done}, {rate:.3g} a second, {left} left"
        self._report("; ".join(filter(None, (stage, beside))), self._done / self._total)


def spent(seconds: float) -> str:
    """A time span as a person says it: "40 s", "12 min", "3.5 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
