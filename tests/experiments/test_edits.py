"""Changed inputs, by what the network makes of them."""

from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from lxmert_viz.experiments import edits
from lxmert_viz.experiments.edits import MASK, UNEDITED, PictureEdit, edited, with_word, words_of
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions

QUESTION = "what color is the large cube?"


def answers(pipeline: Pipeline, regions: Regions, text: str = QUESTION) -> np.ndarray:
    by_text = dict(pipeline.ask(regions, text).answers)
    return np.array([by_text[answer] for answer in pipeline.answer_vocabulary])


def test_no_edit_changes_nothing(regions: Regions) -> None:
    assert edited(regions, UNEDITED) is regions


def test_switching_regions_off_is_hiding_them_from_every_map(
    tiny_pipeline: Pipeline, regions: Regions
) -> None:
    off = (1, 3)
    left = edited(regions, PictureEdit(off=off))
    visible = torch.ones(1, len(regions))
    visible[0, list(off)] = 0
    tokens = tiny_pipeline.ask(regions, QUESTION).tokens
    with torch.inference_mode():
        masked = tiny_pipeline.network(
            input_ids=torch.from_numpy(tokens.ids)[None],
            visual_feats=torch.from_numpy(regions.feats)[None],
            visual_pos=torch.from_numpy(regions.boxes_unit)[None],
            visual_attention_mask=visible,
            return_dict=True,
        )
    expected = masked.question_answering_score.softmax(-1)[0].numpy()
    assert np.allclose(answers(tiny_pipeline, left), expected, atol=1e-6)
    assert not np.allclose(answers(tiny_pipeline, regions), expected, atol=1e-4)


def test_every_field_of_the_regions_follows(regions: Regions) -> None:
    left = edited(regions, PictureEdit(off=(0,)))
    for field in fields(Regions):
        before, after = getattr(regions, field.name), getattr(left, field.name)
        if field.name in ("size_px", "digest", "profile", "detector", "missing", "left_out"):
            assert before == after
        else:
            assert len(after) == len(regions) - 1
            assert np.array_equal(before[1:], after)


def test_zeroed_regions_keep_their_boxes(tiny_pipeline: Pipeline, regions: Regions) -> None:
    blank = edited(regions, PictureEdit(edits.ZEROED))
    assert not blank.feats.any()
    assert np.array_equal(blank.boxes_unit, regions.boxes_unit)
    assert regions.feats.any()  # the original is left as it was


def test_without_regions_the_picture_cannot_matter(
    tiny_pipeline: Pipeline, regions: Regions
) -> None:
    other = replace(regions, feats=-regions.feats)
    nothing = PictureEdit(edits.NO_REGIONS)
    alone = answers(tiny_pipeline, edited(regions, nothing))
    assert np.array_equal(alone, answers(tiny_pipeline, edited(other, nothing)))
    blank = answers(tiny_pipeline, edited(regions, PictureEdit(edits.ZEROED)))
    assert not np.allclose(alone, blank, atol=1e-4)  # zeroed regions are still read


@pytest.mark.parametrize("count", [2, 3, 7, 36])
def test_shuffling_leaves_nothing_in_its_place(count: int) -> None:
    places = edits.shuffle(count, seed=3)
    assert sorted(places) == list(range(count))
    assert (places != np.arange(count)).all()
    assert edits.shuffle(1, seed=3).tolist() == [0]


def test_shuffled_features_stand_in_other_boxes(tiny_pipeline: Pipeline, regions: Regions) -> None:
    shuffled = edited(regions, PictureEdit(edits.SHUFFLED, seed=2))
    places = edits.shuffle(len(regions), 2)
    assert np.array_equal(shuffled.feats, regions.feats[places])
    assert np.array_equal(shuffled.boxes_unit, regions.boxes_unit)
    moved = replace(shuffled, boxes_unit=regions.boxes_unit[places])  # both together: no change
    before = answers(tiny_pipeline, regions)
    assert np.allclose(answers(tiny_pipeline, moved), before, atol=1e-6)
    assert not np.allclose(answers(tiny_pipeline, shuffled), before, atol=1e-6)


def test_a_wrong_edit_is_refused(regions: Regions) -> None:
    with pytest.raises(ValueError, match="switched off, and there are"):
        edited(regions, PictureEdit(off=(99,)))
    with pytest.raises(ValueError, match="no operator"):
        edited(regions, PictureEdit("burn"))


def test_words_are_those_of_the_text(tiny_pipeline: Pipeline, regions: Regions) -> None:
    text = "How many Greens, left?"
    words = words_of(tiny_pipeline.ask(regions, text).tokens)
    assert [word.text for word in words] == ["How", "many", "Greens", ",", "left", "?"]
    assert with_word(text, words[2], MASK) == "How many [MASK], left?"
    assert with_word(text, words[1], "") == "How Greens, left?"
    assert with_word(text, words[0], "") == "many Greens, left?"
    assert with_word(text, words[5], " ") == "How many Greens, left"
    masked = tiny_pipeline.ask(regions, "how many [MASK]?").tokens
    assert [word.text for word in words_of(masked)] == ["how", "many", MASK, "?"]


def test_a_region_gets_anothers_features_and_keeps_its_box(regions: Regions) -> None:
    given = edits.with_features(regions, 0, 2)
    assert np.array_equal(given.feats[0], regions.feats[2])
    assert np.array_equal(given.feats[1:], regions.feats[1:])
    assert np.array_equal(given.boxes_unit, regions.boxes_unit) and given.names == regions.names
    assert (edits.with_features(regions, 1, None).feats[1] == 0).all() and regions.feats[1].any()
