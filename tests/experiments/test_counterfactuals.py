"""Edits that would change the answer, ranked, beside others of their kind."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from lxmert_viz.experiments import counterfactuals as bench
from lxmert_viz.experiments import target as targets
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.places import ASSETS
from lxmert_viz.records import Regions
from tests.helpers.made_up_regions import made_up

TEXT = "Is the big red ball left of the cube?"


def test_every_effect_is_what_the_edit_does_when_asked_alone(
    tiny_pipeline: Pipeline, regions: Regions
) -> None:
    target = targets.answer(tiny_pipeline, "yes", "no")
    found = bench.bench(tiny_pipeline, regions, TEXT, target, [made_up(regions, 3)])
    assert [abs(e.drop) for e in found.effects] == sorted(
        (abs(e.drop) for e in found.effects), reverse=True
    )
    for effect in found.effects[::7]:
        (scores,) = tiny_pipeline.score_many([(effect.edit.regions, effect.edit.text)])
        now = bench.logit(target, scores)
        assert effect.drop == pytest.approx(found.value - now, abs=1e-4)
        assert effect.answer == tiny_pipeline.answers(scores, 1)[0].text
        assert effect.flips is (effect.answer != found.answer)
    kinds = {e.edit.kind for e in found.effects}
    assert {"word masked", "word replaced", "words shuffled", "region dropped"} <= kinds
    assert {"features swapped", "features of another picture", "picture blanked"} <= kinds
    rate = np.mean([e.flips for e in found.effects if e.edit.kind == "word masked"])
    assert found.flip_rate("word masked") == rate


def test_the_control_of_an_edit_is_the_mean_of_the_others_of_its_size(
    tiny_pipeline: Pipeline, regions: Regions
) -> None:
    target = targets.answer(tiny_pipeline, "yes", "no")
    found = bench.bench(tiny_pipeline, regions, TEXT, target)
    dropped = [e for e in found.effects if e.edit.kind == "region dropped"]
    first, *others = dropped
    assert first.control == pytest.approx(np.mean([e.drop for e in others]))
    (shuffled,) = [e for e in found.effects if e.edit.kind == "words shuffled"]
    assert shuffled.control is None


def test_words_are_changed_one_at_a_time(tiny_pipeline: Pipeline, regions: Regions) -> None:
    texts = [edit.text for edit in bench.word_edits(tiny_pipeline, regions, TEXT)]
    assert "Is the big [MASK] ball left of the cube?" in texts
    assert "Is the big blue ball left of the cube?" in texts  # what the vocabulary knows
    assert "Is the big red ball right of the cube?" in texts
    assert not any("purple" in text for text in texts)
    mixed = [e for e in bench.word_edits(tiny_pipeline, regions, TEXT) if e.size > 1][0].text
    assert mixed != TEXT and mixed.endswith("?")
    assert sorted(mixed.strip("?").split()) == sorted(TEXT.strip("?").split())


def test_overlapping_boxes_go_together() -> None:
    boxes = np.array([[0, 0, 0.4, 0.4], [0.1, 0.1, 0.3, 0.3], [0.35, 0.35, 0.9, 0.9]])
    assert bench.overlapping(boxes, 0) == [0, 1]
    assert bench.overlapping(boxes, 1) == [0, 1]
    assert bench.overlapping(boxes, 2) == [2]


def test_reliance_takes_one_modality_after_the_other(
    tiny_pipeline: Pipeline, regions: Regions
) -> None:
    target = targets.answer(tiny_pipeline, "yes", "no")
    other = made_up(regions, 4)
    found = {r.name: r for r in bench.reliance(tiny_pipeline, regions, TEXT, target, other)}
    (blind,) = tiny_pipeline.score_many([(regions.only(()), TEXT)])
    assert found["question alone"].value == pytest.approx(bench.logit(target, blind), abs=1e-4)
    assert len(found) == 6 and "question, another picture" in found
    assert "question, another picture" not in {
        r.name for r in bench.reliance(tiny_pipeline, regions, TEXT, target)
    }


def test_changes_that_matter_flip_answers_and_others_do_not(tmp_path: Path) -> None:
    """Pairs of drawn scenes, one attribute apart, whose questions' answers are known."""
    if not (ASSETS / "miniature" / "model.safetensors").exists():
        pytest.skip("the miniature's weights are not here")
    import json

    from lxmert_viz.miniature.world.study import write_study

    write_study(tmp_path, 9_810_000, 10, pairs=True)
    pipeline = Pipeline.open("miniature", device="cpu")
    questions, changes = (
        json.loads((tmp_path / f"{name}.json").read_text())
        for name in ("questions", "counterfactuals")
    )

    @cache
    def seen(name: str) -> Regions:
        return pipeline.look((tmp_path / "images" / f"{name}.png").read_bytes())

    flips: dict[bool, list[bool]] = {True: [], False: []}
    for number, made in changes.items():
        text, before = questions[number]["question"], questions[number]["imageId"]
        names = [before, *(change["imageId"] for change in made)]
        first, *others = (
            pipeline.answers(s, 1)[0].text
            for s in pipeline.score_many([(seen(name), text) for name in names])
        )
        for change, answer in zip(made, others, strict=True):
            flips[change["relevant"]].append(answer != first)
    assert np.mean(flips[True]) > 0.7 > 0.3 > np.mean(flips[False])


def test_features_of_one_region_alone_are_changed(regions: Regions) -> None:
    edits = list(bench.region_edits(regions, TEXT, [replace(regions)]))
    for edit in edits:
        if edit.kind.startswith("features"):
            changed = (edit.regions.feats != regions.feats).any(axis=1)
            assert changed.sum() <= 1
            assert (edit.regions.boxes_unit == regions.boxes_unit).all()
