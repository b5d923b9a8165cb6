"""Whose turn it is: quick before slow, visitors one after the other, nobody's work not at all."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from lxmert_viz.errors import BusyError
from lxmert_viz.ui.server import turns
from lxmert_viz.ui.server.turns import (
    MOST_TOGETHER,
    MOST_WAITING,
    QUICK_SECONDS,
    Kind,
    Piece,
    Together,
    Turns,
)

PATIENCE = 60  # seconds


@pytest.fixture
def queue() -> Turns:
    """Where looks are known to be slow, and asks to be quick."""
    made = Turns()
    for name, seconds in (("look", 4 * QUICK_SECONDS), ("ask", QUICK_SECONDS / 4)):
        made._kinds[name] = Kind()
        made._kinds[name].add(seconds, 0.0)
    return made


@pytest.fixture
def held(queue: Turns) -> Iterator[Callable[[str], Event]]:
    """Begins work of a kind that lasts until its event is set."""
    begun: list[Event] = []

    def hold(kind: str) -> Event:
        started, release = Event(), Event()
        begun.append(release)

        def work() -> None:
            started.set()
            release.wait(PATIENCE)

        queue.ask(kind, "somebody", work)
        assert started.wait(PATIENCE)
        return release

    yield hold
    for release in begun:
        release.set()


def test_what_work_gives_or_raises_reaches_who_asked(queue: Turns) -> None:
    assert queue.ask("ask", "ada", lambda: 42).result() == 42
    with pytest.raises(ZeroDivisionError):
        queue.ask("ask", "ada", lambda: 1 // 0).result()
    assert queue.ask("ask", "ada", lambda: "goes on").result() == "goes on"


def test_quick_work_passes_slow_work(queue: Turns, held: Callable[[str], Event]) -> None:
    held("look")
    slow = queue.ask("look", "ada", lambda: "seen")
    assert queue.ask("ask", "bob", lambda: "told").result() == "told"
    assert slow.begun is None


def test_visitors_take_turns(queue: Turns, held: Callable[[str], Event]) -> None:
    release, order = held("look"), []
    asked = [("ada", n) for n in range(3)] + [("bob", 0), ("eve", 0)]
    pieces = [queue.ask("look", who, lambda it=(who, n): order.append(it)) for who, n in asked]
    places = [queue.place(piece).ahead for piece in pieces]
    release.set()
    for piece in pieces:
        piece.result()
    assert order == [("ada", 0), ("bob", 0), ("eve", 0), ("ada", 1), ("ada", 2)]
    assert places == [1, 4, 5, 2, 3]


def test_a_place_says_how_long_it_may_take(
    queue: Turns, held: Callable[[str], Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr(turns.time, "monotonic", lambda: clock[0])
    held("look")
    clock[0] += QUICK_SECONDS
    first = queue.ask("look", "ada", lambda: None)
    second = queue.ask("look", "bob", lambda: None)
    assert queue.place(first) == (1, 3 * QUICK_SECONDS)
    assert queue.place(second) == (2, 7 * QUICK_SECONDS)
    new = queue.ask("never done before", "eve", lambda: None)
    assert queue.place(new) == (3, 11 * QUICK_SECONDS)
    assert queue.place(queue.ask("look", "eve", lambda: None)).seconds is None


def test_what_nobody_wants_is_passed_over(queue: Turns, held: Callable[[str], Event]) -> None:
    release, done, wanted = held("look"), [], [True]
    left = queue.ask("look", "ada", lambda: done.append("left"), lambda: wanted[0])
    stays = queue.ask("look", "bob", lambda: done.append("stays"))
    assert queue.place(stays).ahead == 2
    wanted[0] = False
    assert queue.place(stays).ahead == 1
    assert left not in queue.waiting()
    release.set()
    stays.result()
    assert done == ["stays"]


def test_a_kind_is_slow_until_it_was_quick_every_time(queue: Turns) -> None:
    kind = Kind()
    assert not kind.is_quick
    kind.add(QUICK_SECONDS / 2, 0.0)
    assert kind.is_quick
    kind.add(2 * QUICK_SECONDS, 0.0)
    assert not kind.is_quick
    assert kind.counts == [0, 0, 0, 0, 1, 1, 0, 0, 0, 0]


def test_quick_work_goes_on_where_something_quick_takes_its_time(
    queue: Turns, held: Callable[[str], Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was thought to be quick: the other thread helps before it takes more that is slow."""
    slow = held("look")
    held("ask")
    seen = queue.ask("look", "ada", lambda: None)
    told = queue.ask("ask", "bob", lambda: seen.begun)
    later = turns.time.monotonic() + 2 * QUICK_SECONDS
    monkeypatch.setattr(turns.time, "monotonic", lambda: later)
    slow.set()
    assert told.result() is None


def test_one_visitor_waits_for_so_much_and_others_still_may(
    queue: Turns, held: Callable[[str], Event]
) -> None:
    held("look")
    for _ in range(MOST_WAITING):
        queue.ask("look", "ada", lambda: None)
    with pytest.raises(BusyError, match="close some of your pages"):
        queue.ask("look", "ada", lambda: None)
    assert queue.ask("look", "bob", lambda: None)


def test_what_waits_and_can_be_done_in_one_go_is(
    queue: Turns, held: Callable[[str], Event]
) -> None:
    gone_through: list[list[int]] = []

    def doubled(numbers: Sequence[int]) -> list[int]:
        gone_through.append(list(numbers))
        return [2 * number for number in numbers]

    def ask(number: int, is_wanted: bool = True) -> Piece[int]:
        alone = Together(number, doubled)
        who = f"visitor {number % 4}"
        return queue.ask("ask", who, lambda: 2 * number, lambda: is_wanted, alone)

    releases = [held("look"), held("ask")]
    left, other = ask(100, is_wanted=False), queue.ask("ask", "eve", lambda: "alone")
    pieces = [ask(number) for number in range(MOST_TOGETHER + 1)]
    for release in releases:
        release.set()
    assert [piece.result() for piece in pieces] == [2 * n for n in range(MOST_TOGETHER + 1)]
    assert other.result() == "alone"
    assert [len(numbers) for numbers in gone_through] == [MOST_TOGETHER]
    assert left.begun is None


def test_an_error_in_one_go_meets_none_but_its_own_visitor(
    queue: Turns, held: Callable[[str], Event]
) -> None:
    def inverse(numbers: Sequence[int]) -> list[float]:
        return [1 / number for number in numbers]

    releases = [held("look"), held("ask")]
    pieces = [
        queue.ask("ask", str(n), lambda n=n: 1 / n, together=Together(n, inverse)) for n in (2, 0)
    ]
    short = [
        queue.ask("other", str(n), lambda n=n: n, together=Together(n, lambda numbers: []))
        for n in (3, 4)
    ]
    for release in releases:
        release.set()
    assert pieces[0].result() == 0.5
    with pytest.raises(ZeroDivisionError):
        pieces[1].result()
    assert [piece.result() for piece in short] == [3, 4]


def test_forty_visitors_at_once_get_their_own(queue: Turns) -> None:
    def ask(visitor: int) -> list[int]:
        pieces: list[Piece[int]] = [
            queue.ask("ask" if n % 2 else "look", str(visitor), lambda n=n: 100 * visitor + n)
            for n in range(8)
        ]
        return [piece.result() for piece in pieces]

    with ThreadPoolExecutor(40) as visitors:
        given = list(visitors.map(ask, range(40)))
    assert given == [[100 * visitor + n for n in range(8)] for visitor in range(40)]
    assert queue.waiting() == queue.running() == []
