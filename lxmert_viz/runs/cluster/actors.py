"""One round of work on a Ray cluster: every piece is handed to an actor once."""

import os
import pickle
import socket
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar
from uuid import uuid4

from lxmert_viz.errors import LxmertVizError, MachineError
from lxmert_viz.runs.cluster.connecting import Cluster
from lxmert_viz.runs.cluster.pieces import Piece
from lxmert_viz.runs.preparing import Shard
from lxmert_viz.runs.progress import Counts
from lxmert_viz.whole_files import write_text

if TYPE_CHECKING:
    import numpy as np

NOTES = "begun"
OPENING = "opening-"
BEAT = 5.0  # seconds between two signs of life in a note
NODE = "ray.io/node-id"  # Ray's own label
Batch = dict[str, "np.ndarray"]
Done = TypeVar("Done")


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
    """What an actor says of a piece: counts, or one of four reasons why there are none."""

    piece: Piece
    host: str
    node: str
    process: int
    counts: Counts | None = None
    refusal: str = ""  # why this machine takes part in nothing
    fault: str = ""  # how this machine failed at the piece
    end: LxmertVizError | None = None  # why nobody can do it, wherever
    trace: str = ""  # of a fault of this program


class Actor:
    """Opens the work once, and does every piece that it is handed."""

    def __init__(self, work: Work, last: bool) -> None:
        import ray

        self._host, self._node = socket.gethostname(), ray.get_runtime_context().get_node_id()
        self._notes, self._refusal = work.folder / NOTES, ""
        self._alone = ThreadPoolExecutor(1)  # hands back whatever is raised in it
        opened = self._noted(f"{OPENING}{uuid4().hex}", lambda: work.open(last=last))
        error = opened.exception()
        if error is None:
            self._make = opened.result()
        elif isinstance(error, LxmertVizError | OSError):
            self._refusal = str(error)
        else:
            raise error

    def __call__(self, batch: Batch) -> dict[str, list[bytes]]:
        """batch: "piece" (1,), pickled. Gives an Outcome, pickled."""
        piece = pickle.loads(batch["piece"][0])
        if self._refusal:
            outcome = self._outcome(piece, refusal=self._refusal)
        else:
            outcome = self._made(piece)
        return {"outcome": [pickle.dumps(outcome)]}

    def _made(self, piece: Piece) -> Outcome:
        made = self._noted(piece.name, lambda: self._make(piece))
        error = made.exception()
        if error is None:
            return self._outcome(piece, counts=made.result())
        if isinstance(error, MachineError | OSError):
            return self._outcome(piece, fault=str(error))
        if isinstance(error, LxmertVizError):
            return self._outcome(piece, end=error)
        return self._outcome(piece, trace="".join(traceback.format_exception(error)))

    def _noted(self, name: str, do: Callable[[], Done]) -> "Future[Done]":
        """What is done, or raised; its note stays where this process ends before that."""
        note = self._notes / name
        doing = self._alone.submit(lambda: write_text(note, self._host) or do())
        while not wait((doing,), BEAT).done:
            with suppress(OSError):  # the next one will do
                os.utime(note)
        with suppress(OSError):
            note.unlink(missing_ok=True)
        return doing

    def _outcome(self, piece: Piece, **told: object) -> Outcome:
        return Outcome(piece, self._host, self._node, os.getpid(), **told)


def one_round(
    cluster: Cluster, work: Work, pieces: Sequence[Piece], away: Sequence[str], *, last: bool
) -> Iterator[Outcome]:
    """What actors say of each piece; nothing of those that ended their actor.

    away: ids of nodes that get none. last: as Work has it.
    """
    import ray.data

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = context.print_on_execution_start = False
    context.max_errored_blocks = -1  # a lost piece is tried in the next round
    rows = [{"piece": pickle.dumps(piece)} for piece in pieces]
    count = min(cluster.workers, len(rows))
    pool = ray.data.ActorPoolStrategy(
        min_size=1, max_size=count, initial_size=count, max_tasks_in_flight_per_actor=1
    )
    with warnings.catch_warnings():
        # Ray 2.64 will take options of actors in another way, which 2.60 does not have yet
        warnings.simplefilter("ignore", DeprecationWarning)
        made = ray.data.from_items(rows, override_num_blocks=len(rows)).map_batches(
            Actor,
            batch_size=1,
            compute=pool,
            num_cpus=cluster.processors,
            num_gpus=cluster.gpus if work.device == "cuda" else 0,
            fn_constructor_args=(work, last),
            label_selector={NODE: f"!in({','.join(away)})"} if away else None,
            # a retry would wait for the same actor, whose machine may be gone for good
            ray_remote_args_fn=lambda: {"max_task_retries": 0},
        )
    for row in made.iter_rows():
        yield pickle.loads(row["outcome"])
