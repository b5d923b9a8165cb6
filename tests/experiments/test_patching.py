"""A run gone on with from its states, and patching: exact identities and the full run's numbers."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lxmert_viz.errors import OptionError
from lxmert_viz.experiments import head_slots, patching
from lxmert_viz.experiments import target as targets
from lxmert_viz.experiments.kept_run import Kept
from lxmert_viz.experiments.target import Target
from lxmert_viz.model.interventions import Intervention
from lxmert_viz.model.packed import PackedLinear, packed
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import FAMILIES, Regions

TEXT = "what color is the large cube?"
OTHER = "what color is the small cube?"


@pytest.fixture(scope="module")
def other_regions(regions: Regions) -> Regions:
    return replace(regions, feats=regions.feats[::-1] * 1.5)


@pytest.fixture(scope="module")
def target(tiny_pipeline: Pipeline) -> Target:
    return targets.answer(tiny_pipeline, "red", "blue")


@pytest.fixture(scope="module")
def text_pair(tiny_pipeline: Pipeline, regions: Regions, target: Target) -> patching.Pair:
    return patching.pair(tiny_pipeline, (regions, TEXT), (regions, OTHER), target)


@pytest.fixture(scope="module")
def picture_pair(
    tiny_pipeline: Pipeline, regions: Regions, other_regions: Regions
) -> patching.Pair:
    """Of the two answers that the pictures tell apart most: effects are shares of that gap."""
    known = tiny_pipeline.answer_vocabulary
    pairs = (
        patching.pair(
            tiny_pipeline,
            (regions, TEXT),
            (other_regions, TEXT),
            targets.answer(tiny_pipeline, known[0], other),
        )
        for other in known[1:]
    )
    return max(pairs, key=lambda pair: abs(pair.clean.value - pair.corrupted.value))


def all_places(kept: Kept) -> list[tuple[str, int]]:
    crossing = [(f, n) for f, n in kept.layers if FAMILIES[f].in_cross_layers]
    return [*kept.places("lang"), *kept.places("vision"), *crossing]


@pytest.mark.parametrize("kind", ["answer", "object"])
def test_going_on_from_any_state_is_the_full_run_with_it_replaced(
    tiny_pipeline: Pipeline, regions: Regions, kind: str, target: Target
) -> None:
    wanted = target
    if kind == "object":
        wanted = targets.region_label(tiny_pipeline, "object", 2, "dog")
    kept = Kept(tiny_pipeline, regions, TEXT, wanted)
    plain = head_slots.values(tiny_pipeline, regions, TEXT, wanted, Intervention())
    assert kept.value == pytest.approx(plain.item(), abs=1e-5)
    moved = 0
    for place, layer in all_places(kept):
        state = kept.state(place, layer)
        rows = state + torch.randn(3, *state.shape[1:], generator=torch.manual_seed(layer + 9))
        everywhere = torch.arange(state.shape[1])
        asked = Intervention(states={(place, layer): (everywhere, rows)})
        full = head_slots.values(tiny_pipeline, regions, TEXT, wanted, asked, 3)
        found = kept.onward(place, layer, rows)
        assert np.allclose(found, full.detach().numpy(), atol=1e-4), (place, layer)
        moved += np.abs(found - kept.value).max() > 1e-3
        if not kept.matters(place, layer):
            assert (found == kept.value).all()
    assert moved > len(all_places(kept)) * 0.7


def test_a_network_on_laid_out_weights_computes_the_same(tiny_pipeline: Pipeline) -> None:
    base = tiny_pipeline.network.lxmert
    copy = packed(base, 20)
    if copy is base:
        pytest.skip("this torch lays out no weights")
    assert any(isinstance(m, PackedLinear) for m in copy.modules())
    assert not any(isinstance(m, PackedLinear) for m in base.modules())
    given = (torch.randint(0, 20, (2, 5)), torch.rand(2, 4, 64), torch.rand(2, 4, 4))
    with torch.no_grad():
        ours, plain = (network(*given, return_dict=True) for network in (copy, base))
        none = copy(given[0], torch.rand(2, 0, 64), torch.rand(2, 0, 4), return_dict=True)
    assert torch.allclose(ours.pooled_output, plain.pooled_output, atol=1e-5)
    assert torch.allclose(ours.vision_output, plain.vision_output, atol=1e-5)
    assert none.pooled_output.isfinite().all()


def test_all_positions_patched_give_the_clean_run_and_none_the_corrupted(
    text_pair: patching.Pair,
) -> None:
    """The picture is the same in both, so the words' states are all that differs."""
    clean, corrupted = text_pair.clean, text_pair.corrupted
    for layer in range(-1, 3):
        values = corrupted.onward("lang", layer, clean.state("lang", layer))
        assert text_pair.effects(values) == 1.0
        values = corrupted.onward("lang", layer, corrupted.state("lang", layer))
        assert text_pair.effects(values) == 0.0


def test_where_runs_do_not_differ_the_effect_is_exactly_none(
    text_pair: patching.Pair, picture_pair: patching.Pair
) -> None:
    words = patching.grid(text_pair, "state", "lang").effects
    assert (words[0] != 0).sum() == 1  # of the embeddings, the changed word alone
    assert (patching.grid(text_pair, "state", "vision").effects[:3] == 0).all()
    assert (patching.grid(picture_pair, "state", "lang").effects[:4] == 0).all()
    seen = patching.grid(picture_pair, "state", "vision").effects
    assert (seen[-1] == 0).all()  # after the last layer nobody reads regions
    assert (np.abs(seen[0]) > 1e-4).all()


