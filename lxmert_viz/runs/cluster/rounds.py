"""Work shared among the actors of a Ray cluster, until all of it is done or told why not.

An actor writes its results itself and answers with counts. In a round every piece is tried once;
what is left goes into the next one, away from machines that cannot do it. A piece that ended its
actor three times is halved, until the one row that does it is an error.
"""

import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

from lxmert_viz.errors import ClusterError, MachineError
from lxmert_viz.runs.cluster.actors import OPENING, Outcome, one_round
from lxmert_viz.runs.cluster.connecting import Cluster, machines, reconnect
from lxmert_viz.runs.cluster.notes import Notes
from lxmert_viz.runs.cluster.passing import Post
from lxmert_viz.runs.cluster.pieces import PIECES, Piece, halved
from lxmert_viz.runs.cluster.work import Work
from lxmert_viz.runs.preparing import Shard
from lxmert_viz.runs.progress import Counts
from lxmert_viz.stores import Store

TRIES = 3  # of a shard that ends its actors, before it is halved, and of a row
WATCH = 5.0  # seconds between two looks at the machines
STALE = 120.0  # seconds without a sign of life from any actor: Ray waits for one that is gone
UNBEGUN = (
    600.0  # the same in a round of which nobody has told yet: a cluster may be full for a while
)
AT_THE_END = 2.0  # seconds for a round to be closed
Say = Callable[[str], None]


class _Stalled(Exception):
    """A round that would never end; says what Ray waits for."""


@dataclass(frozen=True, slots=True)
class Site:
    """A cluster that is connected, and what its actors open."""

    cluster: Cluster
    device: str  # of all actors
    model_folder: Path  # under this path on all machines
    say: Say  # what a person should know, a line each
    store: Store | None = None  # in place of a disk on which all machines see the run


@dataclass(frozen=True, slots=True)
class _Away:
    """A machine that gets no more pieces."""

    host: str
    why: str
    refused: bool  # else it failed at one


