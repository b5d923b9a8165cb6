"""Answer heads of other sizes, from one vocabulary to another, and for pairs of pictures."""

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from lxmert_viz.model.answering import normalised
from lxmert_viz.model.lxmert import LxmertForPreTraining, LxmertForQuestionAnswering, LxmertModel
from lxmert_viz.model.reasoning import LxmertForVisualReasoning
from tests.helpers.small_networks import inputs, same_states, small_config, small_network

HEADED = (LxmertForPreTraining, LxmertForQuestionAnswering)
KNOWN = ("2", "ball", "blue", "gray", "no", "red", "yes")
Answering = LxmertForPreTraining | LxmertForQuestionAnswering


def answers_of(network: Answering) -> torch.Tensor:
    return network(**inputs(network.config)).question_answering_score


# more or fewer answers


@pytest.mark.parametrize("kind", HEADED)
@pytest.mark.parametrize("count", (3, 12))
def test_the_first_answers_stay(kind: type[Answering], count: int) -> None:
    network = small_network(kind)
    before, kept = answers_of(network), min(count, 7)
    layer = network.resize_num_qa_labels(count)
    after = answers_of(network)
    assert after.shape == (2, count)
    torch.testing.assert_close(after[:, :kept], before[:, :kept], rtol=1e-5, atol=1e-5)
    assert layer is network.get_qa_logit_layer() and isinstance(layer, nn.Linear)
    assert network.config.num_qa_labels == network.lxmert.config.num_qa_labels == count
    assert not layer.bias[kept:].any() and (count < 7 or layer.weight[kept:].std() < 0.05)
    network(**inputs(network.config)).question_answering_score.sum().backward()
    assert layer.weight.grad.abs().sum() > 0


def test_nothing_changes_without_a_number() -> None:
    network = small_network(LxmertForQuestionAnswering)
    layer = network.get_qa_logit_layer()
    assert network.resize_num_qa_labels() is layer is network.resize_num_qa_labels(7)


def test_a_network_without_answers_has_no_such_layer() -> None:
    network = small_network(LxmertForPreTraining, task_qa=False)
    assert network.get_qa_logit_layer() is None and network.resize_num_qa_labels(3) is None


@pytest.mark.parametrize("dtype", (torch.float16, torch.bfloat16))
def test_a_resized_head_keeps_its_dtype_and_its_gradients(dtype: torch.dtype) -> None:
    network = small_network(LxmertForQuestionAnswering).to(dtype).requires_grad_(False)
    layer = network.resize_num_qa_labels(9)
    assert layer.weight.dtype == layer.bias.dtype == dtype and not layer.weight.requires_grad
    assert answers_of(network).dtype == dtype


def test_a_shared_config_is_not_altered() -> None:
    config = small_config()
    one, other = LxmertForQuestionAnswering(config), LxmertForQuestionAnswering(config)
    one.resize_num_qa_labels(3)
    assert config.num_qa_labels == other.config.num_qa_labels == 7


def test_a_resized_network_comes_back(tmp_path: Path) -> None:
    network = small_network(LxmertForQuestionAnswering)
    network.resize_num_qa_labels(4)
    network.save_pretrained(tmp_path)
    assert same_states(LxmertForQuestionAnswering.from_pretrained(tmp_path), network)


# another vocabulary


@pytest.mark.parametrize(
    ("answer", "expected"),
    (
        ("Yes.", "yes"),
        ("a ball", "ball"),
        ("An apple", "apple"),
        ("the grey", "gray"),
        ("two", "2"),
        ("ten", "10"),
        ("eleven", "eleven"),
        ("the man", "man"),
        ("u.s.", "u.s"),
        ("theatre", "theatre"),
        ("", ""),
    ),
)
def test_answers_are_normalised_as_in_pretraining(answer: str, expected: str) -> None:
    assert normalised(answer) == expected


@pytest.mark.parametrize("kind", HEADED)
def test_known_answers_keep_their_scores_and_new_ones_start_at_zero(
    kind: type[Answering],
) -> None:
    network = small_network(kind)
    before = answers_of(network)
    wanted = ("the Red.", "zebra", "yes", "Grey", "two", "")
    assert network.transfer_answers(KNOWN, wanted) == ("zebra", "")
    after = answers_of(network)
    torch.testing.assert_close(
        after[:, [0, 2, 3, 4]], before[:, [5, 6, 3, 0]], rtol=1e-5, atol=1e-5
    )
    assert not after[:, [1, 5]].any()
    assert network.config.num_qa_labels == 6


