"""Each rule fires on what it is for, and before those that stand after it."""

from dataclasses import replace

import pytest

from lxmert_viz.analysis.mistakes import (
    CAUSES,
    LOOKED_AWAY,
    LOOKED_RIGHT,
    Judged,
    cause,
    same_thing,
)

WRONG = Judged(answer="red", right="blue", score=0.0, ceiling=1.0)
CASES = {
    "ambiguous": {"ceiling": 0.9, "people": ("red", "blue"), "score": 0.3},
    "vocabulary": {"known": False},
    "wrong kind": {"valid": False},
    "implausible": {"plausible": False},
    "other words": {"answer": "The buses", "right": "bus"},
    "off by one": {"answer": "3", "right": "two"},
    "not seen": {"missed": 1},
    "prior": {"without_picture": "red"},
    "logic": {"structural": "logical", "contradicted": True},
    "no rule": {},
}


def test_every_cause_has_a_case() -> None:
    assert list(CASES) == [c for c in CAUSES if c not in (LOOKED_AWAY, LOOKED_RIGHT)]


@pytest.mark.parametrize("name", CASES)
def test_a_rule_fires(name: str) -> None:
    assert cause(replace(WRONG, **CASES[name])) == name


def test_the_first_rule_wins() -> None:
    everything = replace(WRONG, known=False, valid=False, missed=2, without_picture="red")
    assert cause(everything) == "vocabulary"
    assert cause(replace(everything, known=True)) == "wrong kind"
    assert cause(replace(everything, known=True, valid=True)) == "not seen"


def test_what_is_right_enough_has_no_cause() -> None:
    assert cause(replace(WRONG, score=0.6, known=False)) == ""


def test_the_kind_is_told_from_vqa_s_answer_type() -> None:
    assert cause(replace(WRONG, answer="yes", answer_type="number")) == "wrong kind"
    assert cause(replace(WRONG, answer="4", right="9", answer_type="number")) == "no rule"


def test_other_words_for_the_same_thing() -> None:
    assert (
        same_thing("boxes", "box") and same_thing("grey", "gray") and same_thing("ladies", "lady")
    )
    assert not same_thing("grass", "gras") and not same_thing("red", "blue")