class Rounds:
    """All pieces of some shards, round after round."""

    def __init__(self, site: Site, work: Work, shards: Sequence[Shard]) -> None:
        self._cluster, self._work, self._say = site.cluster, work, site.say
        self._store = site.store and site.store.below(uuid4().hex)  # no other call's
        self._post = self._store and Post(self._store, work.folder)
        self._notes = Notes(self._store or Store.of(work.folder))
        shards = [replace(shard, path=shard.path.resolve()) for shard in shards]
        self._shards = {shard.number: shard for shard in shards}
        pieces = [Piece(shard.number, shard, work.folder) for shard in shards]
        self._waiting = {piece.name: piece for piece in pieces}
        self._away: dict[str, _Away] = {}  # by the id of its node
        self._there: dict[str, str] = {}  # id of a node -> its host
        self._lost: Counter[str] = Counter()  # how often a piece ended its actor
        self._actors: set[tuple[str, int]] = set()  # of this round: host and process
        shutil.rmtree(work.folder / PIECES, ignore_errors=True)  # of a run that was broken off

    def run(self) -> Iterator[Counts]:
        """Counts that add up to those of the shards. Raises ClusterError, MachineError, and what
        makes the work impossible anywhere."""
        try:
            self._notes.begin()
            yield from self._rounds()
        except OSError as error:
            if self._store is None:
                raise
            raise ClusterError(
                f"What goes through {self._store} failed: {error}. The same call goes on "
                "from there."
            ) from error
        finally:
            with suppress(OSError):  # the next call has a folder of its own
                self._notes.clear()
                if self._store is not None:
                    self._store.clear()
        shutil.rmtree(self._work.folder / PIECES, ignore_errors=True)

    def _rounds(self) -> Iterator[Counts]:
        while self._waiting:
            away, last = self._machines_away()
            pieces, told = list(self._waiting.values()), 0
            self._actors.clear()
            for note in self._notes.names(OPENING):  # of actors that ended with their round
                self._notes.remove(note)
            if self._post is not None:
                self._post.give(pieces)
            given = (self._cluster, self._work, pieces, away)
            round_ = one_round(*given, last=last, store=self._store)
            try:
                for outcome in self._attended(round_, away):
                    told += 1
                    yield from self._taken(outcome, last)
            except _Stalled as stalled:
                self._say(f"Ray waits for {stalled}: the rest begins anew.")
                reconnect(self._cluster)
            else:
                if not told and not {piece.name for piece in pieces} & {*self._notes.names()}:
                    raise ClusterError("No actor of the cluster began any work: see Ray's log.")
            for piece in pieces:
                if piece.name in self._waiting:
                    yield from self._again(piece)

    def _attended(self, outcomes: Iterator[Outcome], away: Sequence[str]) -> Iterator[Outcome]:
        """The same; meanwhile machines are watched.

        Raises ClusterError or _Stalled where nothing would ever come, and Ray would wait.
        """
        fetching, heard = ThreadPoolExecutor(1), time.monotonic()
        try:
            while True:
                coming = fetching.submit(next, outcomes, None)
                while not wait((coming,), WATCH).done:
                    self._check_there(away)
                    heard = time.monotonic() if self._notes.lives(STALE) else heard
                    if time.monotonic() - heard > (STALE if self._actors else UNBEGUN):
                        raise _Stalled("an actor that does not come back")
                outcome, heard = coming.result(), time.monotonic()
                if outcome is None:
                    return
                self._watch()
                yield outcome
        finally:
            wait((fetching.submit(outcomes.close),), AT_THE_END)
            fetching.shutdown(wait=False)  # what still waits for Ray ends with the connection

    def _check_there(self, away: Sequence[str]) -> None:
        """Raises _Stalled where all that are left are away in this round, ClusterError where no
        machine is left, or no model can be opened."""
        self._watch()
        if not self._there:
            raise ClusterError(
                "All machines that could do it left the cluster. The same call goes on from there."
            )
        if not self._there.keys() - set(away):
            raise _Stalled("machines that left the cluster")  # what the others can do is told next
        opening = self._notes.names(OPENING)
        if not self._actors and len(opening) > (1 + TRIES) * self._cluster.workers:
            hosts = sorted({host for note in opening if (host := self._notes.read(note))})
            raise ClusterError(
                f"Actors on {', '.join(hosts)} end again and again while they open the model, as "
                "without enough memory: give fewer --workers. What Ray says is in its log."
            )

    def _taken(self, outcome: Outcome, last: bool) -> Iterator[Counts]:
        self._actors.add((outcome.host, outcome.process))
        if outcome.trace:
            raise RuntimeError(f"on {outcome.host}: {outcome.trace}")
        if outcome.end is not None:
            raise outcome.end
        if outcome.counts is not None:
            if self._post is not None:
                self._post.take(outcome.piece, outcome.made)
            yield from self._finished(outcome.piece, outcome.counts)
            return
        why, refused = outcome.refusal or outcome.fault, bool(outcome.refusal)
        if last and not refused:
            raise MachineError(f"{outcome.host}: {why}")
        if outcome.node not in self._away:
            self._away[outcome.node] = _Away(outcome.host, why, refused)
            what = "takes no part" if refused else f"failed at part {outcome.piece.name}"
            self._say(f"{outcome.host} {what}: {why}")

    def _finished(self, piece: Piece, counts: Counts) -> Iterator[Counts]:
        del self._waiting[piece.name]
        tried = sum(self._lost.values())
        beside = f"actors: {len(self._actors)}" + (f", lost: {tried}" if tried else "")
        if piece.is_whole:
            yield replace(counts, beside=beside)
            return
        yield replace(counts, beside=beside, shards=0)
        if not any(other.of == piece.of for other in self._waiting.values()):
            self._work.join(self._shards[piece.of], piece.folder)
            yield replace(counts, rows=0, pictures=0, errors=0, beside=beside)

    def _again(self, piece: Piece) -> Iterator[Counts]:
        """What becomes of a piece that no actor told of, or that a machine could not do."""
        host = self._notes.read(piece.name)
        if host is None:
            return
        self._notes.remove(piece.name)
        self._lost[piece.name] += 1
        tries, rows = self._lost[piece.name], piece.shard.rows
        self._say(f"An actor on {host} ended at part {piece.name} ({rows:,} rows), try {tries}.")
        if tries < (TRIES if piece.is_whole or rows == 1 else 1):
            return
        if rows == 1:
            why = f"Asking it ended the process that did so, {tries} times, last on {host}."
            self._work.give_up(piece, why)
            yield from self._finished(piece, Counts(1, 1, 1, host))
            return
        del self._waiting[piece.name]
        for half in halved(piece, self._work.middle(piece.shard)):
            self._waiting[half.name] = half

    def _machines_away(self) -> tuple[list[str], bool]:
        """Ids of nodes that get nothing in the next round, and whether it is the last resort.

        Raises ClusterError where no machine is left.
        """
        self._watch()
        able = [node for node in self._there if node not in self._away]
        willing = [n for n in self._there if n not in self._away or not self._away[n].refused]
        if not willing:
            told = "; ".join(f"{away.host}: {away.why}" for away in self._away.values())
            raise ClusterError(
                f"No machine of the cluster can do it. {told}"
                if told
                else f"No machine of the cluster has {self._cluster.needs(self._work.device)}."
            )
        last = not able or len(willing) == 1
        kept = willing if last else able
        return [node for node in self._away if node not in kept], last

    def _watch(self) -> None:
        """Tells of machines that are gone."""
        now = machines(self._cluster, self._work.device)
        for node, host in self._there.items():
            if node not in now:
                self._say(f"{host} left the cluster; what it did not finish is done elsewhere.")
        self._there = now
