"""What a row of the board's table is scored with."""

import pytest

from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.records import Answer, Example, Prediction
from lxmert_viz.runs.table import table_of


def test_baselines_are_scored_as_the_answers_are() -> None:
    """Three of ten people say pink: 9/10 by VQA's rule, whether with or without the picture."""
    people = ("red",) * 7 + ("pink",) * 3
    examples = (Example("1", "a", "what?", people), Example("2", "a", "is it true", matches=True))
    seen = Prediction("1", (Answer("pink", 0.8),), without_picture="pink", without_question="red")
    dataset = Dataset("two", "VQA", (), examples, {})
    rows = table_of(dataset, [seen, Prediction("2", match=0.9)], (), {}).to_pylist()
    names = ("score", "without_picture_score", "without_question_score", "prior_score")
    assert [rows[0][name] for name in names[:3]] == pytest.approx([0.9, 0.9, 1])
    assert rows[0]["prior_score"] is None  # there is no other question
    assert [rows[1][name] for name in names] == [1, None, None, None]