@pytest.mark.parametrize("direction", [patching.DENOISE, patching.NOISE])
def test_both_directions_end_where_they_should(picture_pair: patching.Pair, direction: str) -> None:
    """The first word after the last layer is all that the answer reads."""
    grid = patching.grid(picture_pair, "state", "lang", direction)
    wanted, base = (1, 0) if direction == patching.DENOISE else (0, 1)
    assert grid.effects[-1, 0] == pytest.approx(wanted, abs=1e-4)
    assert np.allclose(grid.effects[-1, 1:], base, atol=1e-4)
    assert grid.lines[0] == "embeddings" and grid.lines[-1] == "cross layer 2"


@torch.inference_mode()
@pytest.mark.parametrize("kind", list(patching.HEAD_GRIDS))
def test_a_heads_part_patched_is_the_full_run_with_it_replaced(
    tiny_pipeline: Pipeline, picture_pair: patching.Pair, kind: str
) -> None:
    base, source = picture_pair.corrupted, picture_pair.clean
    grid = patching.grid(picture_pair, kind)
    assert np.abs(grid.effects).max() > 1e-3
    for place in (4, 5, 6, 8):  # vision layer 2, words read regions 1 and 2, regions read words 2
        family, layer = base.layers[place]
        own = source.head_layer(family, layer)
        context, weights = own.attention(own.queries, own.keys, None)
        made = {
            "output": own.attention.split_heads(context),
            "pattern": weights,
            "query": own.attention.split_heads(own.attention.query(own.queries)),
            "key": own.attention.split_heads(own.attention.key(own.keys)),
            "value": own.attention.split_heads(own.attention.value(own.keys)),
        }[kind]
        heads = torch.eye(4, dtype=torch.bool)
        asked = Intervention(parts={(family, layer, kind): (heads, made)})
        full = head_slots.values(tiny_pipeline, base.regions, TEXT, base.target, asked, 4)
        wanted = picture_pair.effects(full.double().numpy())
        assert np.allclose(grid.effects[place], wanted, atol=1e-3), (family, layer)


def test_what_attention_and_feed_forward_write_make_the_state_together(
    text_pair: patching.Pair,
) -> None:
    """At a position where the state before is the same, both written alike is the other state."""
    base, source = text_pair.corrupted, text_pair.clean
    state, attention, fed = (
        patching.grid(text_pair, kind, "lang").effects for kind in patching.STREAM_GRIDS
    )
    assert (attention.shape, fed.shape, state.shape) == ((7, 9), (5, 9), (6, 9))
    cells = list(patching.alternatives(base, source, "feed-forward", "lang"))
    assert [cell.place for cell in cells] == ["lang"] * 3 + ["lang_cross"] * 2
    block = base.pipeline.network.lxmert.encoder.layer[0]
    with torch.inference_mode():
        ours = block.attention(base.state("lang", -1), None)[0]
        theirs = block.attention(source.state("lang", -1), None)[0]
        written = block.output.dense(block.intermediate(theirs))
        wanted = block.output.LayerNorm(written + ours)
        mine = torch.eye(9, dtype=torch.bool)[..., None]
        alternatives = torch.where(mine, wanted, base.state("lang", 0))
    assert torch.allclose(cells[0].states, alternatives, atol=1e-5)
    assert np.allclose(fed[0], text_pair.effects(base.onward("lang", 0, alternatives)), atol=1e-4)
    assert not np.allclose(attention[0], state[1], atol=1e-3)


def test_the_previews_slope_is_that_of_finite_differences(picture_pair: patching.Pair) -> None:
    base = picture_pair.corrupted
    slopes = patching.slopes(base)
    assert ("vision_cross", 1) not in slopes and ("vision", -1) in slopes
    step = 1e-3
    for key, slope in slopes.items():
        toward = slope / slope.norm()
        state = base.state(*key)
        rows = torch.cat([state + step * toward, state - step * toward])
        up, down = base.onward(*key, rows)
        assert (up - down) / (2 * step) == pytest.approx(slope.norm().item(), rel=0.05, abs=2e-3)


def test_a_preview_is_checked_and_its_recall_told(picture_pair: patching.Pair) -> None:
    preview = patching.preview(picture_pair, "state", "vision")
    exact = patching.grid(picture_pair, "state", "vision")
    found = patching.check(picture_pair, preview)
    assert (preview.effects[-1] == 0).all()
    for (line, column), value in zip(found.cells, found.exact, strict=True):
        assert value == pytest.approx(exact.effects[line, column], abs=1e-3)
    every = patching.check(picture_pair, preview, count=2 * exact.effects.size)
    strong = np.abs(exact.effects) >= patching.STRONG
    assert every.recall == 1.0 and strong.any()  # all cells are among the highest of all
    none = replace(preview, effects=-np.abs(exact.effects) * 0)
    assert 0 <= patching.check(picture_pair, none, count=4).recall <= 1


def test_pairs_that_do_not_fit_are_told_so(
    tiny_pipeline: Pipeline, regions: Regions, target: Target
) -> None:
    with pytest.raises(OptionError, match="9 and 7 word pieces"):
        patching.pair(tiny_pipeline, (regions, TEXT), (regions, "what color is it?"), target)
    fewer = regions.only(range(len(regions) - 1))
    with pytest.raises(OptionError, match="regions; patching needs as many in both"):
        patching.pair(tiny_pipeline, (regions, TEXT), (fewer, TEXT), target)
    with pytest.raises(OptionError, match="nothing that a state could bring back"):
        patching.pair(tiny_pipeline, (regions, TEXT), (regions, TEXT), target)
    both = patching.pair(tiny_pipeline, (regions, TEXT), (regions, OTHER), target)
    with pytest.raises(OptionError, match="'mood' is no grid"):
        patching.grid(both, "mood")
