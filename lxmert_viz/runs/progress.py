"""How far long work is, in words."""

import time

from lxmert_viz.records import Report


class Progress:
    """Says how many examples are done, how fast, and how long the rest takes."""

    def __init__(self, total: int, before: int, report: Report) -> None:
        self._total, self._done, self._report = total, before, report
        self._before, self._began = before, time.monotonic()
        report(f"{before:,} of {total:,} examples", before / total)

    def add(self, count: int, beside: str = "") -> None:
        """beside: what else a person should know, after the numbers."""
        self._done += count
        rate = (self._done - self._before) / max(time.monotonic() - self._began, 1e-9)
        left = spent((self._total - self._done) / rate)
        stage = f"{self._done:,} of {self._total:,} examples, {rate:.1f} a second, {left} left"
        self._report("; ".join(filter(None, (stage, beside))), self._done / self._total)


def spent(seconds: float) -> str:
    """A time span as a person says it: "40 s", "12 min", "3.5 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
