import numpy as np
import pytest

from lxmert_viz.errors import CheckpointError, TextError
from lxmert_viz.experiments import matching
from lxmert_viz.experiments.edits import NO_REGIONS, PictureEdit, edited
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions

TEXTS = ("a red ball", "is it a big blue cube?", "a red ball in front of the man", "dog")


def unheard(stage: str, share: float) -> None:
    """Nobody watches."""


def test_a_grid_equals_asking_each_pair(tiny_pipeline: Pipeline, regions: Regions) -> None:
    pictures = [regions, regions.only([0, 2]), edited(regions, PictureEdit(NO_REGIONS))]
    found = matching.grid(tiny_pipeline, pictures, TEXTS, unheard)
    for row, text in enumerate(TEXTS):
        asked = [s.match_logits for s in tiny_pipeline.score_many([(p, text) for p in pictures])]
        np.testing.assert_allclose(found.logits[row], asked, atol=1e-5)
        np.testing.assert_allclose(found.blank[row], asked[2], atol=1e-5)
    assert np.ptp(found.scores) > 0.01  # the tiny network tells them apart


def test_index_one_is_match(tiny_pipeline: Pipeline, regions: Regions) -> None:
    found = matching.grid(tiny_pipeline, [regions], TEXTS[:1], unheard)
    asked = tiny_pipeline.ask(regions, TEXTS[0]).match
    assert matching.probability(found.scores)[0, 0] == pytest.approx(asked, abs=1e-6)
    assert found.scores[0, 0] == pytest.approx(found.logits[0, 0, 1] - found.logits[0, 0, 0])


def test_masking_a_word_changes_the_score_by_this(
    tiny_pipeline: Pipeline, regions: Regions
) -> None:
    found = matching.word_changes(tiny_pipeline, regions, "a red ball", unheard)
    assert [change.word.text for change in found] == ["a", "red", "ball"]
    full, masked = (
        matching.score(scores.match_logits)
        for scores in tiny_pipeline.score_many(
            [(regions, "a red ball"), (regions, "a [MASK] ball")]
        )
    )
    assert found[1].change == pytest.approx(masked - full, abs=1e-5)
    assert abs(found[1].change) > 1e-4


def test_it_tells_how_far_it_is(tiny_pipeline: Pipeline, regions: Regions) -> None:
    heard: list[float] = []
    matching.grid(tiny_pipeline, [regions], TEXTS, lambda stage, share: heard.append(share))
    assert heard[0] == 0 and heard == sorted(heard) and 0 < heard[-1] < 1


def test_what_cannot_be_asked_is_told(tiny_pipeline: Pipeline, regions: Regions) -> None:
    with pytest.raises(TextError):
        matching.grid(tiny_pipeline, [regions], ["a ball", "  "], unheard)
    with pytest.raises(ValueError, match="no grid"):
        matching.grid(tiny_pipeline, [], ["a ball"], unheard)


def test_a_checkpoint_without_the_head_is_told(
    tiny_pipeline: Pipeline, regions: Regions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiny_pipeline, "has_match", False)
    with pytest.raises(CheckpointError, match="no output head for matching"):
        matching.grid(tiny_pipeline, [regions], ["a ball"], unheard)


def test_the_gap_without_a_region_is_that_of_a_picture_without_it(
    tiny_pipeline: Pipeline, regions: Regions
) -> None:
    found = matching.region_changes(tiny_pipeline, regions, (TEXTS[0], TEXTS[3]), unheard)
    assert len(found.without) == len(regions)
    rest = regions.only([n for n in range(len(regions)) if n != 1])
    one, other = (
        matching.score(s.match_logits)
        for s in tiny_pipeline.score_many([(rest, TEXTS[0]), (rest, TEXTS[3])])
    )
    assert found.without[1] == pytest.approx(one - other, abs=1e-5)
    assert found.changes[1] == pytest.approx(found.gap - (one - other), abs=1e-5)


def test_why_a_text_is_refused(tiny_pipeline: Pipeline) -> None:
    assert matching.refused(tiny_pipeline, "a ball") == ""
    assert "no words" in matching.refused(tiny_pipeline, " ")
