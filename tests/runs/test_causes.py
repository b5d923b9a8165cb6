"""Causes over a dataset: means with intervals, a run that goes on, and steering."""

import json
from pathlib import Path

import numpy as np
import pytest

from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.errors import DatasetError
from lxmert_viz.experiments import atlas, edges
from lxmert_viz.experiments import target as targets
from lxmert_viz.figures.knowing import by_depth
from lxmert_viz.miniature.world.study import write_study
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.places import ASSETS
from lxmert_viz.runs import causes, knowing, steering
from lxmert_viz.runs.causes import View

ATLAS = View(causes.ATLAS)


@pytest.fixture(scope="module")
def miniature() -> Pipeline:
    if not (ASSETS / "miniature" / "model.safetensors").exists():
        pytest.skip("the miniature's weights are not here")
    return Pipeline.open("miniature", device="cpu")


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("scenes")
    write_study(folder, 9_820_000, 8)
    return open_dataset(folder)


@pytest.fixture(scope="module")
def few(scenes: Dataset) -> Dataset:
    from dataclasses import replace

    return replace(scenes, examples=scenes.examples[:8])


def test_the_atlas_of_a_set_is_the_mean_of_its_examples_and_goes_on(
    miniature: Pipeline, few: Dataset, tmp_path: Path
) -> None:
    table = causes.measure(miniature, few, ATLAS, tmp_path)
    answered = list(causes.answered_right(miniature, few, lambda stage, share: None))
    own = []
    for one in answered:
        seen, text = one.regions, one.example.text
        (scores,) = miniature.score_many([(seen, text)])
        target = targets.top_answer(miniature, scores)
        found = atlas.atlas(miniature, seen, text, target)
        own.append(found.scores("exact"))
    assert table["examples"].iloc[0] == len(answered) > 4
    assert np.allclose(table["effect"], np.mean(own, axis=0), atol=1e-4)
    assert (table["effect_low"] <= table["effect"]).all()
    dead = table[table["head"].str.startswith("cross layer 4, regions read")]
    assert len(dead) == 8 and (dead[["effect", "effect_low", "effect_high"]] == 0).all(axis=None)
    areas = causes.areas_table(causes.lines_of(tmp_path)).set_index("ranking")
    assert areas.loc["exact", "cpr"] > areas.loc["random", "cpr"]
    assert 0 <= causes.recall_of(table) <= 1

    lines = (tmp_path / causes.LINES).read_text().splitlines(keepends=True)
    (tmp_path / causes.LINES).write_text("".join(lines[:2]) + lines[2][:40])  # killed here
    again = causes.measure(miniature, few, ATLAS, tmp_path)
    assert np.allclose(again["effect"], table["effect"], atol=1e-5)
    ids = [json.loads(line)["id"] for line in (tmp_path / causes.LINES).read_text().splitlines()]
    assert len(ids) == len(set(ids)) == len(answered)
    with pytest.raises(DatasetError, match="holds a run with view 'atlas'"):
        causes.measure(miniature, few, View(causes.EDGES), tmp_path)


def test_edges_of_a_set_are_told_by_type_of_question(
    miniature: Pipeline, few: Dataset, tmp_path: Path
) -> None:
    table = causes.measure(miniature, few, View(causes.EDGES, width=3), tmp_path)
    whole = table[table["type"] == "all"]
    assert "all" in set(table["type"]) and len(set(table["type"])) > 2
    names = set(whole["edge"])
    assert {edges.CONTROL, "words read the asked regions", "words read the other regions"} <= names
    last = whole[(whole["edge"] == "regions read words") & (whole["layer"] == 4)]
    assert whole["change_percent"].min() < -10
    assert len(last) == 1 and last["examples"].item() == whole["examples"].max()


def test_answers_follow_all_heads_that_are_forced_and_not_random_ones(
    miniature: Pipeline, scenes: Dataset
) -> None:
    found = steering.measure(miniature, scenes, draws=2)
    table = found.table.set_index("heads")
    every = table.loc["all heads of words read regions"]
    drawn = table.loc["as many random heads, 2 draws"]
    gazing = table.iloc[0]
    assert every["steered"] > 0.7 and every["unmoved"] < 0.3
    assert drawn["steered"] < every["steered"] / 2 and gazing["unmoved"] > every["unmoved"]
    assert len(found.heads) == 6 and gazing["number"] == drawn["number"] == 6
    assert found.gaze.shape == (16,) and found.gaze.max() > 0.7


def test_knowing_and_using_meet_at_both_ends(miniature: Pipeline, tmp_path: Path) -> None:
    """The asked region is all that differs at first, the first word all that is read at last."""
    write_study(tmp_path, 9_830_000, 24)
    table = knowing.measure(miniature, open_dataset(tmp_path))
    first, last = table["depth"].iloc[0], table["depth"].iloc[-1]
    cells = table.set_index(["place", "depth"])
    assert (first, last) == ("embeddings", "cross layer 4")
    begin, end = cells.loc["asked region", first], cells.loc["first word", last]
    assert begin["effect"] == pytest.approx(1, abs=1e-3) and begin["control"] == 0
    assert end["effect"] == pytest.approx(1, abs=1e-3) and abs(end["control"]) < 1e-3
    assert abs(cells.loc["asked region", last]["effect"]) < 1e-6
    assert cells.loc["first word", first]["effect"] == 0
    assert begin["examples"] >= knowing.FEWEST and begin["probe"] >= begin["majority"]
    figure = by_depth(table, "miniature")
    assert len(figure.data) == 7 and "unseen pictures" in figure.layout.title.subtitle.text


def test_too_few_questions_are_said(miniature: Pipeline, few: Dataset) -> None:
    with pytest.raises(DatasetError, match="bring more scenes"):
        steering.measure(miniature, few, draws=1)