def test_the_known_answers_must_be_the_heads() -> None:
    with pytest.raises(ValueError, match="2 known answers are named; the head has 7"):
        small_network(LxmertForQuestionAnswering).transfer_answers(("yes", "no"), ("yes",))
    without = small_network(LxmertForPreTraining, task_qa=False)
    with pytest.raises(ValueError, match="the head has 0"):
        without.transfer_answers(("yes",), ("yes",))


@pytest.mark.parametrize(("task", "found", "lost"), (("vqa", 3124, 5), ("gqa", 1736, 106)))
def test_the_published_vocabularies_transfer_as_published(
    test_data: Path, task: str, found: int, lost: int
) -> None:
    known = [entry["ans"] for entry in json.loads((test_data / "lxmert_all_ans.json").read_text())]
    wanted = json.loads((test_data / f"{task}_label2ans.json").read_text())
    network = LxmertForQuestionAnswering(small_config(num_qa_labels=len(known)))
    missing = network.transfer_answers(known, wanted)
    assert (len(wanted) - len(missing), len(missing)) == (found, lost)
    if task == "vqa":
        assert set(missing) == {"", "visilab", "5 star", "1 4", "1 world"}


# pairs of pictures


def pairs(network: LxmertForVisualReasoning) -> dict[str, torch.Tensor]:
    given = inputs(network.config, batch=6)
    return {
        "input_ids": given["input_ids"][:3],
        "visual_feats": given["visual_feats"].view(3, 2, 5, -1),
        "visual_pos": given["visual_pos"].view(3, 2, 5, 4),
    }


def test_a_statement_is_read_with_both_pictures() -> None:
    network = small_network(LxmertForVisualReasoning)
    given = pairs(network)
    pooled = [
        network.lxmert(
            given["input_ids"], given["visual_feats"][:, side], given["visual_pos"][:, side]
        ).pooled_output
        for side in (0, 1)
    ]
    expected = network.answer_head(torch.cat(pooled, dim=1))
    output = network(**given)
    assert output.reasoning_score.shape == (3, 2)
    torch.testing.assert_close(output.reasoning_score, expected, rtol=1e-5, atol=1e-5)
    assert network.answer_head.logit_fc[0].weight.shape == (48, 48)
    assert network.config.num_qa_labels == 2


def test_the_order_of_the_pictures_matters() -> None:
    network = small_network(LxmertForVisualReasoning)
    given = pairs(network)
    turned = {n: t.flip(1) if n.startswith("visual") else t for n, t in given.items()}
    assert (network(**given).reasoning_score - network(**turned).reasoning_score).abs().max() > 1e-3


def test_pairs_can_be_masked_traced_and_trained() -> None:
    network = small_network(LxmertForVisualReasoning)
    given, mask = pairs(network), torch.ones(3, 2, 5)
    mask[:, 1, 3:] = 0
    labels = torch.tensor([0, 1, -100])
    output = network(**given, visual_attention_mask=mask, labels=labels, output_attentions=True)
    output.loss.backward()
    assert network.answer_head.logit_fc[0].weight.grad.abs().sum() > 0
    maps = output.activations.attention["lang_from_vision"][0]
    assert maps.shape == (6, 3, 6, 5)
    assert not maps[1::2, ..., 3:].any() and maps[::2, ..., 3:].all()
    assert torch.equal(network(**given, labels=labels, return_dict=False)[1], network(**given)[0])


def test_kept_pictures_give_the_same_verdict() -> None:
    network = small_network(LxmertForVisualReasoning)
    given = pairs(network)
    vision = network.lxmert.encode_vision(
        given["visual_feats"].flatten(0, 1), given["visual_pos"].flatten(0, 1)
    )
    again = network(given["input_ids"], vision=vision)
    assert torch.equal(again.reasoning_score, network(**given).reasoning_score)


def test_pictures_that_are_no_pairs_are_refused() -> None:
    network = small_network(LxmertForVisualReasoning)
    with pytest.raises(ValueError, match=r"\(B, 2, R, ...\), not \(2, 5, 13\)"):
        network(**inputs(network.config))


def test_a_pair_network_comes_back_and_starts_from_a_base(tmp_path: Path) -> None:
    network = small_network(LxmertForVisualReasoning)
    network.save_pretrained(tmp_path)
    assert same_states(LxmertForVisualReasoning.from_pretrained(tmp_path), network)
    pretrained = small_network(LxmertForPreTraining)
    pretrained.save_pretrained(tmp_path)
    started = LxmertForVisualReasoning.from_pretrained(tmp_path, fresh_heads=True)
    assert same_states(started.lxmert, pretrained.lxmert)
    assert started.config.num_qa_labels == 2
    assert isinstance(started.lxmert, LxmertModel)
    assert started.load_report.reshaped == (
        "answer_head.logit_fc.0.weight",
        "answer_head.logit_fc.3.weight",
        "answer_head.logit_fc.3.bias",
    )
