"""What is shared among machines: the one form that every kind of work has."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from lxmert_viz.runs.cluster.pieces import Piece
from lxmert_viz.runs.preparing import Shard
from lxmert_viz.runs.progress import Counts


class Work(Protocol):
    """One kind of work, as it travels to the actors."""

    @property
    def folder(self) -> Path:
        """Of the run; all machines see it under this path, unless they have a store."""

    @property
    def device(self) -> str: ...

    def open(self, *, last: bool) -> Callable[[Piece], Counts]:
        """On the actor's machine, once. Raises LxmertVizError or OSError where it cannot be done.

        What it gives raises MachineError for what another machine may do; unless `last`: then no
        other machine is left, and such rows are errors.
        """

    def middle(self, shard: Shard) -> int:
        """Before which row a shard is halved, so that each half computes what the whole would."""

    def give_up(self, piece: Piece, why: str) -> None:
        """Makes an error of a piece of one row."""

    def join(self, shard: Shard, pieces: Path) -> None:
        """Makes the results of a shard of those of all its pieces."""
