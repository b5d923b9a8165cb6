"""Networks among PyTorch's tools: parallel training, tracing, export."""

import copy
import io
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as distributed
from torch import Tensor, nn
from torch.nn.parallel import scatter_gather

from lxmert_viz.model.lxmert import LxmertForPreTraining, LxmertForQuestionAnswering, LxmertModel
from lxmert_viz.model.outputs import LxmertForQuestionAnsweringOutput
from tests.helpers.small_networks import Inputs, inputs, small_network

KINDS = (LxmertModel, LxmertForPreTraining, LxmertForQuestionAnswering)


class OnCpu:
    """What DataParallel's Gather does, which needs GPUs."""

    @staticmethod
    def apply(device: object, dim: int, *parts: Tensor) -> Tensor:
        return torch.cat([p.reshape(1) if p.dim() == 0 else p for p in parts], dim=dim)


def copies_on_cpu(tensors: list[Tensor], devices: list[int], detach: bool) -> list[list[Tensor]]:
    return [[t.clone() for t in tensors] for _ in devices]


def as_data_parallel(
    network: nn.Module, given: Inputs, monkeypatch: pytest.MonkeyPatch, **options: Any
) -> Any:
    """nn.DataParallel's steps with two copies, a half of the batch for each."""
    monkeypatch.setattr(scatter_gather, "Gather", OnCpu)
    module = import_module("torch.nn.parallel.replicate")  # its function has the same name
    monkeypatch.setattr(module, "_broadcast_coalesced_reshape", copies_on_cpu)
    monkeypatch.setattr(module, "_get_device_index", lambda device, _: device)
    copies = module.replicate(network, [0, 1], detach=True)
    halves = [{n: t.chunk(2)[side] for n, t in given.items()} for side in (0, 1)]
    outputs = [part(**half, **options) for part, half in zip(copies, halves, strict=True)]
    return scatter_gather.gather(outputs, "cpu")


