"""What makes a caption match more than a foil: two maps of the match, one less the other."""

from dataclasses import replace

import numpy as np
import pytest

from lxmert_viz.experiments import target
from lxmert_viz.experiments.caption_pair import difference
from lxmert_viz.experiments.relevance import Relevance, explain
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions

CAPTION, FOIL = "a large cube", "a small cube"


def matched(pipeline: Pipeline, regions: Regions, text: str, method: str = "shapley") -> Relevance:
    return explain(pipeline, regions, text, method, target.match(pipeline))


def test_the_parts_sum_to_the_gap_less_what_is_there_without_them(
    tiny_pipeline: Pipeline, regions: Regions
) -> None:
    one, other = (matched(tiny_pipeline, regions, text) for text in (CAPTION, FOIL))
    found = difference(one, other)
    scores = tiny_pipeline.score_many([(regions, CAPTION), (regions, FOIL)])
    logits = np.stack([score.match_logits for score in scores])
    assert found.gap == pytest.approx(np.diff(logits).ravel() @ (1, -1), abs=1e-4)
    # with every word masked and no region both texts are the same
    assert found.words.sum() + found.regions.sum() == pytest.approx(found.gap, abs=1e-4)
    assert found.words[2] != 0  # "large", not "small"


def test_a_text_and_itself_do_not_differ(tiny_pipeline: Pipeline, regions: Regions) -> None:
    one = matched(tiny_pipeline, regions, CAPTION, "occlusion")
    found = difference(one, one)
    assert found.gap == 0 and not found.words.any() and not found.regions.any()


def test_words_of_unequal_texts_are_not_held_against_each_other(
    tiny_pipeline: Pipeline, regions: Regions
) -> None:
    one = matched(tiny_pipeline, regions, CAPTION, "occlusion")
    other = matched(tiny_pipeline, regions, "a large green cube", "occlusion")
    found = difference(one, other)
    assert found.words is None
    assert found.regions == pytest.approx(one.regions - other.regions)


def test_what_has_no_difference_is_refused(tiny_pipeline: Pipeline, regions: Regions) -> None:
    unsigned = matched(tiny_pipeline, regions, CAPTION, "bimodal")
    with pytest.raises(ValueError, match="bimodal has no signs"):
        difference(unsigned, unsigned)
    one = matched(tiny_pipeline, regions, CAPTION, "occlusion")
    for other in (replace(one, regions=one.regions[1:]), replace(one, method="shapley")):
        with pytest.raises(ValueError, match="not of one method, target and picture"):
            difference(one, other)
