import pytest

from lxmert_viz.picture import Picture
from lxmert_viz.ui.server.variant import RegionsAsked, Variant
from lxmert_viz.ui.what_if.history import LONGEST, History


def variant(text: str) -> Variant:
    return Variant("miniature", RegionsAsked("trained"), Picture.of(b"picture"), text)


@pytest.fixture
def history() -> History:
    steps = History()
    steps.begin("first", variant("a"))
    steps.change("second", variant("b"))
    steps.change("third", variant("c"))
    return steps


def names(history: History) -> list[str]:
    return [step.name for step in history.steps]


def test_a_change_is_compared_with_what_it_came_from(history: History) -> None:
    assert history.step(history.now).name == "third"
    assert history.step(history.before).name == "second"
    history.restore(1)
    history.change("fourth", variant("d"))
    assert history.step(history.before).name == "first"


def test_a_beginning_is_compared_with_itself(history: History) -> None:
    history.begin("another picture", variant("e"))
    assert history.before == history.now


def test_steps_are_named_reordered_and_removed(history: History) -> None:
    history.rename(2, "  mine ")
    history.rename(1, "   ")
    assert names(history) == ["first", "mine", "third"]
    history.move(3, -1)
    assert names(history) == ["first", "third", "mine"]
    history.move(1, -1)
    assert names(history) == ["first", "third", "mine"]
    history.remove(2)
    assert names(history) == ["first", "third"]
    assert history.before == history.now  # what it was compared with is gone
    with pytest.raises(ValueError, match="in use"):
        history.remove(history.now)


def test_the_oldest_steps_leave_but_never_one_on_the_page(history: History) -> None:
    history.restore(1)
    history.compare_with(2)
    for turn in range(LONGEST + 5):
        history.restore(1)
        history.change(f"more {turn}", variant(str(turn)))
    assert len(history.steps) == LONGEST
    assert history.step(1).name == "first"
    assert "second" not in names(history)
