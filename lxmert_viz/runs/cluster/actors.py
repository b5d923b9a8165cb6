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
from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4

from lxmert_viz.errors import LxmertVizError, MachineError
from lxmert_viz.runs.cluster.connecting import Cluster
from lxmert_viz.runs.cluster.notes import Notes
from lxmert_viz.runs.cluster.passing import Desk, Made
from lxmert_viz.runs.cluster.pieces import Piece
from lxmert_viz.runs.cluster.work import Work
from lxmert_viz.runs.progress import Counts
from lxmert_viz.stores import Store

if TYPE_CHECKING:
    import numpy as np

OPENING = "opening-"
BEAT = 5.0  # seconds between two signs of life in a note
NODE = "ray.io/node-id"  # Ray's own label
Batch = dict[str, "np.ndarray"]
Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an actor says of a piece: counts, or one of four reasons why there are none."""

    piece: Piece
    host: str
    node: str
    process: int
    counts: Counts | None = None
    made: Made = ()  # what lies in the store for it
    refusal: str = ""  # why this machine takes part in nothing
    fault: str = ""  # how this machine failed at the piece
    end: LxmertVizError | None = None  # why nobody can do it, wherever
    trace: str = ""  # of a fault of this program


class Actor:
    """Opens the work once, and does every piece that it is handed."""

    def __init__(self, work: Work, last: bool, store: Store | None) -> None:
        """store: as Site has it."""
        import ray

        self._host, self._node = socket.gethostname(), ray.get_runtime_context().get_node_id()
        self._notes, self._refusal = Notes(store or Store.of(work.folder)), ""
        self._alone = ThreadPoolExecutor(1)  # hands back whatever is raised in it
        opened = self._noted(f"{OPENING}{uuid4().hex}", lambda: making(work, store, last=last))
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
            counts, names = made.result()
            return self._outcome(piece, counts=counts, made=names)
        if isinstance(error, MachineError | OSError):
            return self._outcome(piece, fault=str(error))
        if isinstance(error, LxmertVizError):
            return self._outcome(piece, end=error)
        return self._outcome(piece, trace="".join(traceback.format_exception(error)))

    def _noted(self, name: str, do: Callable[[], Done]) -> "Future[Done]":
        """What is done, or raised; its note stays where this process ends before that."""
        doing = self._alone.submit(lambda: self._notes.write(name, self._host) or do())
        while not wait((doing,), BEAT).done:
            with suppress(OSError):  # the next one will do
                self._notes.write(name, self._host)
        with suppress(OSError):
            self._notes.remove(name)
        return doing

    def _outcome(self, piece: Piece, **told: object) -> Outcome:
        return Outcome(piece, self._host, self._node, os.getpid(), **told)


def making(
    work: Work, store: Store | None, *, last: bool
) -> Callable[[Piece], tuple[Counts, Made]]:
    """What does a piece on this machine. store: as Site has it."""
    if store is not None:
        return Desk(work, store).open(last=last)
    make = work.open(last=last)
    return lambda piece: (make(piece), ())


def one_round(
    cluster: Cluster,
    work: Work,
    pieces: Sequence[Piece],
    away: Sequence[str],
    *,
    last: bool,
    store: Store | None = None,
) -> Iterator[Outcome]:
    """What actors say of each piece; nothing of those that ended their actor.

    away: ids of nodes that get none. last: as Work has it. store: as Site has it.
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
            fn_constructor_args=(work, last, store),
            label_selector={NODE: f"!in({','.join(away)})"} if away else None,
            # a retry would wait for the same actor, whose machine may be gone for good
            ray_remote_args_fn=lambda: {"max_task_retries": 0},
        )
    for row in made.iter_rows():
        yield pickle.loads(row["outcome"])
