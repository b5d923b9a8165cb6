"""GQA's metrics on toys that were worked out by hand."""

import numpy as np
import pytest

from lxmert_viz.analysis.gqa_metrics import consistency, distribution, in_tail, prior_answers, steps


def test_consistency_asks_only_what_follows_from_right_answers() -> None:
    ids = ["a", "b", "c", "d"]
    right = np.array([1.0, 1.0, 0.0, 1.0])
    entailed = [["a", "b", "c"], ["b"], ["a"], ["x", "c"]]
    found = consistency(ids, right, entailed)
    # a: of b and c one is right; b: itself does not count; c is wrong itself; d: x is not here
    assert found[[0, 3]].tolist() == [0.5, 0.0] and np.isnan(found[[1, 2]]).all()


def test_distribution_is_a_weighted_chi_square() -> None:
    gold = ["red", "red", "blue", "cat", "dog", "?"]
    answers = ["red", "red", "red", "cat", "dog", "?"]
    groups = ["color", "color", "color", "animal", "animal", ""]
    # color: (3-2)^2/2 + (0-1)^2/1 = 1.5 with weight 3; animal: 0 with weight 2
    assert distribution(answers, gold, groups) == pytest.approx(1.5 * 3 / 5 / 100)
    assert distribution(gold, gold, groups) == 0


def test_the_tail_is_what_is_rare_in_its_group() -> None:
    gold = ["red"] * 6 + ["blue"] * 3 + ["pink"] + ["yes"]
    groups = ["color"] * 10 + [""]
    # mean 10/3, limit 4: blue and pink are tail; at alpha -0.5 (limit 1.67) only pink
    assert in_tail(gold, groups) == [False] * 6 + [True] * 4 + [None]
    assert in_tail(gold, groups, -0.5) == [False] * 9 + [True, None]


def test_priors_leave_each_question_out() -> None:
    gold = ["red", "red", "blue", "dog"]
    assert prior_answers(gold, ["a", "a", "a", "b"]) == ["red", "red", "red", ""]
    assert prior_answers(["red", "blue"], ["a", "a"]) == ["blue", "red"]


def test_reading_out_is_no_step() -> None:
    assert steps(["select", "relate", "query name"]) == 2
    assert steps(["select", "filter color", "exist"]) == 2
    assert steps(["select", "query"]) == 2
