"""VQA's soft accuracy against its closed form and hand-worked cases of the official script."""

import pytest

from lxmert_viz.analysis.vqa_accuracy import (
    CONTRACTIONS,
    People,
    normalised,
)


@pytest.mark.parametrize(
    ("same", "score"), [(0, 0.0), (1, 0.3), (2, 0.6), (3, 0.9), (4, 1.0), (7, 1.0), (10, 1.0)]
)
def test_ten_people_follow_the_closed_form(same: int, score: float) -> None:
    others = [f"other {n}" for n in range(10 - same)]
    assert People(["net"] * same + others).accuracy("net") == pytest.approx(score)


@pytest.mark.parametrize(
    ("answer", "compared"),
    [
        ("The red  car", "red car"),
        ("two", "2"),
        ("none", "0"),
        ("Dont know", "don't know"),
        ("couldntve", "couldntve"),
        ("couldnt've", "couldn't've"),
        ("t-shirt", "t shirt"),
        ("t- shirt", "t shirt"),
        ("1,000", "1000"),
        ("half/half", "half half"),
        ("yes.", "yes"),
        ("3.5", "3.5"),
        ("what?", "what"),
        ("it's", "it's"),
        ("a\nb", "b"),
    ],
)
def test_answers_are_compared_as_the_official_script_does(answer: str, compared: str) -> None:
    assert normalised(answer) == compared


def test_nothing_is_normalised_where_all_people_agree() -> None:
    assert People(["2"] * 10).accuracy("two") == 0
    assert People(["2"] * 9 + ["3"]).accuracy("two") == 1


def test_the_table_has_the_script_s_own_slips() -> None:
    assert CONTRACTIONS["somebody'd"] == "somebodyd"
    assert "shes" not in CONTRACTIONS and "lets" not in CONTRACTIONS and "im" not in CONTRACTIONS
    assert CONTRACTIONS["'ow'sat"] == "'ow's'at"


def test_of_few_answers_one_is_enough() -> None:
    assert People(["red", "blue"]).accuracy("red") == 1 == People(["a"]).accuracy("a")
    with pytest.raises(ValueError, match="no answers"):
        People([]).accuracy("x")


def test_the_ceiling_is_below_one_where_people_scatter() -> None:
    scattered = ["a b", "c", "d", "e", "f", "g", "h", "i", "j", "j"]
    assert People(scattered).attainable() == pytest.approx(0.6)
