"""Counted by hand, and by chance."""

from itertools import product

import numpy as np
import pytest

from lxmert_viz.analysis.foil_metrics import (
    LENGTH,
    Items,
    auroc,
    beside,
    bootstrap,
    classified,
    measures,
    valse_accuracy,
)


def items(*rows: tuple[str, str, bool, str, str, str]) -> Items:
    texts, pictures, matches, pairs, kinds, sets = zip(*rows, strict=True)
    return Items(texts, pictures, np.array(matches), pairs, kinds, sets)


def squares(count: int) -> Items:
    return items(
        *(
            (f"t{n}{text}", f"p{n}{picture}", text == picture, f"{n}", "", "")
            for n in range(count)
            for text, picture in product((0, 1), repeat=2)
        )
    )


PAIRS = items(
    ("a", "p", True, "1", "color", ""),
    ("a b", "p", False, "1", "color", ""),
    ("a b c", "q", True, "2", "side", ""),
    ("a", "q", False, "2", "side", ""),
    ("a", "q", True, "3", "side", ""),
    ("b b", "q", False, "3", "side", ""),
)


def test_a_tie_is_wrong_and_told() -> None:
    (pairwise,) = measures(PAIRS, np.array([2.0, 1.0, -1.0, -1.0, 0.5, 3.0]))
    assert pairwise.name == "pairwise" and pairwise.chance == 0.5
    assert pairwise.right.tolist() == [1, 0, 0]
    assert pairwise.tie_rate == pytest.approx(1 / 3)
    assert pairwise.by_kind() == {"color": (1.0, 1), "side": (0.0, 2)}
    assert pairwise.macro == 0.5 and pairwise.share == pytest.approx(1 / 3)


def test_a_pair_with_an_item_that_was_not_asked_is_not_counted() -> None:
    (pairwise,) = measures(PAIRS, np.array([2.0, np.nan, 1.0, -1.0, 0.5, 3.0]))
    assert pairwise.right.tolist() == [1, 0]


def test_with_several_foils_the_caption_beats_all() -> None:
    four = items(*((t, "p", t == "a", "1", "on", "") for t in "abcd"))
    assert measures(four, np.array([3.0, 1, 2, 0]))[0].right.tolist() == [1]
    (lost,) = measures(four, np.array([3.0, 1, 3, 0]))
    assert lost.right.tolist() == [0] and lost.ties.tolist() == [True] and lost.chance == 0.25


def test_valse_accuracy_leaves_out_foils_at_zero() -> None:
    scores = np.array([1.0, -1.0, -2.0, 0.0, 3.0, 2.0])
    # captions above 0: two of three; foils below 0: one of the two that are not at 0
    assert valse_accuracy(PAIRS, scores) == pytest.approx((2 / 3 + 1 / 2) / 2)


def test_each_text_alone() -> None:
    found = classified(PAIRS, np.array([1.0, -1.0, -2.0, 0.0, 3.0, 2.0]))
    assert found.right.tolist() == [1, 1, 0, 1, 1, 0]
    assert found.by_kind() == {"color": (1.0, 2), "side": (0.5, 4)}


def test_winograds_three_scores_by_hand() -> None:
    # rows: (t0, p0), (t0, p1), (t1, p0), (t1, p1)
    scores = np.array([4, 1, 2, 3, 4, 1, 5, 6, 4, 5, 2, 6, 1, 1, 1, 1.0])
    found = {counted.name: counted for counted in measures(squares(4), scores)}
    assert found["text score"].right.tolist() == [1, 0, 1, 0]
    assert found["image score"].right.tolist() == [1, 1, 0, 0]
    assert found["group score"].right.tolist() == [1, 0, 0, 0]
    assert found["group score"].ties.tolist() == [False, False, False, True]
    # of each picture alone
    assert found["pairwise"].right.tolist() == [1, 1, 0, 1, 1, 1, 0, 0]


def test_chance_gives_25_25_and_16_67() -> None:
    random = np.random.default_rng(3)
    count = 20_000
    found = measures(squares(count), random.normal(size=4 * count))
    shares = {counted.name: 100 * counted.share for counted in found}
    assert shares["text score"] == pytest.approx(25, abs=1)
    assert shares["image score"] == pytest.approx(25, abs=1)
    assert shares["group score"] == pytest.approx(16.67, abs=1)
    for counted in found:
        assert 100 * counted.chance == pytest.approx(shares[counted.name], abs=1)


def whats_up(answers: dict[str, int], things: str) -> list[tuple[str, str, bool, str, str, str]]:
    """answers: place -> which of its four texts wins; 0 is the true one."""
    return [
        (f"{things} {place} {n}", f"{things} {place}", n == 0, f"{things} {place}", place, things)
        for place in answers
        for n in range(4)
    ]


def test_whats_up_by_picture_pair_and_set() -> None:
    good = {"left_of": 0, "right_of": 0, "on": 0, "under": 0}
    half = {"left_of": 0, "right_of": 0, "on": 0, "under": 2}
    rows = [*whats_up(good, "cup plate"), *whats_up(half, "cup dog")]
    wins = [n == win for told in (good, half) for win in told.values() for n in range(4)]
    found = {c.name: c for c in measures(items(*rows), np.array(wins, float))}
    assert found["pairwise"].share == 7 / 8
    assert found["pair"].right.tolist() == [1, 1, 1, 0]
    assert found["set of 4"].right.tolist() == [1, 0]


def test_two_pictures_of_one_sentence() -> None:
    rows = [("s", "p", True, "1", "verb", ""), ("s", "q", False, "1", "verb", "")]
    (found,) = measures(items(*rows), np.array([1.0, 2.0]))
    assert (found.name, found.share) == ("right picture", 0.0)


def test_what_length_alone_does_stands_beside() -> None:
    found = beside(PAIRS, {"score": np.zeros(6)})
    (length,), (score,) = found[LENGTH], found["score"]
    # shorter wins in pairs 1 and 3, longer in pair 2
    assert length.right.tolist() == [1, 0, 1]
    assert score.share == 0 and score.tie_rate == 1


def test_units_of_one_picture_stand_or_fall_together() -> None:
    right = np.array([1.0] * 50 + [0.0] * 50)
    low, high = bootstrap(right, [str(n) for n in range(100)])
    assert low == pytest.approx(0.4, abs=0.02) and high == pytest.approx(0.6, abs=0.02)
    # two pictures alone: each draw has none, half or all of them right
    assert bootstrap(right, ["p"] * 50 + ["q"] * 50) == (0.0, 1.0)


def test_auroc_by_hand() -> None:
    matches = np.array([True, True, False, False])
    assert auroc(np.array([3.0, 1.0, 2.0, 0.0]), matches) == 0.75
    assert auroc(np.array([1.0, 1.0, 1.0, 1.0]), matches) == 0.5
    assert auroc(np.array([1.0, np.nan, 0.0, np.nan]), matches) == 1.0
    assert np.isnan(auroc(np.array([1.0, 2.0]), np.array([True, True])))
