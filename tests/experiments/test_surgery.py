"""Heads switched off and edges cut, beside their controls: exact identities."""

import numpy as np
import pytest

from lxmert_viz.errors import OptionError
from lxmert_viz.experiments import edges, head_slots, surgery
from lxmert_viz.experiments import target as targets
from lxmert_viz.experiments.atlas import MEAN, ZERO
from lxmert_viz.experiments.counterfactuals import logit
from lxmert_viz.experiments.edges import Edge
from lxmert_viz.experiments.head_slots import Slot
from lxmert_viz.experiments.target import Target
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions

TEXT = "what color is the large cube?"


@pytest.fixture(scope="module")
def target(tiny_pipeline: Pipeline) -> Target:
    return targets.answer(tiny_pipeline, "red", "blue")


@pytest.mark.parametrize("off", [ZERO, MEAN])
def test_what_was_done_can_be_asked_again(
    tiny_pipeline: Pipeline, regions: Regions, target: Target, off: str
) -> None:
    chosen = [Slot("lang", 1, 2), Slot("cross_lang", 0, 0), Slot("cross_lang", 1, 3)]
    found = surgery.operate(tiny_pipeline, regions, TEXT, target, chosen, off)
    (scores,) = tiny_pipeline.score_many([(regions, TEXT)], [found.intervention])
    assert logit(target, scores) == pytest.approx(found.after, abs=1e-4)
    assert found.after != pytest.approx(found.before, abs=1e-3)
    assert set(found.intervention.gates) == {("lang", 1), ("cross_lang", 0), ("cross_lang", 1)}
    assert found.slots == tuple(chosen) and found.same_family


def test_heads_that_cannot_matter_leave_the_target_exactly_as_it_was(
    tiny_pipeline: Pipeline, regions: Regions, target: Target
) -> None:
    dead = [Slot(family, 1, h) for family in ("vision_from_lang", "cross_vision") for h in range(4)]
    found = surgery.operate(tiny_pipeline, regions, TEXT, target, dead)
    assert found.after == found.before
    alive = surgery.operate(tiny_pipeline, regions, TEXT, target, [Slot("lang", 0, 0)])
    assert len(alive.controls) == 20 and alive.controls.std() > 0
    low, high = alive.band
    assert low < high and alive.is_special is not (low <= alive.after <= high)


def test_controls_are_as_many_other_heads_of_the_same_families(tiny_pipeline: Pipeline) -> None:
    known = head_slots.slots(tiny_pipeline.network.config)
    own = np.array([0, 1, 21])
    drawn, same = surgery.controls(known, own, 3)
    assert same and len(drawn) == 20
    for places in drawn:
        assert len(set(places.tolist()) - set(own.tolist())) == 3
        families = sorted(known[place].family for place in places)
        assert families == ["lang", "lang", "lang_from_vision"]
    whole = np.arange(12)  # the language encoder
    drawn, same = surgery.controls(known, whole, 3)
    assert not same and {len(places) for places in drawn} == {12}


def test_heads_that_are_not_there_are_said(
    tiny_pipeline: Pipeline, regions: Regions, target: Target
) -> None:
    with pytest.raises(OptionError, match="no language layer 4, head 1; it has 52 heads"):
        surgery.operate(tiny_pipeline, regions, TEXT, target, [Slot("lang", 3, 0)])
    with pytest.raises(OptionError, match="No head is chosen"):
        surgery.operate(tiny_pipeline, regions, TEXT, target, [])


def test_windows_are_those_of_the_paper() -> None:
    assert [list(edges.window(layer, 1, 5)) for layer in (0, 4)] == [[0], [4]]
    assert [list(edges.window(layer, 3, 5)) for layer in (0, 2, 4)] == [[0, 1], [1, 2, 3], [3, 4]]
    assert list(edges.window(2, 2, 5)) == [1, 2]


def test_words_cut_from_regions_answer_as_without_any_region(
    tiny_pipeline: Pipeline, regions: Regions
) -> None:
    """A window of 3 around the second of two layers holds both."""
    gold = (0, 2)
    asked = edges.usual_edges(len(regions), gold)
    found = edges.curves(tiny_pipeline, regions, TEXT, asked, width=3)
    blind, whole = tiny_pipeline.score_many([(regions.only(()), TEXT), (regions, TEXT)])
    place = tiny_pipeline.answer_vocabulary.index(found.answer)
    share, base = (tiny_pipeline.answer_shares(s)[place] for s in (blind, whole))
    assert found.base == pytest.approx(base, abs=1e-6)
    assert found.change[0, 1] == pytest.approx(100 * (share - base) / base, abs=1e-3)
    assert found.edges[-1] == edges.CONTROL and found.change.shape == (5, 2)


def test_regions_reading_words_in_the_last_layer_change_exactly_nothing(
    tiny_pipeline: Pipeline, regions: Regions
) -> None:
    one = edges.curves(tiny_pipeline, regions, TEXT, edges.usual_edges(len(regions)))
    assert abs(one.change[1, 1]) < 1e-4 and not one.flips[1, 1]
    assert abs(one.change[0]).min() > 1e-3


def test_one_word_cut_from_one_region_is_one_weight(
    tiny_pipeline: Pipeline, regions: Regions
) -> None:
    edge = Edge("one", "lang_from_vision", (4,), (1,))
    factors = edge.factors(9, len(regions))
    assert factors.sum() == 9 * len(regions) - 1 and factors[4, 1] == 0
    trace = tiny_pipeline.ask(regions, TEXT, edges.cut(edge, [0], 9, len(regions)))
    maps = trace.attention["lang_from_vision"]
    assert (maps[0, :, 4, 1] == 0).all() and (maps[1, :, 4, 1] > 0).all()
    with pytest.raises(OptionError, match="no place 100 among"):
        Edge("far", "lang_from_vision", (99,)).factors(9, len(regions))
    with pytest.raises(OptionError, match="4 layers is not offered"):
        edges.curves(tiny_pipeline, regions, TEXT, [edge], width=4)
