"""Every page on a server whose workers are busy, so that each piece of work shows its wait."""

import time
from collections.abc import Callable
from threading import Event
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lxmert_viz.errors import BusyError
from lxmert_viz.places import APP
from lxmert_viz.ui.frame import navigation
from lxmert_viz.ui.frame.navigation import EDIT, Page
from lxmert_viz.ui.server import waiting
from lxmert_viz.ui.server.turns import Piece, Turns
from tests.helpers.small_page import SECONDS, Counted

AT_ONCE, OTHERS = 0.02, 0.06  # seconds: until a wait shows, and of other people's work before ours
ADDRESS = {"text": "is the ball red?", "off": "1_2"}  # What if? with a step
COMPARED = {"with": "picture", "other": "scene-2"}


class BusyTurns(Turns):
    """Does somebody else's work before each piece of ours."""

    def ask(self, kind: str, visitor: str, work: Callable[[], Any], *wanted: Any) -> Piece:
        def after_others() -> Any:
            time.sleep(OTHERS)
            return work()

        return super().ask(kind, visitor, after_others, *wanted)


@pytest.fixture
def busy(counted: Counted, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the waits say that show."""
    said: list[str] = []
    watch = waiting._watch

    def seen(piece: Piece, progress: waiting.Progress, key: str) -> None:
        said.append(progress.title)
        watch(piece, progress, key)

    busy = BusyTurns()
    monkeypatch.setattr(waiting, "turns", lambda: busy)
    monkeypatch.setattr(waiting, "AT_ONCE_SECONDS", AT_ONCE)
    monkeypatch.setattr(waiting, "_watch", seen)
    return said


def opened_at(place: Page) -> AppTest:
    page = AppTest.from_file(str(APP), default_timeout=SECONDS)
    page.query_params.update(ADDRESS | COMPARED)
    return page.run().switch_page(place.path).run()


@pytest.mark.parametrize("place", navigation.ALL, ids=lambda place: place.title)
def test_a_page_whose_waits_meet_stands(place: Page, busy: list[str]) -> None:
    page = opened_at(place)
    assert not page.exception
    assert not page.error
    assert busy


def test_the_same_work_is_waited_for_twice_on_what_if(busy: list[str]) -> None:
    page = opened_at(EDIT)
    assert not page.exception
    assert any(busy.count(title) > 1 for title in busy)


def test_a_wait_says_who_comes_before_and_then_what_is_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue, started, release = Turns(), Event(), Event()
    monkeypatch.setattr(waiting, "turns", lambda: queue)

    def somebodys() -> None:
        started.set()
        release.wait(SECONDS)

    queue.ask("looking", "somebody", somebodys)
    assert started.wait(SECONDS)
    progress = waiting.Progress("asking the model")
    piece = queue.ask("asking", "ada", lambda: None)
    assert waiting._line(piece, progress) == "Asking the model: 1 other is before you"
    for _ in range(3):
        queue.ask("looking", "bob", lambda: None)
    last = queue.ask("asking", "bob", lambda: None)
    assert waiting._line(last, progress) == "Asking the model: 5 others are before you"
    release.set()
    piece.result()
    assert waiting._line(piece, progress) == "Asking the model (0 s)"


def test_strangers_work_ends_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    progress = waiting.Progress("proving it")
    later = time.monotonic() + 2 * waiting.PUBLIC_SECONDS
    monkeypatch.setattr(waiting.time, "monotonic", lambda: later)
    progress.report("orders", 0.5)
    monkeypatch.setenv("LXMERT_VIZ_PUBLIC", "1")
    with pytest.raises(BusyError, match="Proving it took more than 120 s"):
        progress.report("orders", 0.5)
