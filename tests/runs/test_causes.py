"""Causes over a dataset: means with intervals, a run that goes on, and steering."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.errors import DatasetError
from lxmert_viz.experiments import atlas, edges
from lxmert_viz.experiments import target as targets
from lxmert_viz.figures.knowing import by_depth
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
def scenes() -> Dataset:
    """The study set: drawn and looked at already."""
    return open_dataset(ASSETS / "study")


@pytest.fixture(scope="module")
def few(scenes: Dataset) -> Dataset:
    return replace(scenes, examples=scenes.examples[:4])


@pytest.fixture(scope="module")
def of_colours(scenes: Dataset) -> Dataset:
    """Questions about one thing's colour, which another thing can answer otherwise."""
    asked = [one for one in scenes.examples if one.valid and "red" in one.valid]
    return replace(scenes, examples=tuple(asked[:22]))


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
    assert table["examples"].iloc[0] == len(answered) > 2
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


def test_answers_follow_heads_that_are_chosen_by_their_effect(
    miniature: Pipeline, of_colours: Dataset
) -> None:
    found = steering.measure(miniature, of_colours, draws=2)
    assert list(found.table.columns) == steering.COLUMNS
    table = found.table.set_index("heads")
    every, drawn = table.loc[steering.EVERY], table.loc[f"{steering.RANDOM}, 2 draws"]
    chosen = table.loc[steering.CHOSEN]
    assert every["steered"] > 0.7 and every["unmoved"] < 0.3
    assert drawn["steered"] < chosen["steered"] / 2 and drawn["unmoved"] > chosen["unmoved"]
    assert chosen["low"] <= chosen["steered"] <= chosen["high"] and chosen["high"] < 1
    assert len(found.heads) == len(set(found.heads)) == 6 == chosen["number"] == drawn["number"]
    assert chosen["which"].split(",")[0].startswith("lang_from_vision.")
    assert found.gaze.shape == (16,) and found.gaze.max() > 0.7
    assert found.found_on + found.measured_on >= 12 and found.aims >= found.measured_on


def test_the_interval_counts_questions_and_not_their_regions() -> None:
    """Two questions of ten regions, all or none followed: two numbers, not twenty."""
    told = [(np.ones(10, bool), np.zeros(10, bool)), (np.zeros(10, bool), np.ones(10, bool))]
    mean, low, high, stays = steering.share(told)
    assert (mean, stays) == (0.5, 0.5) and (low, high) == (0, 1)
    alike = [(np.array([True, False]), np.zeros(2, bool))] * 8
    assert steering.share(alike)[:3] == (0.5, 0.5, 0.5)


def test_knowing_and_using_meet_at_both_ends(miniature: Pipeline, of_colours: Dataset) -> None:
    """The asked region is all that differs at first, the first word all that is read at last."""
    table = knowing.measure(miniature, of_colours)
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
