"""The truth table's own truth: a network whose cause is known by construction."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lxmert_viz.errors import PictureError
from lxmert_viz.experiments import target
from lxmert_viz.experiments.relevance import METHODS, explain
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Answer, Example, GoldObject, Regions, Scores
from lxmert_viz.runs import truth as truth_room
from lxmert_viz.runs.grades import RANDOM, lines_of
from lxmert_viz.runs.known_causes import ALL, CONTENDED, NO_OTHER, STAYS, Truth, readings, truth_of
from lxmert_viz.runs.truth import grade


@pytest.fixture(scope="module")
def regions(tiny_pipeline: Pipeline, photograph: bytes) -> Regions:
    return tiny_pipeline.look(photograph)


def example(pipeline: Pipeline, regions: Regions, *about: int) -> Example:
    """A question whose right answer is the network's own, about these regions."""
    text = "what color is the large cube?"
    boxes = [tuple(regions.boxes_unit[place].tolist()) for place in about]
    answer = pipeline.answers(pipeline.score_many([(regions, text)])[0], 1)[0].text
    objects = tuple(GoldObject(str(n), "thing", box) for n, box in enumerate(boxes))
    return Example(
        "q", "p", text, (answer,), objects=objects, types={"detailed": "attribute: attribute"}
    )


def test_an_example_counts_where_its_cause_can_be_seen(
    tiny_pipeline: Pipeline, regions: Regions
) -> None:
    every = example(tiny_pipeline, regions, *range(len(regions)))
    blind = tiny_pipeline.score_many([(regions.only(()), every.text)])[0]
    assert tiny_pipeline.answers(blind, 1)[0].text != every.right  # else it could not be seen
    found = truth_of(tiny_pipeline, every, regions)
    assert found.gold.all() and found.target.name.startswith(f"{every.right} rather than ")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"answers": ("mauve",)}, "answered wrong"),
        ({"objects": None}, "nothing is marked"),
        ({"objects": (GoldObject("0", "thing", (0, 0, 0.001, 0.001)),)}, "an object has no region"),
    ],
)
def test_why_an_example_does_not_count(
    tiny_pipeline: Pipeline, regions: Regions, change: dict[str, object], why: str
) -> None:
    whole = example(tiny_pipeline, regions, *range(len(regions)))
    assert truth_of(tiny_pipeline, replace(whole, **change), regions) == why


def test_every_method_has_its_rows_and_noise_a_row_too(
    tiny_pipeline: Pipeline, regions: Regions
) -> None:
    asked = example(tiny_pipeline, regions, *range(len(regions)))
    wrong = replace(asked, answers=("mauve",))
    table = grade(tiny_pipeline, [(asked, regions), (wrong, regions)], 2)
    rows = table.set_index(["method", "type"])
    for method in (*METHODS, RANDOM):
        row = rows.loc[(method, ALL)]
        assert row.examples == 1
        assert (row.points_right, row["rank"]) == (1, 1)  # every region is one that counts
        assert 0 <= row.area_positive <= 1
        is_signed = method == RANDOM or METHODS[method].is_signed
        assert np.isnan(row.violations) != is_signed
    assert rows.loc[("occlusion", ALL)].violations == 0  # it is what signs are held against
    assert rows.loc[("attention", ALL)].other_target == pytest.approx(1)  # blind to the target
    assert rows.loc[("attention", ALL)].random_head == pytest.approx(1)  # nor reads the head
    assert rows.loc[("occlusion", ALL)].random_head < 0.99
    assert rows.loc[("occlusion", ALL)].seen == 1
    assert rows.loc[("", "attribute")].left_out == "answered wrong"
    assert len(list(lines_of(table))) == 1 + len(METHODS) + 1 + 1


def test_an_error_in_place_of_regions_is_left_out(
    tiny_pipeline: Pipeline, regions: Regions
) -> None:
    asked = example(tiny_pipeline, regions, 0)
    table = grade(tiny_pipeline, [(asked, PictureError("gone"))], 1)
    told = table[["method", "left_out", "type", "examples"]].values.tolist()
    assert told == [["", "no regions", "attribute", 1]]
    assert isinstance(table, pd.DataFrame)


