"""The miniature as it is shipped. What it must reach here is well below its model card."""

from pathlib import Path

import numpy as np
import pytest

from lxmert_viz.config import read_json
from lxmert_viz.miniature.training.evaluation import Measurement, measure, png
from lxmert_viz.miniature.world.drawing import draw
from lxmert_viz.miniature.world.examples import EXAMPLES
from lxmert_viz.miniature.world.pictures import ScenePictures
from lxmert_viz.miniature.world.questions import answer_names
from lxmert_viz.miniature.world.scenes import make_scene
from lxmert_viz.miniature.world.wording import word_pieces
from lxmert_viz.picture import decode
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.places import ASSETS

SEEDS = range(9_900_000, 9_900_024)


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return Pipeline.open("miniature", device="cpu")


@pytest.fixture(scope="module")
def measured(pipeline: Pipeline) -> Measurement:
    scenes = [make_scene(seed) for seed in SEEDS]
    drawings = [draw(scene) for scene in scenes]
    pictures = [d.picture for d in drawings]
    return measure(pipeline, ScenePictures(scenes, pictures, [d.boxes_px for d in drawings]), 6)


def test_the_detector_finds_nearly_every_object_and_names_it(measured: Measurement) -> None:
    assert measured.recall.share > 0.95
    assert measured.objects.share > 0.93
    assert measured.attributes.share > 0.93


def test_answers_on_fresh_scenes_are_nearly_all_right(measured: Measurement) -> None:
    assert measured.all_answers().total > 120
    assert measured.all_answers().share > 0.92


def test_true_captions_are_told_from_false_ones(measured: Measurement) -> None:
    assert measured.captions["true"].total == len(SEEDS)
    assert measured.all_captions().share > 0.93


def test_every_other_figure_of_the_card_is_measured(measured: Measurement) -> None:
    assert measured.true_boxes.total == measured.reworded.total == measured.all_answers().total
    assert measured.true_boxes.share > 0.92
    assert measured.reworded.share > 0.95
    assert measured.words.total == measured.first_words.total >= 5
    assert measured.first_words.share > 0.75
    assert measured.words.share > 0.75


def test_every_file_is_small_enough_to_ship() -> None:
    sizes = [f.stat().st_size for f in (ASSETS / "miniature").rglob("*") if f.is_file()]
    assert max(sizes) < 12_000_000
    assert sum(sizes) < 20_000_000


def test_the_shipped_vocabularies_are_those_of_the_grammar() -> None:
    folder = ASSETS / "miniature"
    assert (folder / "vocab.txt").read_text().splitlines() == word_pieces()
    assert read_json(folder / "answers.json") == answer_names()


def test_the_model_card_gives_the_answers_by_type_with_intervals() -> None:
    card = (ASSETS / "miniature" / "README.md").read_text()
    for kind in ("attribute", "relation", "count", "existence", "comparison", "same"):
        assert f"answers, {kind} |" in card
    assert card.count("95 % interval") >= 12


def test_the_example_pictures_are_drawn_from_their_seeds(pipeline: Pipeline) -> None:
    entries = read_json(ASSETS / "scenes" / "examples.json")
    assert len(entries) == len(EXAMPLES) >= 8
    path = Path(ASSETS / "scenes" / entries[0]["picture"])
    drawn = draw(make_scene(next(iter(EXAMPLES)))).picture
    assert np.array_equal(np.asarray(decode(path.read_bytes())), drawn)
    regions = pipeline.look(png(drawn))
    assert np.array_equal(regions.boxes_unit, pipeline.look(path.read_bytes()).boxes_unit)
