"""GQA's metrics on toys that were worked out by hand."""

import pytest

from lxmert_viz.analysis.gqa_metrics import (
    distribution,
    leaders,
    prior_answer,
    rare_answers,
    steps,
)


def test_distribution_is_a_weighted_chi_square() -> None:
    gold = ["red", "red", "blue", "cat", "dog", "?"]
    answers = ["red", "red", "red", "cat", "dog", "?"]
    groups = ["color", "color", "color", "animal", "animal", ""]
    # color: (3-2)^2/2 + (0-1)^2/1 = 1.5 with weight 3; animal: 0 with weight 2
    assert distribution(answers, gold, groups) == pytest.approx(1.5 * 3 / 5 / 100)
    assert distribution(gold, gold, groups) == 0


def test_the_tail_is_what_is_rare_in_its_group() -> None:
    counts = {"color": {"red": 6, "blue": 3, "pink": 1}}
    # mean 10/3, limit 4: blue and pink are tail; at alpha -0.5 (limit 1.67) only pink
    assert rare_answers(counts) == {"color": {"blue", "pink"}}
    assert rare_answers(counts, -0.5) == {"color": {"pink"}}


def test_priors_leave_each_question_out() -> None:
    leading = leaders({"a": {"red": 2, "blue": 1}, "b": {"dog": 1}, "c": {"red": 1, "blue": 1}})
    assert [prior_answer(leading["a"], own) for own in ("red", "blue")] == ["red", "red"]
    assert prior_answer(leading["b"], "dog") == ""
    assert [prior_answer(leading["c"], own) for own in ("red", "blue")] == ["blue", "red"]


def test_reading_out_is_no_step() -> None:
    assert steps(["select", "relate", "query name"]) == 2
    assert steps(["select", "filter color", "exist"]) == 2
    assert steps(["select", "query"]) == 2
