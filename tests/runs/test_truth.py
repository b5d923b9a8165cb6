"""The truth table's own truth: a network whose cause is known by construction."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lxmert_viz.errors import PictureError
from lxmert_viz.experiments.relevance import METHODS
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Example, GoldObject, Regions
from lxmert_viz.runs.truth import ALL, RANDOM, grade, lines_of, truth_of


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
    assert rows.loc[("", "answered wrong")].examples == 1
    assert len(list(lines_of(table))) == 1 + len(METHODS) + 1 + 1


def test_an_error_in_place_of_regions_is_left_out(
    tiny_pipeline: Pipeline, regions: Regions
) -> None:
    asked = example(tiny_pipeline, regions, 0)
    table = grade(tiny_pipeline, [(asked, PictureError("gone"))], 1)
    assert table[["method", "type", "examples"]].values.tolist() == [["", "no regions", 1]]
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
