"""Work shared among the actors of a Ray cluster, until all of it is done or told why not.

An actor writes its results itself and answers with counts. In a round every piece is tried once;
what is left goes into the next one, away from machines that cannot do it. A piece that ended its
actor three times is halved, until the one row that does it is an error.
"""

import pickle
import socket
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from lxmert_viz.errors import ClusterError, LxmertVizError, MachineError
from lxmert_viz.runs.cluster.connecting import Cluster
from lxmert_viz.runs.cluster.pieces import Piece, forget_pieces, halved
from lxmert_viz.runs.evaluation import Counts
from lxmert_viz.runs.preparing import Shard
from lxmert_viz.whole_files import write_text

if TYPE_CHECKING:
    import numpy as np

TRIES = 3  # of a piece that ends its actors, before it is halved
NOTES = "begun"
NODE = "ray.io/node-id"  # Ray's own label
Batch = dict[str, "np.ndarray"]
Say = Callable[[str], None]


class Work(Protocol):
    """One kind of work, as it travels to the actors."""

    @property
    def folder(self) -> Path:
        """Of the run; all machines see it under this path."""

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


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an actor says of a piece: counts, or one of three reasons why there are none."""

    piece: Piece
    host: str
    node: str
    counts: Counts | None = None
    refusal: str = ""  # why this machine takes part in nothing
    fault: str = ""  # how this machine failed at the piece
    trace: str = ""  # of a fault of this program


class Actor:
    """Opens the work once, and does every piece that it is handed."""

    def __init__(self, work: Work, last: bool) -> None:
        import ray

        self._host, self._node = socket.gethostname(), ray.get_runtime_context().get_node_id()
        self._notes, self._refusal = work.folder / NOTES, ""
        self._alone = ThreadPoolExecutor(1)  # hands back whatever is raised in it
        try:
            self._make = work.open(last=last)
        except (LxmertVizError, OSError) as error:
            self._refusal = str(error)

    def __call__(self, batch: Batch) -> dict[str, list[bytes]]:
        """batch: "piece" (1,), pickled. Gives an Outcome, pickled."""
        piece = pickle.loads(batch["piece"][0])
        if self._refusal:
            outcome = self._outcome(piece, refusal=self._refusal)
        else:
            note = self._notes / piece.name  # stays where this process ends before the piece does
            error = self._alone.submit(write_text, note, self._host).exception()
            outcome = self._tried(piece) if error is None else self._failed(piece, error)
            note.unlink(missing_ok=True)
        return {"outcome": [pickle.dumps(outcome)]}

    def _tried(self, piece: Piece) -> Outcome:
        made = self._alone.submit(self._make, piece)
        error = made.exception()
        return self._failed(piece, error) if error else self._outcome(piece, counts=made.result())

    def _failed(self, piece: Piece, error: BaseException) -> Outcome:
        if isinstance(error, LxmertVizError | OSError):
            return self._outcome(piece, fault=str(error))
        return self._outcome(piece, trace="".join(traceback.format_exception(error)))

    def _outcome(self, piece: Piece, **told: object) -> Outcome:
        return Outcome(piece, self._host, self._node, **told)