def test_a_count_has_a_row_of_its_own_against_one_less(
    tiny_pipeline: Pipeline, regions: Regions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tiny network's answers renamed, so that its own answer is a count."""
    asked = example(tiny_pipeline, regions, *range(len(regions)))
    names = [*tiny_pipeline.answer_vocabulary]
    names[names.index(asked.right)], names[-1 if names[-1] != asked.right else 0] = "3", "2"
    monkeypatch.setattr(tiny_pipeline, "answer_vocabulary", tuple(names))
    count = replace(asked, answers=("3",), types={"detailed": "count: count"})
    table = grade(tiny_pipeline, [(count, regions)], 1, methods=("occlusion",))
    found = table[table.method == "occlusion"].type.tolist()
    assert found == [ALL, "count", "count, rather than one less"]


class Paper:
    """A pipeline that is a table: places of the regions that it sees -> logits of the answers."""

    answer_vocabulary = ("red", "blue", "gray")

    def __init__(self, said: dict[tuple[int, ...], list[float]]) -> None:
        self._said = said

    def score_many(self, pairs: list[tuple[Regions, str]]) -> list[Scores]:
        seen = [tuple(regions.object_ids.tolist()) for regions, _ in pairs]
        return [Scores(np.array(self._said[places]), None) for places in seen]

    def answers(self, scores: Scores, count: int) -> list[Answer]:
        order = np.argsort(-scores.answer_logits)[:count]
        return [Answer(self.answer_vocabulary[place], 1.0) for place in order]


def contest(pipeline: Paper) -> Truth | str:
    """Which is "red": the large red cube, beside a small blue one and a gray ball."""
    names = ("large red cube", "small blue cube", "large gray ball")
    boxes = np.array([[0, 0, 0.3, 0.3], [0.4, 0.4, 0.6, 0.6], [0.7, 0.7, 1, 1]])
    regions = Regions.from_arrays(
        boxes * 100, np.zeros((3, 2)), (100, 100), names=names, object_ids=np.arange(3)
    )
    objects = (GoldObject("0", "cube", tuple(boxes[0].tolist())),)
    asked = Example("q", "p", "?", ("red",), objects=objects, types={"detailed": "contended: x"})
    truth = truth_of(pipeline, asked, regions)
    return truth if isinstance(truth, str) else dict(readings(pipeline, asked, truth))[(CONTENDED,)]


WHOLE, NO_RED, NEITHER = (0, 1, 2), (1, 2), (2,)


def test_a_competitor_is_known_where_its_answer_comes_up_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(target, "check_head", lambda pipeline, kind: None)
    said = {WHOLE: [5.0, 1.0, 4.0], NO_RED: [0.0, 3.0, 1.0], NEITHER: [0.0, 1.0, 2.0]}
    found = contest(Paper(said))
    assert found.competitor == 1
    assert found.target.name == "red rather than blue"  # though gray is the runner-up
    assert contest(Paper(said | {NEITHER: [0.0, 4.0, 2.0]})) == NO_OTHER  # it does not speak for it
    assert contest(Paper(said | {NO_RED: [0.0, 1.0, 3.0]})) == NO_OTHER  # no gray cube is there
    assert contest(Paper(said | {NO_RED: [3.0, 1.0, 0.0]})) == STAYS


def test_signs_are_judged_against_the_competitor(
    tiny_pipeline: Pipeline, regions: Regions, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = example(tiny_pipeline, regions, 0)
    whole = tiny_pipeline.score_many([(regions, asked.text)])[0]
    truth = Truth(
        regions,
        asked.text,
        target.top_answer(tiny_pipeline, whole),
        np.arange(len(regions)) == 0,
        competitor=3,
    )
    monkeypatch.setattr(truth_room, "truth_of", lambda *given: truth)
    monkeypatch.setattr(truth_room, "readings", lambda *given: [((CONTENDED,), truth)])
    table = grade(tiny_pipeline, [(asked, regions)], 1, methods=("occlusion",))
    row = table.set_index("method").loc["occlusion"]
    own = explain(tiny_pipeline, regions, asked.text, "occlusion").regions[3]
    assert (row.sign_right, row.sign_right_of) == (float(own < 0), 1)
    assert "sign right" in next(lines_of(table))
