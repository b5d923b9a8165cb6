"""Who computes when: visitors take turns, and quick work passes slow work."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from threading import Event, RLock
from typing import Any, Generic, NamedTuple, TypeVar

from lxmert_viz.errors import BusyError

Result = TypeVar("Result")
QUICK_SECONDS = 1.0  # work of a kind that took less every time is quick
REMEMBERED = 50  # durations of a kind
MOST_KINDS = 500
MOST_WAITING = 16  # pieces of one visitor
MOST_TOGETHER = 8  # pieces that are done in one go
QUICK, SLOW = "quick", "slow"
BOUNDS_SECONDS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)  # of the histograms


class Together(NamedTuple):
    """How pieces of one kind are done in one go; what it gives stands in the order of `about`."""

    about: Any
    work: Callable[[Sequence[Any]], Sequence[Any]]


@dataclass(eq=False)
class Piece(Generic[Result]):
    """One piece of work, from when it is asked for until it is over."""

    kind: str  # what is done, with which model: what tells how long it may take
    visitor: str
    work: Callable[[], Result]
    is_wanted: Callable[[], bool]
    together: Together | None = None  # None: always alone
    asked: float = field(default_factory=time.monotonic)
    begun: float | None = None  # None: it waits
    over: Event = field(default_factory=Event)
    outcomes: Future[Sequence[Result]] | None = None  # of all that were done in one go with it
    order: int = 0  # its own among them

    def end(self, outcomes: Future[Sequence[Result]], order: int) -> None:
        self.outcomes, self.order = outcomes, order
        self.over.set()

    def result(self) -> Result:
        """What the work gave, or its error, once it is over."""
        self.over.wait()
        return self.outcomes.result()[self.order]


class Place(NamedTuple):
    ahead: int  # pieces that come first, those that run included
    seconds: float | None  # until it begins; None where too little is known


class Kind:
    """How long work of one kind took, and had to wait."""

    def __init__(self) -> None:
        self.lately: deque[float] = deque(maxlen=REMEMBERED)
        self.counts = [0] * (len(BOUNDS_SECONDS) + 1)  # of durations up to each bound, and above
        self.seconds = self.waited = 0.0  # in all

    def add(self, seconds: float, waited: float) -> None:
        self.lately.append(seconds)
        self.counts[sum(seconds > bound for bound in BOUNDS_SECONDS)] += 1
        self.seconds += seconds
        self.waited += waited

    @property
    def is_quick(self) -> bool:
        return bool(self.lately) and max(self.lately) < QUICK_SECONDS

    @property
    def expected(self) -> float:
        return sum(self.lately) / len(self.lately)


class Turns:
    """Two threads: one for quick work alone, one for slow work and, without any, for quick.

    Each lane goes round its visitors, a piece of each. What nobody wants any more is passed over;
    what can be done together with the piece whose turn it is comes with it.
    """

    def __init__(self) -> None:
        self._lock = RLock()
        self._lanes: dict[str, OrderedDict[str, deque[Piece]]] = {
            QUICK: OrderedDict(),
            SLOW: OrderedDict(),
        }
        self._pools = {lane: ThreadPoolExecutor(1, f"lxmert-viz {lane}") for lane in self._lanes}
        self._running: dict[str, list[Piece]] = {}  # by the pool's lane; several: in one go
        self._kinds: OrderedDict[str, Kind] = OrderedDict()

    def ask(
        self,
        kind: str,
        visitor: str,
        work: Callable[[], Result],
        is_wanted: Callable[[], bool] = lambda: True,
        together: Together | None = None,
    ) -> Piece[Result]:
        """Raises BusyError where the visitor waits for very much already.

        together: for pieces of this kind that may be done in one go. Where that fails, each is
        done alone, so that an error meets none but its own visitor.
        """
        piece = Piece(kind, visitor, work, is_wanted, together)
        with self._lock:
            waiting = self._lanes[self._lane_of(kind)].setdefault(visitor, deque())
            if sum(other.is_wanted() for other in waiting) >= MOST_WAITING:
                raise BusyError(
                    f"You wait for {MOST_WAITING} results already; close some of your pages."
                )
            waiting.append(piece)
            self._go_on()
        return piece

    def place(self, piece: Piece) -> Place:
        """Where a piece stands that has not begun."""
        with self._lock:
            lane = self._lane_with(piece)
            before = self._before(piece, lane)
            ahead = [*self._running.get(lane, ()), *before]
            times = [self._left(other) for other in ahead]
        known = [seconds for seconds in times if seconds is not None]
        return Place(len(ahead), sum(known) if len(known) == len(times) else None)

    def kinds(self) -> dict[str, Kind]:
        with self._lock:
            return dict(self._kinds)

    def running(self) -> list[Piece]:
        with self._lock:
            return [piece for pieces in self._running.values() for piece in pieces]

    def waiting(self) -> list[Piece]:
        """Those that somebody waits for."""
        with self._lock:
            lanes = [queue for lane in self._lanes.values() for queue in lane.values()]
            return [piece for queue in lanes for piece in queue if piece.is_wanted()]

    def _lane_of(self, kind: str) -> str:
        known = self._kinds.get(kind)
        return QUICK if known is not None and known.is_quick else SLOW

    def _lane_with(self, piece: Piece) -> str:
        quick = self._lanes[QUICK].get(piece.visitor, ())
        return QUICK if piece in quick else SLOW

    def _before(self, piece: Piece, lane: str) -> list[Piece]:
        """In the order in which they come: round by round."""
        queues = [[p for p in queue if p.is_wanted()] for queue in self._lanes[lane].values()]
        rounds = range(max(map(len, queues), default=0))
        order = [queue[turn] for turn in rounds for queue in queues if turn < len(queue)]
        return order[: order.index(piece)] if piece in order else []

    def _left(self, piece: Piece) -> float | None:
        kind = self._kinds.get(piece.kind)
        if kind is None or not kind.lately:
            return None
        done = 0.0 if piece.begun is None else time.monotonic() - piece.begun
        return max(kind.expected - done, 0.0)

    def _go_on(self) -> None:
        """Gives each thread that is free its next pieces."""
        for lane, pool in self._pools.items():
            pieces = [] if lane in self._running else self._next(lane)
            if pieces:
                self._running[lane] = pieces
                for piece in pieces:
                    piece.begun = time.monotonic()
                ended = partial(self._ended, lane, pieces)
                pool.submit(_outcomes, pieces).add_done_callback(ended)

    def _ended(self, lane: str, pieces: list[Piece], outcomes: Future[Sequence[Any]]) -> None:
        has_failed_together = len(pieces) > 1 and outcomes.exception() is not None
        with self._lock:
            del self._running[lane]
            if has_failed_together:  # whose fault it is shows when each is done alone
                self._put_back_alone(pieces)
            else:
                self._learn(pieces)
            self._go_on()
        if not has_failed_together:
            for order, piece in enumerate(pieces):
                piece.end(outcomes, order)

    def _put_back_alone(self, pieces: list[Piece]) -> None:
        """Their visitors come first again."""
        for piece in reversed(pieces):
            piece.together, piece.begun = None, None
            visitors = self._lanes[self._lane_of(piece.kind)]
            visitors.setdefault(piece.visitor, deque()).appendleft(piece)
            visitors.move_to_end(piece.visitor, last=False)

    def _next(self, lane: str) -> list[Piece]:
        lanes = (QUICK,) if lane == QUICK else (SLOW, QUICK)
        if lane == SLOW and self._is_held_up():
            lanes = (QUICK, SLOW)
        for one in lanes:
            piece = self._taken(one)
            if piece is not None:
                return [piece, *self._with(piece, one)]
        return []

    def _with(self, first: Piece, lane: str) -> list[Piece]:
        """Takes those that are done with it in one go."""
        if first.together is None:
            return []
        others = [
            piece
            for queue in self._lanes[lane].values()
            for piece in queue
            if piece.kind == first.kind and piece.together and piece.is_wanted()
        ][: MOST_TOGETHER - 1]
        for piece in others:
            self._lanes[lane][piece.visitor].remove(piece)
        return others

    def _is_held_up(self) -> bool:
        """What was thought to be quick takes its time."""
        running = self._running.get(QUICK, ())
        return any(p.begun and time.monotonic() - p.begun > QUICK_SECONDS for p in running)

    def _taken(self, lane: str) -> Piece | None:
        queues = self._lanes[lane]
        while queues:
            visitor, queue = next(iter(queues.items()))
            piece = queue.popleft() if queue else None
            if queue:
                queues.move_to_end(visitor)
            else:
                del queues[visitor]
            if piece is not None and piece.is_wanted():
                return piece
        return None

    def _learn(self, pieces: list[Piece]) -> None:
        """Pieces that were done in one go share its time."""
        ended = time.monotonic()
        for piece in pieces:
            begun = piece.begun or piece.asked
            kind = self._kinds.setdefault(piece.kind, Kind())
            kind.add((ended - begun) / len(pieces), begun - piece.asked)
            self._kinds.move_to_end(piece.kind)
        while len(self._kinds) > MOST_KINDS:
            self._kinds.popitem(last=False)


def _outcomes(pieces: list[Piece]) -> list[Any]:
    """What each gives, in their order."""
    first, *others = pieces
    if not others:
        return [first.work()]
    found = first.together.work([piece.together.about for piece in pieces])
    return [result for _, result in zip(pieces, found, strict=True)]
