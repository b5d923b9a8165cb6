"""Steps that are put back are those of a history, whatever anybody kept in the store."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lxmert_viz.experiments.edits import OPERATORS, PictureEdit
from lxmert_viz.forms import check_words
from lxmert_viz.picture import Picture
from lxmert_viz.ui.server.variant import OwnBox, RegionsAsked, Variant
from lxmert_viz.ui.what_if import kept_steps
from lxmert_viz.ui.what_if.history import History
from tests.helpers.changed_json import change

PICTURE = Picture.of(b"mine")
MODELS = ("miniature",)


def written() -> bytes:
    boxes = (OwnBox((0.0, 0.25, 1.0, 1.0), "a cube", -1),)
    asked = RegionsAsked("trained", (("regions", 12), ("proposals", 150)), boxes)
    first = Variant("miniature", asked, PICTURE, "what is red?")
    steps = History()
    steps.begin("what is red?", first)
    edit = PictureEdit(OPERATORS[1], (0,), 3)
    steps.change("blank", Variant("miniature", RegionsAsked("trained"), PICTURE, "red?", edit))
    return kept_steps.written(steps)


def read(kept: bytes) -> kept_steps.Kept:
    return kept_steps.read(kept, {PICTURE.digest: PICTURE}.get, MODELS)


def test_what_was_written_comes_back() -> None:
    found = read(written())
    assert (len(found.steps), found.now, found.before, found.lost) == (2, 2, 1, 0)
    assert found.steps[0].variant.asked.numbers == (("regions", 12), ("proposals", 150))


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_any_change_is_read_or_a_value_error(data: st.DataObject) -> None:
    told = json.loads(written())
    change(told, data)
    try:
        steps = read(json.dumps(told).encode()).steps
    except ValueError:
        return
    for step in steps:
        check_words(step)
        check_words(step.variant)
    assert len({step.number for step in steps}) == len(steps)


@pytest.mark.parametrize("kept", [b"", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"steps": 1}'])
def test_what_is_no_history_is_a_value_error(kept: bytes) -> None:
    with pytest.raises(ValueError):
        read(kept)
