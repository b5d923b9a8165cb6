"""Every head off once: the full run's numbers, exact zeros, slopes, rankings that are judged."""

import numpy as np
import pytest
import torch

from lxmert_viz.experiments import atlas, head_slots
from lxmert_viz.experiments import target as targets
from lxmert_viz.experiments.atlas import MEAN, ZERO, Atlas
from lxmert_viz.experiments.kept_run import Kept
from lxmert_viz.experiments.target import Target
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import FAMILIES, Regions

TEXT = "what color is the large cube?"


@pytest.fixture(scope="module")
def target(tiny_pipeline: Pipeline) -> Target:
    return targets.answer(tiny_pipeline, "red", "blue")


@pytest.fixture(scope="module", params=[ZERO, MEAN])
def found(tiny_pipeline: Pipeline, regions: Regions, target: Target, request: object) -> Atlas:
    return atlas.atlas(tiny_pipeline, regions, TEXT, target, request.param)


def means_of(pipeline: Pipeline, regions: Regions, found: Atlas) -> atlas.Means | None:
    if found.off == ZERO:
        return None
    return atlas.mean_outputs(Kept(pipeline, regions, TEXT, found.target))


def test_slots_are_all_heads_of_both_directions(tiny_pipeline: Pipeline) -> None:
    config = tiny_pipeline.network.config
    slots = head_slots.slots(config)
    assert len(slots) == 4 * (3 + 2 + 4 * 2)
    assert slots[5].name == "language layer 2, head 2"
    assert slots[-1].name == "cross layer 2, regions read regions, head 4"
    numbers = np.arange(len(slots))
    by_head = head_slots.by_head(config, numbers)
    assert by_head["lang_from_vision"].tolist() == [[20, 21, 22, 23], [24, 25, 26, 27]]
    assert (head_slots.flat(by_head) == numbers).all()


def test_each_heads_effect_is_that_of_the_full_run_with_its_gate_shut(
    tiny_pipeline: Pipeline, regions: Regions, found: Atlas
) -> None:
    count = head_slots.flat(found.exact).size
    means = means_of(tiny_pipeline, regions, found)
    shut = head_slots.under_gates(
        tiny_pipeline, regions, TEXT, found.target, 1 - np.eye(count), means
    )
    assert np.allclose(head_slots.flat(found.exact), found.value - shut, atol=1e-4)
    assert np.abs(head_slots.flat(found.exact)).max() > 0.1


def test_heads_that_cannot_matter_have_exactly_no_effect(found: Atlas) -> None:
    for values in (found.exact, found.estimate):
        for family in ("vision_from_lang", "cross_vision"):
            assert (values[family][-1] == 0).all()
        assert (np.abs(values["lang"]) > 1e-6).any(axis=1).all()


def test_the_estimate_is_the_slope_of_finite_differences(
    tiny_pipeline: Pipeline, regions: Regions, found: Atlas
) -> None:
    count, step = head_slots.flat(found.exact).size, 1e-2
    means = means_of(tiny_pipeline, regions, found)
    up, down = (
        head_slots.under_gates(
            tiny_pipeline, regions, TEXT, found.target, 1 + sign * step * np.eye(count), means
        )
        for sign in (1, -1)
    )
    slopes = (up - down) / (2 * step)
    assert np.allclose(head_slots.flat(found.estimate), slopes, atol=2e-2)
    assert np.abs(slopes).max() > 0.1


def test_two_heads_at_once_are_one_row_of_gates(
    tiny_pipeline: Pipeline, regions: Regions, target: Target
) -> None:
    """A batch gives what each row gives alone."""
    factors = np.random.default_rng(0).random((5, 52))
    joint = head_slots.under_gates(tiny_pipeline, regions, TEXT, target, factors)
    alone = [
        head_slots.under_gates(tiny_pipeline, regions, TEXT, target, row[None])[0]
        for row in factors
    ]
    assert np.allclose(joint, alone, atol=1e-4)


@pytest.mark.parametrize("ranking", list(atlas.RANKINGS))
def test_keeping_all_heads_is_everything_and_none_is_nothing(
    tiny_pipeline: Pipeline, regions: Regions, found: Atlas, ranking: str
) -> None:
    judged = atlas.judged(tiny_pipeline, regions, TEXT, found, ranking)
    assert judged.sizes == [0, 1, 2, 4, 8, 16, 32, 52]
    assert judged.keeping[[0, -1]].tolist() == [0, 1]
    assert np.allclose(judged.removing[[0, -1]], [1, 0], atol=1e-4)
    shares = np.array(judged.sizes) / 52
    assert judged.cpr == pytest.approx(np.trapezoid(judged.keeping, shares))
    assert 0 <= judged.dead <= 5


def test_the_exact_ranking_puts_no_dead_head_among_its_first(
    tiny_pipeline: Pipeline, regions: Regions, found: Atlas
) -> None:
    assert atlas.judged(tiny_pipeline, regions, TEXT, found, "exact").dead == 0
    assert atlas.judged(tiny_pipeline, regions, TEXT, found, "estimate").dead == 0


@torch.inference_mode()
def test_of_a_layer_where_one_head_alone_writes_that_one_is_found(
    tiny_pipeline: Pipeline, regions: Regions
) -> None:
    target = targets.answer(tiny_pipeline, "red", "blue")
    kept = Kept(tiny_pipeline, regions, TEXT, target)
    context = atlas.context_of(kept, "cross_lang", 1)
    only = torch.zeros_like(context)
    only[..., 4:8] = context[..., 4:8]
    contexts = atlas.without_each(only, 4)
    effects = kept.after_attention("cross_lang", 1, only) - kept.after_attention(
        "cross_lang", 1, contexts
    )
    assert (np.abs(effects) > 1e-4).tolist() == [False, True, False, False]
    assert set(FAMILIES) == {family for family, _ in kept.layers}
