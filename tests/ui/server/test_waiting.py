"""Every page on a server whose workers are busy, so that each piece of work shows its wait."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lxmert_viz.places import APP
from lxmert_viz.ui.frame import navigation
from lxmert_viz.ui.frame.navigation import EDIT, Page
from lxmert_viz.ui.server import waiting
from tests.helpers.small_page import SECONDS, Counted

AT_ONCE, OTHERS = 0.02, 0.06  # seconds: until a wait shows, and of other people's work before ours
ADDRESS = {"text": "is the ball red?", "off": "1_2"}  # What if? with a step
COMPARED = {"with": "picture", "other": "scene-2"}


class BusyPool(ThreadPoolExecutor):
    """One worker, who does somebody else's work before each piece of ours."""

    def submit(self, work: Callable[..., Any], /, *told: Any) -> Future:
        super().submit(time.sleep, OTHERS)
        return super().submit(work, *told)


@pytest.fixture
def busy(counted: Counted, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What the waits say that show."""
    said: list[str] = []
    watch = waiting._watch

    def seen(future: Future, progress: waiting.Progress, key: str) -> None:
        said.append(progress.title)
        watch(future, progress, key)

    with BusyPool(1) as pool:
        monkeypatch.setattr(waiting, "workers", lambda: pool)
        monkeypatch.setattr(waiting, "AT_ONCE_SECONDS", AT_ONCE)
        monkeypatch.setattr(waiting, "_watch", seen)
        yield said


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
