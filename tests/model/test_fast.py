"""The fast network beside the plain one; tests/model/test_parity.py holds it to the reference."""

import pytest
import torch
from torch import Tensor

from lxmert_viz.model import fast as fast_room
from lxmert_viz.model import packed as packed_room
from lxmert_viz.model.fast import FastCrossLayer, fast
from lxmert_viz.model.interventions import Intervention
from lxmert_viz.model.lxmert import LxmertModel
from lxmert_viz.model.outputs import LxmertModelOutput
from lxmert_viz.records import FAMILIES
from tests.helpers.small_networks import inputs, random_masks, small_network

WORDS, REGIONS = 6, 5
COUNTS = {"lang": WORDS, "vision": REGIONS}


@pytest.fixture(scope="module")
def network() -> LxmertModel:
    return small_network(LxmertModel)


@torch.inference_mode()
def run(network: LxmertModel, **more: object) -> LxmertModelOutput:
    given = inputs(network.config, 2, WORDS, REGIONS) | random_masks(2, WORDS, REGIONS)
    return network(**given, **more, output_attentions=True, output_hidden_states=True)


def furthest(one: LxmertModelOutput, other: LxmertModelOutput) -> float:
    pairs = [(one.pooled_output, other.pooled_output), (one.vision_output, other.vision_output)]
    for family, maps in one.activations.attention.items():
        pairs += zip(maps, other.activations.attention[family], strict=True)
    return max(float((a - b).abs().max()) for a, b in pairs)


def everything_asked() -> Intervention:
    """Of the first layer of every family, and of states between and after."""
    draw = torch.Generator().manual_seed(3)

    def sizes(family: str) -> tuple[int, int]:
        return COUNTS[FAMILIES[family].queries], COUNTS[FAMILIES[family].keys]

    def edges(least: float) -> dict[tuple[str, int], Tensor]:
        return {(f, 0): torch.rand(3, *sizes(f), generator=draw) + least for f in FAMILIES}

    places, values = torch.tensor([1, 3]), torch.rand(2, 24, generator=draw)
    states = ("lang", "vision", "lang_from_vision", "vision_from_lang", "cross_lang", "lang_cross")
    return Intervention(
        gates={(family, 0): torch.rand(3, generator=draw) for family in FAMILIES},
        edges=edges(0.5),
        added=edges(0.0),
        states={(state, 0): (places, values) for state in states},
        parts={
            (family, 1, "query"): (
                torch.tensor([True, False, True]),
                torch.rand(3, sizes(family)[0], 8, generator=draw),
            )
            for family in FAMILIES
        },
    )


def test_all_that_can_be_done_to_a_pass_does_the_same(network: LxmertModel) -> None:
    asked = everything_asked()
    plain, soon = (run(one, intervention=asked) for one in (network, fast(network)))
    assert furthest(plain, soon) < 1e-5
    assert furthest(plain, run(network)) > 0.1


def test_it_shares_what_it_does_not_lay_out_and_leaves_the_plain_network_alone(
    network: LxmertModel,
) -> None:
    before = {name: type(module) for name, module in network.named_modules()}
    soon = fast(network, torch.bfloat16)
    assert {name: type(module) for name, module in network.named_modules()} == before
    assert soon.embeddings.word_embeddings.weight is network.embeddings.word_embeddings.weight
    kinds = [type(layer) for layer in soon.encoder.x_layers]
    assert kinds == [FastCrossLayer] * 2
    assert not any("dense" in name for name, _ in soon.encoder.named_parameters())


@pytest.mark.parametrize("lays_out", (True, False))
def test_bfloat16_moves_numbers_a_little(
    network: LxmertModel, lays_out: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not lays_out:
        monkeypatch.setattr(packed_room, "can_pack", lambda weight: False)
    mixed = run(fast(network, torch.bfloat16))
    assert mixed.pooled_output.dtype == mixed.vision_output.dtype == torch.float32
    for maps in mixed.activations.attention.values():
        assert all(torch.allclose(m.sum(-1), torch.ones(()), atol=1e-5) for m in maps)
    assert 1e-4 < furthest(run(network), mixed) < 0.1


def test_without_the_operators_the_plain_network_is_as_fast(
    network: LxmertModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fast_room, "can_pack", lambda weight: False)
    assert fast(network) is network


def test_without_regions_it_computes_too(network: LxmertModel) -> None:
    given = inputs(network.config, 2, WORDS, 0)
    with torch.inference_mode():
        plain, soon = (one(**given).pooled_output for one in (network, fast(network)))
    assert torch.allclose(plain, soon, atol=1e-5)


def test_queries_and_keys_of_different_states_are_refused(network: LxmertModel) -> None:
    states = torch.rand(1, 3, 24)
    layer = fast(network).encoder.layer[0]
    with pytest.raises(ValueError, match="the plain network takes those"):
        layer.attention.self(states, states[:, :1], None)
