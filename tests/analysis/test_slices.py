"""Planted weak groups are found, and chance is not."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from lxmert_viz.analysis.significance import difference
from lxmert_viz.analysis.slices import suggest
from lxmert_viz.results.row_filter import spelled

RANDOM = np.random.default_rng(5)
N = 4000
COLORS = RANDOM.choice(["red", "blue", "green"], N)
KINDS = RANDOM.choice(["query", "verify"], N)
IDS = [f"q{n}" for n in range(N)]


def test_chance_gives_no_slice() -> None:
    score = (RANDOM.random(N) < 0.7).astype(float)
    assert suggest(pd.DataFrame({"color": COLORS, "kind": KINDS}), score) == []


def test_small_groups_without_a_hit_are_chance_where_hits_are_rare() -> None:
    score = (RANDOM.random(N) < 0.05).astype(float)
    thing = [f"thing {n % 50}" for n in range(N // 4)] + [None] * (N - N // 4)
    assert min(Counter(thing).values()) == 20  # a third of them has no hit
    assert suggest(pd.DataFrame({"thing": thing}), score) == []


def test_pairs_that_are_no_worse_count_among_those_that_were_looked_at() -> None:
    weak = COLORS == "red"
    score = (RANDOM.random(N) < np.where(weak, 0.7, 0.8)).astype(float)
    (found,) = [
        s
        for s in suggest(pd.DataFrame({"color": COLORS, "kind": KINDS}), score)
        if s.terms == (("color", "red"),)
    ]
    looked_at = 3 + 2 + 3 * 2  # this one is the least likely by chance
    alone = difference(score[weak], score[~weak])
    assert found.p == pytest.approx(min(1, looked_at * alone))


def test_a_weak_value_is_found_with_its_numbers() -> None:
    weak = COLORS == "red"
    score = (RANDOM.random(N) < np.where(weak, 0.4, 0.8)).astype(float)
    found = suggest(pd.DataFrame({"color": COLORS, "id": IDS}), score)
    assert [s.terms for s in found] == [(("color", "red"),)]
    assert found[0].rows == weak.sum()
    assert (found[0].score, found[0].rest) == (
        pytest.approx(score[weak].mean()),
        pytest.approx(score[~weak].mean()),
    )
    compared = 3  # red, blue and green were looked at
    assert found[0].p == pytest.approx(min(1, compared * difference(score[weak], score[~weak])))
    assert found[0].lost == pytest.approx(weak.sum() * (score[~weak].mean() - score[weak].mean()))


def test_terms_that_hold_the_same_rows_are_one_slice() -> None:
    weak = COLORS == "red"
    score = (RANDOM.random(N) < np.where(weak, 0.4, 0.8)).astype(float)
    told = pd.DataFrame({"color": COLORS, "other": np.where(weak, "a", "b")})
    (found,) = suggest(told, score)
    assert found.terms == (("color", "red"),)
    assert found.same == ((("other", "a"),),)


def test_a_weak_pair_is_found_where_its_values_alone_are_less_weak() -> None:
    weak = (COLORS == "red") & (KINDS == "query")
    score = (RANDOM.random(N) < np.where(weak, 0.1, 0.8)).astype(float)
    found = suggest(pd.DataFrame({"color": COLORS, "kind": KINDS}), score)
    assert (("color", "red"), ("kind", "query")) in [s.terms for s in found]


def test_missing_values_belong_to_no_group() -> None:
    color = [None if c == "red" else c for c in COLORS.tolist()]
    score = (RANDOM.random(N) < np.where(COLORS == "red", 0.2, 0.8)).astype(float)
    assert suggest(pd.DataFrame({"color": color}), score) == []
    named = ["none" if c is None else c for c in color]
    assert [s.terms for s in suggest(pd.DataFrame({"color": named}), score)] == [
        (("color", "none"),)
    ]


def test_truths_and_counts_are_terms_as_a_filter_spells_them() -> None:
    tail = pd.array([True, False, None, None] * (N // 4), "boolean")
    words = pd.array([10, 9, 9, None] * (N // 4), "Int64")
    score = (RANDOM.random(N) < np.where(np.arange(N) % 4 == 0, 0.2, 0.8)).astype(float)
    found = suggest(pd.DataFrame({"tail": tail, "words": words}), score)
    (same,) = found  # both hold the same rows
    assert (same.terms, same.same) == ((("tail", True),), ((("words", 10),),))
    assert [spelled(value) for terms in (same.terms, *same.same) for _, value in terms] == [
        "yes",
        "10",
    ]
