import numpy as np
import pytest

from lxmert_viz.analysis.answers import Change, best, changes, closest, spelled, standing, top
from lxmert_viz.records import Answer, Standing

ANSWERS = (
    Answer("Red", 0.5),
    Answer("light blue", 0.3),
    Answer("green", 0.15),
    Answer("2", 0.05),
)


@pytest.mark.parametrize("count", [1, 2, 5, 39, 40, 50])
def test_the_best_are_the_first_of_all_in_order_and_equal_ones_keep_theirs(count: int) -> None:
    shares = np.random.default_rng(0).integers(0, 6, 40).astype(np.float32) / 6
    ranked = sorted(range(40), key=lambda place: -shares[place])
    assert best(shares, count).tolist() == ranked[:count]
    assert best(np.zeros(9, np.float32), count).tolist() == list(range(9))[:count]


@pytest.mark.parametrize("typed", ["light blue", "LIGHT Blue", "  light   blue "])
def test_a_typed_answer_is_found_whatever_its_case_and_spaces(typed: str) -> None:
    assert standing(ANSWERS, typed) == Standing("light blue", 0.3, 2, 4)


@pytest.mark.parametrize("typed", ["", "lightblue", "blue"])
def test_only_a_whole_answer_is_found(typed: str) -> None:
    assert standing(ANSWERS, typed) is None


def test_the_first_answer_has_rank_one() -> None:
    assert standing(ANSWERS, "red") == Standing("Red", 0.5, 1, 4)


def test_top_keeps_the_order_and_adds_what_was_asked_for() -> None:
    assert [s.rank for s in top(ANSWERS, 2, ("2", "RED"))] == [1, 2, 4]


def test_top_of_few_answers_is_all_of_them() -> None:
    assert [s.text for s in top(ANSWERS, 10)] == ["Red", "light blue", "green", "2"]


def test_a_slip_of_the_finger_finds_the_answer_meant() -> None:
    vocabulary = [answer.text for answer in ANSWERS]
    assert closest(vocabulary, "Gren")[0] == "green"
    assert closest(vocabulary, "RD") == ["Red"]


def test_nothing_alike_suggests_nothing() -> None:
    assert closest(["red", "green"], "xylophone") == []


def test_spelling_ignores_case_beyond_ascii() -> None:
    assert spelled(" Groß\tStraße ") == spelled("GROSS strasse")


def test_changes_have_the_first_answers_of_both_sides() -> None:
    before = [Answer("yes", 0.7), Answer("no", 0.2), Answer("red", 0.1)]
    after = [Answer("no", 0.6), Answer("two", 0.3), Answer("yes", 0.1)]
    assert changes(before, after, 1) == [Change("no", 0.2, 0.6), Change("yes", 0.7, 0.1)]
    assert changes(before, after, 2)[1] == Change("two", None, 0.3)
