"""The network at its published size: names, shapes, counts, and one forward."""

import json

import pytest
import torch
from torch import Tensor

from lxmert_viz.config import LxmertConfig
from lxmert_viz.model.files.weights import PretrainedNetwork
from lxmert_viz.model.lxmert import LxmertForPreTraining, LxmertForQuestionAnswering, LxmertModel
from tests.helpers.files import FIXTURES
from tests.helpers.small_networks import inputs, random_masks, reference_of

NAMES = FIXTURES / "lxmert_state_dict_keys.json"
CLASSES = (LxmertModel, LxmertForPreTraining, LxmertForQuestionAnswering)


def outlined(kind: type[PretrainedNetwork], answers: int = 9500) -> PretrainedNetwork:
    with torch.device("meta"):
        return kind(LxmertConfig(num_qa_labels=answers))


@pytest.mark.parametrize("kind", CLASSES)
def test_names_and_shapes_are_the_published_ones(kind: type) -> None:
    published = {n: tuple(s) for n, s in json.loads(NAMES.read_text())[kind.__name__].items()}
    assert len(published) == {LxmertModel: 449, LxmertForPreTraining: 473}.get(kind, 455)
    assert {n: tuple(t.shape) for n, t in outlined(kind).state_dict().items()} == published


@pytest.mark.parametrize(
    ("kind", "answers", "count"),
    (
        (LxmertModel, 9500, 207_936_768),
        (LxmertForPreTraining, 9500, 228_051_752),
        (LxmertForPreTraining, 3129, 218_259_525),
        (LxmertForPreTraining, 1842, 216_281_406),
        (LxmertForQuestionAnswering, 9500, 223_722_524),
        (LxmertForQuestionAnswering, 3129, 213_930_297),
        (LxmertForQuestionAnswering, 1842, 211_952_178),
    ),
)
def test_parameters_are_as_many_as_published(kind: type, answers: int, count: int) -> None:
    assert sum(p.numel() for p in outlined(kind, answers).parameters()) == count


def test_one_full_size_forward_equals_the_reference() -> None:
    torch.manual_seed(0)
    network = LxmertForPreTraining(LxmertConfig()).eval()
    given = inputs(network.config, batch=1, words=20, regions=36)
    given |= random_masks(1, 20, 36)
    flags = {"output_attentions": True, "output_hidden_states": True}
    reference = reference_of(network)
    with torch.no_grad():
        ours, theirs = network(**given, **flags), reference(**given, **flags)
    assert list(ours) == list(theirs)
    for name, value in theirs.items():
        assert_same(ours[name], value)
    assert sum(len(maps) for maps in ours.activations.attention.values()) == 34
    assert ours.activations.predicted_feats.shape == (1, 36, 2048)


def assert_same(ours: Tensor | tuple[Tensor, ...], theirs: Tensor | tuple[Tensor, ...]) -> None:
    if isinstance(theirs, Tensor):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)
        return
    for one, other in zip(ours, theirs, strict=True):
        assert_same(one, other)
