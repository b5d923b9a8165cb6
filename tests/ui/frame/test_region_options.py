"""How regions are found: what a person chooses reaches the detector, and its cost is said."""

import time
from threading import Event

import pytest
from streamlit.testing.v1 import AppTest

from lxmert_viz.records import Regions
from lxmert_viz.ui.server import waiting
from tests.helpers.small_page import Counted, texts
from tests.ui.frame.test_address import opened_at


@pytest.fixture
def seen(counted: Counted) -> list[Regions]:
    """Every result of the detector."""
    found: list[Regions] = []
    counted.see = lambda regions: found.append(regions) or regions
    return found


@pytest.fixture
def numbers(counted: Counted, seen: list[Regions], page: AppTest) -> AppTest:
    return page.toggle(key="regions.own").set_value(True).run()


def test_without_choices_the_profile_stays_as_it_is(page: AppTest, seen: list[Regions]) -> None:
    assert not page.toggle(key="regions.own").value
    assert not [s for s in page.slider if s.key.startswith("regions.")]


def test_the_number_of_regions_reaches_the_detector(numbers: AppTest, seen: list[Regions]) -> None:
    numbers.slider(key="regions.exactly").set_value(17).run()
    assert seen[-1].profile == "trained, regions=17, proposals=100"
    assert len(seen[-1]) == 17
    assert "17 regions" in texts(numbers)
    assert "trained, regions=17" in texts(numbers)  # the note that the model was trained otherwise


def test_a_score_with_limits_reaches_the_detector(numbers: AppTest, seen: list[Regions]) -> None:
    numbers.segmented_control(key="regions.how").set_value("By score").run()
    numbers.slider(key="regions.score").set_value(0.95)
    numbers.slider(key="regions.range").set_value((3, 20)).run()
    numbers.slider(key="regions.proposals").set_value(200).run()
    assert seen[-1].profile == "trained, score=0.95, least=3, most=20, proposals=200"
    assert 3 <= len(seen[-1]) <= 20
    assert not numbers.exception


def test_sliders_have_the_limits_of_the_detector_and_say_what_they_cost(numbers: AppTest) -> None:
    regions, proposals = (numbers.slider(key=f"regions.{k}") for k in ("exactly", "proposals"))
    assert (regions.min, regions.max) == (10, 100)
    assert (proposals.min, proposals.max) == (100, 1000)
    assert "twice as long" in proposals.help
    assert "trained with 36" in regions.help


def test_choices_stay_over_a_change_of_pages(numbers: AppTest, seen: list[Regions]) -> None:
    numbers.slider(key="regions.exactly").set_value(21).run()
    numbers.switch_page("lxmert_viz/ui/pages/attention_page.py").run()
    assert numbers.slider(key="regions.exactly").value == 21
    assert seen[-1].profile == "trained, regions=21, proposals=100"


@pytest.mark.parametrize(
    "asked",
    ["regions=50", "score=0.3", "score=0.3, least=2", "most=10", "proposals=1000"],
)
def test_a_link_leaves_open_what_the_sliders_cannot_show(asked: str, counted: Counted) -> None:
    page = opened_at({"profile": f"trained, {asked}"})  # a detector of 24 proposals, 8 regions
    assert not page.exception
    assert "cannot be followed" not in texts(page)
    assert page.toggle(key="regions.own").value
    name, number = asked.split("=", 1)
    if name == "regions":
        assert page.slider(key="regions.exactly").value == int(number)


def test_waiting_tells_the_stage_and_how_long_it_will_take() -> None:
    progress = waiting.Progress("looking for regions")
    progress.report("features", 0.0)
    assert progress.line() == "Looking for regions: features (0 s)"
    progress.report("regions", 0.0)
    time.sleep(0.05)
    progress.report("regions", 0.25)
    assert progress.line().startswith("Looking for regions: regions (0 s, about 0 s left")
    progress._began -= 10  # as if it had begun ten seconds before the report
    assert "about 30 s left" in progress.line()
    progress._began -= 8  # and as if the report were eight seconds old
    progress._reported -= 8
    assert "about 22 s left" in progress.line()
    progress.report("regions", 1.0)
    assert "left" not in progress.line()


def test_who_cancels_ends_the_work_at_its_next_report() -> None:
    progress, reached = waiting.Progress("looking"), Event()
    progress.stop.set()
    with pytest.raises(waiting.Stopped):
        progress.report("regions", 0.5)
        reached.set()
    assert not reached.is_set()
