"""Several visitors at once, and what a server holds once they have gone."""

import asyncio
import random
import time
from pathlib import Path

import psutil

from benchmarks.sessions import (
    ACTS,
    Habits,
    Seen,
    View,
    alone,
    process_at,
    read,
    reads_alike,
    state,
    upload,
    visit,
)
from lxmert_viz.places import APP
from tests.helpers.page_client import Visitor, waited
from tests.helpers.served_page import served

VISITORS, PAGES = 6, 3
SECONDS = 120
BUDGET = """
import streamlit as st
from streamlit.runtime.caching.global_cache_budget import get_global_cache_budget
st.markdown(str(get_global_cache_budget().max_bytes))
"""
QUICKLY = """
import streamlit.config
application.REAP_EVERY_SECONDS = 0.5
streamlit.config._main_script_path = str(application.APP)
streamlit.config.set_option("server.disconnectedSessionTTL", 1)
"""


def test_pages_read_alike_but_for_the_last_digit_of_a_fraction() -> None:
    assert reads_alike("red 99.9%, 5 words, .412", "red 99.9%, 5 words, .413")
    assert not reads_alike("red 99.9%, 5 words", "red 99.7%, 5 words")
    assert not reads_alike("5 words", "6 words")
    assert not reads_alike("red 99.9%", "blue 99.9%")
    assert not reads_alike("0.5", "0.50")


def test_every_visitor_sees_what_they_would_see_alone(address: str) -> None:
    """The short form of benchmarks/sessions.py."""

    async def crowd() -> Seen:
        questions = ("what color is the large cube?", "is there a ring?")
        views: list[View] = [
            (page, example, question)
            for page in ("", "attention_page", "walk_page")
            for example in ("scene-1", "scene-2")
            for question in questions
        ]
        right, seen = await alone(address, views), Seen()
        assert len({right[view] for view in views}) == len(views)
        habits = Habits(PAGES)
        dice = [random.Random(number) for number in range(VISITORS)]
        crowd = [visit(address, one, right, habits, seen) for one in dice]
        crowd += [act(address, dice[0], seen) for act in (upload, *ACTS)]
        await asyncio.gather(*crowd)
        return seen

    seen = waited(crowd())
    assert sum(map(len, seen.seconds.values())) == VISITORS * PAGES
    assert (seen.wrong, seen.errors) == ([], [])


def test_who_left_leaves_nothing_open(tmp_path: Path) -> None:
    """Also on a quiet server, where Streamlit waits for the next one to leave."""

    def come(address: str, times: int) -> None:
        for _ in range(times):
            waited(read(address, ("", "scene-1", "is there a ring?")))

    with served(APP, setup=QUICKLY) as address:
        come(address, 2)
        server = process_at(address)
        after_few = _settled(server, 0)
        come(address, 12)
        after_many = _settled(server, after_few["open files"])
    assert after_many["open files"] <= after_few["open files"] + 3
    assert after_many["threads"] <= after_few["threads"] + 3


def test_results_of_all_visitors_are_bounded_together(tmp_path: Path) -> None:
    script = tmp_path / "budget.py"
    script.write_text(BUDGET)

    async def visit(address: str) -> str:
        visitor = await Visitor.come(address)
        await visitor.see()
        await visitor.leave()
        return visitor.text

    with served(script) as address:
        assert waited(visit(address)) == str(2**30)


def _settled(server: psutil.Process, at_most: int) -> dict[str, int]:
    """Once so few files are open, or nothing changed for some time."""
    deadline, quiet = time.monotonic() + SECONDS, 0
    last = state(server, Path("nowhere"))
    while quiet < 10 and time.monotonic() < deadline:
        time.sleep(0.5)
        now = state(server, Path("nowhere"))
        quiet = quiet + 1 if now["open files"] == last["open files"] else 0
        last = now
        if now["open files"] <= at_most:
            break
    return last