@pytest.mark.parametrize("kind", KINDS)
def test_outputs_of_data_parallel_copies_are_joined(
    kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = small_network(kind)
    given = inputs(network.config, batch=4)
    whole = network(**given, output_hidden_states=True)
    joined = as_data_parallel(network, given, monkeypatch, output_hidden_states=True)
    assert type(joined) is type(whole)
    assert list(joined) == list(whole)
    for name, value in whole.items():
        parts = zip(value, joined[name], strict=True) if type(value) is tuple else []
        for one, other in parts or [(value, joined[name])]:
            torch.testing.assert_close(other, one)
    last = list(whole)[-1]
    assert getattr(joined, last) is joined[last]


def test_losses_of_data_parallel_copies_stay_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    network = small_network(LxmertForQuestionAnswering)
    given = inputs(network.config, batch=4) | {"labels": torch.tensor([1, 2, 3, 4])}
    joined = as_data_parallel(network, given, monkeypatch)
    assert joined.loss.shape == (2,)
    assert joined.question_answering_score.shape == (4, 7)
    assert joined[0] is joined.loss


def test_distributed_training_has_the_gradients_of_training_alone(tmp_path: Path) -> None:
    network = small_network(LxmertForQuestionAnswering)
    given = inputs(network.config) | {"labels": torch.tensor([1, 2])}
    alone = copy.deepcopy(network)
    alone(**given).loss.backward()
    place = f"file://{tmp_path / 'rendezvous'}"
    distributed.init_process_group("gloo", init_method=place, rank=0, world_size=1)
    try:
        parallel = nn.parallel.DistributedDataParallel(network, find_unused_parameters=True)
        output = parallel(**given)
        output.loss.backward()
    finally:
        distributed.destroy_process_group()
    assert type(output) is LxmertForQuestionAnsweringOutput
    gradients = dict(alone.named_parameters())
    for name, parameter in network.named_parameters():
        expected = gradients[name].grad
        assert (parameter.grad is None) == (expected is None)
        if expected is not None:
            torch.testing.assert_close(parameter.grad, expected)


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_a_traced_network_answers_as_itself(kind: type) -> None:
    network = small_network(kind)
    given = tuple(inputs(network.config).values())
    traced = torch.jit.trace(network, given, strict=False)
    found, expected = traced(*given), network(*given)
    assert list(found) == list(expected)
    for name in expected:
        torch.testing.assert_close(found[name], expected[name])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", [{}, {"output_attentions": True}])
def test_an_exported_network_answers_as_itself(kind: type, options: dict[str, bool]) -> None:
    network = small_network(kind)
    given = tuple(inputs(network.config).values())
    found = torch.export.export(network, given, options).module()(*given, **options)
    expected = network(*given, **options)
    assert type(found) is type(expected)
    assert list(found) == list(expected)
    assert (found.activations is None) == (not options)
    for one, other in zip(torch.utils._pytree.tree_leaves(found),
                          torch.utils._pytree.tree_leaves(expected), strict=True):  # fmt: skip
        torch.testing.assert_close(one, other)


def test_an_exported_network_is_kept_in_a_file() -> None:
    network = small_network(LxmertForQuestionAnswering)
    given = tuple(inputs(network.config).values())
    file = io.BytesIO()
    torch.export.save(torch.export.export(network, given), file)
    file.seek(0)
    found = torch.export.load(file).module()(*given)
    assert type(found) is LxmertForQuestionAnsweringOutput
    assert torch.equal(found.question_answering_score, network(*given).question_answering_score)


@pytest.mark.filterwarnings("ignore")  # of the exporters, about themselves
@pytest.mark.parametrize("dynamo", [False, True])
@pytest.mark.parametrize("return_dict", [False, True])
def test_an_onnx_file_answers_as_its_network(
    tmp_path: Path, dynamo: bool, return_dict: bool
) -> None:
    import onnx
    from onnx.reference import ReferenceEvaluator

    network = small_network(LxmertForPreTraining, return_dict=return_dict)
    given = tuple(inputs(network.config).values())
    torch.onnx.export(network, given, str(tmp_path / "network.onnx"), dynamo=dynamo)
    model = onnx.load(tmp_path / "network.onnx")
    named = {i.name: t.numpy() for i, t in zip(model.graph.input, given, strict=True)}
    found = ReferenceEvaluator(model).run(None, named)
    expected = network(*given, return_dict=False)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(torch.from_numpy(one), other, atol=1e-4, rtol=1e-4)


def test_an_output_changes_as_a_dict_and_as_a_record() -> None:
    score, state, loss = (torch.tensor([n]) for n in (1.0, 2.0, 3.0))
    out = LxmertForQuestionAnsweringOutput(
        question_answering_score=score, vision_hidden_states=(state,)
    )
    out.loss = loss
    assert list(out) == ["loss", "question_answering_score", "vision_hidden_states"]
    assert out[0] is loss
    out["loss"] = None
    assert "loss" not in out and out.loss is None
    again = copy.copy(out)
    assert list(again) == list(out) and again.vision_hidden_states == (state,)
    assert {**out}.keys() == out.keys()


# wrong calls


def wrong_calls(network: LxmertForQuestionAnswering) -> dict[str, tuple[Inputs, str]]:
    """What people call it with, and what they are told."""
    good = inputs(network.config, batch=2, words=6, regions=5)
    ids, feats, boxes = good.values()
    soft = torch.zeros(2, 7)
    soft[0, 1], soft[0, 2] = 1, 0.6
    return {
        "words alone": (
            good | {"input_ids": ids[0]},
            r"\(6,\), not .*input_ids\[None\]",
        ),
        "no batch axis": (
            {"input_ids": ids, "visual_feats": feats[0], "visual_pos": boxes[0]},
            r"\(5, 13\), not .*visual_feats\[None\]",
        ),
        "features": (good | {"visual_feats": torch.rand(2, 5, 14)}, "14 numbers.* takes 13"),
        "boxes": (good | {"visual_pos": torch.rand(2, 5, 5)}, "5 numbers each.* takes 4"),
        "numpy": (good | {"visual_feats": feats.numpy()}, "ndarray, not a tensor"),
        "token": (good | {"input_ids": ids + 61}, "vocabulary has 61 pieces"),
        "soft labels": (good | {"labels": soft}, "hold 0 to 1 .*binary_cross_entropy_with_logits"),
        "label": (good | {"labels": torch.tensor([1, 9])}, "from 1 to 9; the head has 7"),
        "vectors": (
            {k: v for k, v in good.items() if k != "input_ids"}
            | {"inputs_embeds": torch.rand(2, 6, 8)},
            "8 numbers each, this network takes 24",
        ),
    }


@pytest.mark.parametrize("case", list(wrong_calls(small_network(LxmertForQuestionAnswering))))
def test_a_wrong_call_is_one_sentence_with_both_values(case: str) -> None:
    network = small_network(LxmertForQuestionAnswering)
    given, said = wrong_calls(network)[case]
    with pytest.raises(ValueError, match=said):
        network(**given)
