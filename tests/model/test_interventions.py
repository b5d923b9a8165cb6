"""What is done to a forward pass: exact identities, rows of a batch, nothing where not asked."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from lxmert_viz.errors import OptionError
from lxmert_viz.model.interventions import Intervention, stacked
from lxmert_viz.model.layers import Attention
from lxmert_viz.model.lxmert import LxmertForPreTraining
from lxmert_viz.records import CROSS_FAMILIES, FAMILIES
from tests.helpers.small_networks import inputs, small_config, small_network

WORDS, REGIONS, HEADS, SIZE = 6, 5, 3, 24
COUNTS = {"lang": WORDS, "vision": REGIONS}
LAYERS = {"lang": 3, "vision": 2}  # others: 2
ALL = [(name, layer) for name in FAMILIES for layer in range(LAYERS.get(name, 2))]


@pytest.fixture(scope="module")
def network() -> LxmertForPreTraining:
    return small_network(LxmertForPreTraining)


@pytest.fixture(scope="module")
def given(network: LxmertForPreTraining) -> dict[str, Tensor]:
    return inputs(network.config, batch=2, words=WORDS, regions=REGIONS)


@torch.no_grad()
def run(network: LxmertForPreTraining, given: dict[str, Any], asked: Any = None) -> Any:
    return network(**given, output_attentions=True, intervention=asked)


def answers(network: LxmertForPreTraining, given: dict[str, Any], asked: Any = None) -> Tensor:
    return run(network, given, asked).question_answering_score


def ones(family: str) -> Tensor:
    sides = FAMILIES[family]
    return torch.ones(COUNTS[sides.queries], COUNTS[sides.keys])


class Counted(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.seen.append(str(func))
        return func(*args, **(kwargs or {}))


def operations(call: Any) -> list[str]:
    with Counted() as counted, torch.no_grad():
        call()
    return counted.seen


def test_without_an_intervention_attention_is_its_formula_and_not_one_operation_more() -> None:
    attention = Attention(small_config()).eval()
    queries, keys = torch.rand(2, WORDS, SIZE), torch.rand(2, REGIONS, SIZE)

    def formula() -> None:
        q, k, v = (
            layer(states).view(2, -1, HEADS, 8).transpose(1, 2)
            for layer, states in (
                (attention.query, queries),
                (attention.key, keys),
                (attention.value, keys),
            )
        )
        weights = (q @ k.transpose(-1, -2) / 8**0.5).softmax(-1)
        (weights @ v).transpose(1, 2).reshape(2, WORDS, SIZE)

    # dropout in evaluation is none, and gives what it got
    assert operations(lambda: attention(queries, keys, None)) == operations(formula)


def test_what_is_asked_of_one_layer_adds_no_operation_to_others(
    network: LxmertForPreTraining, given: dict[str, Tensor]
) -> None:
    plain = operations(lambda: network(**given))
    assert operations(lambda: network(**given, intervention=Intervention())) == plain
    gated = Intervention(gates={("lang", 1): torch.ones(HEADS)})
    more = operations(lambda: network(**given, intervention=gated))
    assert len(more) - len(plain) == 4  # three views of the gate, one product


def test_gates_and_edges_of_one_change_no_bit(
    network: LxmertForPreTraining, given: dict[str, Tensor]
) -> None:
    plain = run(network, given)
    means = {key: torch.full((HEADS, 8), 7.0) for key in ALL}
    asked = Intervention(
        gates={key: torch.ones(HEADS) for key in ALL},
        means=means,
        edges={key: ones(key[0]) for key in ALL},
        added={key: 0 * ones(key[0]) for key in ALL},
    )
    found = run(network, given, asked)
    assert torch.equal(found.question_answering_score, plain.question_answering_score)
    assert torch.equal(found.prediction_logits, plain.prediction_logits)
    for name, layers in plain.activations.attention.items():
        for layer, other in zip(layers, found.activations.attention[name], strict=True):
            assert torch.equal(layer, other)


def test_a_shut_gate_is_that_heads_rows_of_the_output_projection_at_zero(
    network: LxmertForPreTraining, given: dict[str, Tensor]
) -> None:
    other = small_network(LxmertForPreTraining)
    other.lxmert.encoder.layer[1].attention.output.dense.weight.data[:, 8:16] = 0
    gate = torch.tensor([1.0, 0.0, 1.0])
    found = answers(network, given, Intervention(gates={("lang", 1): gate}))
    assert torch.allclose(found, answers(other, given), atol=1e-5)
    assert not torch.allclose(found, answers(network, given), atol=1e-2)


def test_a_mean_stands_where_the_gate_shuts(
    network: LxmertForPreTraining, given: dict[str, Tensor]
) -> None:
    """A head set to its own value for one key alone is a head that reads this key only."""
    layer = network.lxmert.encoder.layer[0].attention.self
    key = run(network, given).activations.lang_states[0]
    values = layer.split_heads(layer.value(key)).detach()  # (B, H, T, d)
    for row in range(2):
        alone = {name: value[row : row + 1] for name, value in given.items()}
        edge = torch.zeros(HEADS, WORDS, WORDS)
        edge[1, :, 2] = 1
        edge[0] = edge[2] = 1
        reads = Intervention(edges={("lang", 0): edge}, renormalise=True)
        mean = torch.zeros(HEADS, 8)
        mean[1] = values[row, 1, 2]
        shut = Intervention(
            gates={("lang", 0): torch.tensor([1.0, 0, 1])}, means={("lang", 0): mean}
        )
        assert torch.allclose(
            answers(network, alone, shut), answers(network, alone, reads), atol=1e-4
        )


def test_the_last_layers_region_branch_has_no_effect_on_answers_at_all(
    network: LxmertForPreTraining, given: dict[str, Tensor]
) -> None:
    plain = answers(network, given)
    for family in ("vision_from_lang", "cross_vision"):
        off = Intervention(gates={(family, 1): torch.zeros(HEADS)})
        assert torch.equal(answers(network, given, off), plain)
        before = Intervention(gates={(family, 0): torch.zeros(HEADS)})
        assert not torch.equal(answers(network, given, before), plain)


def test_with_all_words_cut_from_regions_any_other_picture_gives_the_same_answers(
    network: LxmertForPreTraining, given: dict[str, Tensor]
) -> None:
    cut = {("lang_from_vision", layer): 0 * ones("lang_from_vision") for layer in range(2)}
    other = given | {"visual_feats": torch.rand(2, REGIONS, 13) * 9}
    asked = Intervention(edges=cut)
    assert torch.equal(answers(network, given, asked), answers(network, other, asked))
    assert not torch.allclose(answers(network, given), answers(network, other), atol=1e-2)
    none = given | {
        "visual_feats": torch.zeros(2, 0, 13),
        "visual_pos": torch.zeros(2, 0, 4),
    }
    assert torch.equal(answers(network, given, asked), answers(network, none))


def test_rows_whose_scores_are_all_lowered_still_read_everything(
    network: LxmertForPreTraining, given: dict[str, Tensor]
) -> None:
    """The trap: a whole row lowered before the softmax blocks nothing."""
    lowest = torch.finfo(torch.float32).min
    leaks = {("lang_from_vision", layer): lowest * ones("lang_from_vision") for layer in range(2)}
    other = given | {"visual_feats": torch.rand(2, REGIONS, 13) * 9}
    asked = Intervention(added=leaks)
    found, changed = answers(network, given, asked), answers(network, other, asked)
    assert not torch.allclose(found, changed, atol=1e-2)


def test_a_region_cut_with_renormalised_rows_is_a_region_hidden_by_the_mask(
    network: LxmertForPreTraining, given: dict[str, Tensor]
) -> None:
    """And the same as lowering its scores before the softmax, and as leaving it out."""
    keys = torch.ones(REGIONS)
    keys[2] = 0
    reading = [key for key in ALL if FAMILIES[key[0]].keys == "vision"]
    cut = Intervention(edges={k: ones(k[0]) * keys for k in reading}, renormalise=True)
    low = (1 - keys) * torch.finfo(torch.float32).min
    lowered = Intervention(added={k: ones(k[0]) * low for k in reading})
    hidden = given | {"visual_attention_mask": keys[None].expand(2, -1)}
    left = [0, 1, 3, 4]
    sliced = {n: v[:, left] if n.startswith("visual") else v for n, v in given.items()}
    wanted = answers(network, sliced)
    for found in (answers(network, hidden), *(answers(network, given, a) for a in (cut, lowered))):
        assert torch.allclose(found, wanted, atol=1e-4)


def states_of(found: Any) -> dict[tuple[str, int], tuple[Tensor, Tensor]]:
    """Every state of a run, all places, as replacements."""
    seen, values = found.activations, {}
    for stream, own in (("lang", seen.lang_states), ("vision", seen.vision_states)):
        values |= {(stream, layer - 1): state for layer, state in enumerate(own)}
    for stream, steps in (("lang", seen.lang_cross_states), ("vision", seen.vision_cross_states)):
        names = [f for f in CROSS_FAMILIES if FAMILIES[f].queries == stream]
        for layer, step in enumerate(steps):
            keys = (*names, f"{stream}_cross")
            values |= {(k, layer): state for k, state in zip(keys, step, strict=True)}
    return {key: (torch.arange(v.shape[1]), v) for key, v in values.items()}


def test_both_streams_replaced_at_one_depth_give_the_other_runs_answers(
    network: LxmertForPreTraining, given: dict[str, Tensor]
) -> None:
    """All 46 states of the full network have such a place: here 7 + 12."""
    clean = given | inputs(network.config, 2, WORDS, REGIONS, seed=1)
    found = run(network, clean)
    replaced = states_of(found)
    assert len(replaced) == (3 + 1) + (2 + 1) + 2 * 3 * 2
    depths = [(("lang", a), ("vision", b)) for a in (-1, 2) for b in (-1, 1)]
    for layer in range(2):
        depths += [
            (("lang_from_vision", layer), ("vision_from_lang", layer)),
            (("cross_lang", layer), ("cross_vision", layer)),
            (("lang_cross", layer), ("vision_cross", layer)),
        ]
    for keys in depths:
        asked = Intervention(states={key: replaced[key] for key in keys})
        patched = answers(network, given, asked)
        assert torch.equal(patched, found.question_answering_score), keys
        assert not torch.equal(patched, answers(network, given))


def test_nothing_replaced_changes_nothing(
    network: LxmertForPreTraining, given: dict[str, Tensor]
) -> None:
    plain = run(network, given)
    nowhere = {("lang", 0): (torch.zeros(0, dtype=torch.long), torch.zeros(0, SIZE))}
    for states in (states_of(plain), nowhere):
        found = answers(network, given, Intervention(states=states))
        assert torch.equal(found, plain.question_answering_score)


@pytest.mark.parametrize("part", ["query", "key", "value", "pattern", "output"])
def test_a_heads_parts_can_be_those_of_another_run(
    network: LxmertForPreTraining, given: dict[str, Tensor], part: str
) -> None:
    """All parts that make a head's output, of all heads, give that layer's output."""
    clean = inputs(network.config, 2, WORDS, REGIONS, seed=1)
    layer = network.lxmert.encoder.layer[0].attention.self
    own = [run(network, one).activations for one in (given, clean)]
    first, other = (seen.lang_states[0].detach() for seen in own)
    made = {
        name: layer.split_heads(getattr(layer, name)(other)).detach()
        for name in ("query", "key", "value")
    }
    made["pattern"] = own[1].attention["lang"][0]
    made["output"] = (made["pattern"] @ made["value"]).detach()
    everyone = torch.ones(HEADS, dtype=torch.bool)
    asked = Intervention(parts={("lang", 0, part): (everyone, made[part])})
    found = run(network, given, asked)
    with torch.no_grad():
        q, k, v = (layer.split_heads(getattr(layer, n)(first)) for n in ("query", "key", "value"))
        chosen = {"query": q, "key": k, "value": v} | {part: made[part]}
        weights = (chosen["query"] @ chosen["key"].transpose(-1, -2) / 8**0.5).softmax(-1)
        weights = made["pattern"] if part == "pattern" else weights
        context = made["output"] if part == "output" else weights @ chosen["value"]
        block = network.lxmert.encoder.layer[0]
        attended = block.attention.output(context.transpose(1, 2).reshape(first.shape), first)
        wanted = block.output(block.intermediate(attended), attended)
    assert torch.allclose(found.activations.lang_states[1], wanted, atol=1e-5)
    one = Intervention(parts={("lang", 0, part): (torch.tensor([True, False, False]), made[part])})
    assert not torch.allclose(run(network, given, one).activations.lang_states[1], wanted)


def drawn(row: int) -> Intervention:
    """One of each kind, others in each row."""
    torch.manual_seed(row)
    return Intervention(
        gates={("vision", 0): torch.rand(HEADS)},
        means={("vision", 0): torch.rand(HEADS, 8)},
        edges={("cross_lang", 1): torch.rand(WORDS, WORDS)},
        added={("lang_from_vision", 0): torch.rand(HEADS, WORDS, REGIONS)},
        states={("lang", 1): (torch.tensor([row, 4]), torch.rand(2, SIZE))},
        parts={("lang", 2, "value"): (torch.rand(HEADS) > 0.5, torch.rand(HEADS, WORDS, 8))},
    )


def test_each_row_of_a_batch_has_its_own_intervention(
    network: LxmertForPreTraining, given: dict[str, Tensor]
) -> None:
    rows = [drawn(row) for row in range(2)]
    joint = answers(network, given, stacked(rows, WORDS, REGIONS))
    for row, asked in enumerate(rows):
        alone = {name: value[row : row + 1] for name, value in given.items()}
        assert torch.allclose(answers(network, alone, asked)[0], joint[row], atol=1e-5)
    assert not torch.allclose(joint, answers(network, given), atol=1e-2)


def test_two_at_once_never_see_each_others_interventions(
    network: LxmertForPreTraining, given: dict[str, Tensor]
) -> None:
    asked = [Intervention(gates={("cross_lang", 0): torch.rand(HEADS)}) for _ in range(2)] + [None]
    wanted = [answers(network, given, one) for one in asked]
    with ThreadPoolExecutor(3) as threads:
        found = list(threads.map(lambda n: (n, answers(network, given, asked[n % 3])), range(60)))
    assert all(torch.equal(one, wanted[n % 3]) for n, one in found)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Intervention(gates={("lang", 3): torch.ones(HEADS)}), "layer 3 of lang, counted from 0"),
        (Intervention(gates={("lang", -1): torch.ones(HEADS)}), "layer -1 of lang"),
        (Intervention(gates={("sideways", 0): torch.ones(HEADS)}), "'sideways'; there are lang"),
        (Intervention(gates={("lang", 0): torch.ones(9)}), "has 9 heads; this network has 3"),
        (Intervention(edges={("lang", 0): torch.ones(2, 2)}), r"\(2, 2\) queries and keys"),
        (
            Intervention(states={("lang", 0): (torch.tensor([6]), torch.ones(1, SIZE))}),
            "for 7 places of 24 numbers; here are 6 of 24",
        ),
        (
            Intervention(parts={("lang", 0, "mind"): (torch.ones(3) > 0, torch.ones(3, 6, 8))}),
            "'mind' is no part of a head",
        ),
    ],
)
def test_what_a_network_does_not_have_is_said_in_a_sentence(
    network: LxmertForPreTraining, given: dict[str, Tensor], asked: Intervention, said: str
) -> None:
    with pytest.raises(OptionError, match=said):
        answers(network, given, asked)


def test_a_vision_stream_that_was_encoded_before_is_refused_where_it_is_touched(
    network: LxmertForPreTraining, given: dict[str, Tensor]
) -> None:
    stream = network.lxmert.encode_vision(given["visual_feats"], given["visual_pos"])
    asked = Intervention(gates={("vision", 0): torch.zeros(HEADS)})
    with pytest.raises(ValueError, match="without this intervention"):
        network(given["input_ids"], vision=stream, intervention=asked)
