"""Lenses: the last layer is the model's own output, and what a checkpoint lacks is said."""

import copy

import numpy as np
import pytest
import torch

from lxmert_viz.analysis.states import by_depth, depth_names
from lxmert_viz.errors import CheckpointError
from lxmert_viz.experiments import lenses
from lxmert_viz.model.lxmert import LxmertForQuestionAnswering
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Trace
from tests.conftest import ANSWERS, ATTRIBUTES, LXMERT, OBJECTS

TEXT = "what is the [MASK] ball?"


@pytest.fixture(scope="module")
def trace(tiny_pipeline: Pipeline, photograph: bytes) -> Trace:
    return tiny_pipeline.ask(tiny_pipeline.look(photograph), TEXT)


@pytest.fixture(scope="module")
def output(tiny_pipeline: Pipeline, trace: Trace) -> dict[str, torch.Tensor]:
    """The network's own logits for the same picture and text, without any lens."""
    regions = trace.regions
    with torch.inference_mode():
        out = tiny_pipeline.network(
            input_ids=torch.from_numpy(trace.tokens.ids)[None],
            attention_mask=torch.ones(1, len(trace.tokens.ids)),
            visual_feats=torch.from_numpy(regions.feats)[None],
            visual_pos=torch.from_numpy(regions.boxes_unit)[None],
            output_hidden_states=True,
            return_dict=True,
        )
    return {
        "words": out.prediction_logits[0],
        "objects": out.activations.object_logits[0],
        "attributes": out.activations.attribute_logits[0],
        "answers": out.question_answering_score,
        "match": out.cross_relationship_score,
        "features": out.activations.predicted_feats[0],
    }


@pytest.mark.parametrize("name", ["words", "objects", "attributes", "answers", "match"])
def test_the_last_layer_is_exactly_what_the_model_says(
    tiny_pipeline: Pipeline, trace: Trace, output: dict[str, torch.Tensor], name: str
) -> None:
    chosen = lenses.lens(tiny_pipeline, name)
    last = by_depth(trace.states, chosen.stream)[-1]
    assert torch.equal(chosen.logits(chosen.placed(last)), output[name])
    grid = lenses.grid(chosen, last[None], count=3)
    expected = output[name].softmax(-1)
    k = min(3, expected.shape[-1])
    assert np.array_equal(grid.ids[0], expected.topk(k).indices.numpy())
    assert np.array_equal(grid.shares[0], expected.topk(k).values.numpy())


def test_features_are_read_as_the_stored_region_that_has_them(
    tiny_pipeline: Pipeline, trace: Trace, output: dict[str, torch.Tensor]
) -> None:
    """Stored regions that have exactly the predicted features of the last layer are found."""
    predicted = output["features"].numpy()
    others = np.random.default_rng(2).normal(size=(30, 64)).astype(np.float32)
    names = [f"stored {number}" for number in range(30 + len(predicted))]
    chosen = lenses.feature_lens(tiny_pipeline, np.concatenate([others, predicted]), names)
    with torch.inference_mode():
        cosines = chosen.logits(chosen.placed(by_depth(trace.states, "vision")[-1]))
    assert np.allclose(cosines[:, 30:].diagonal(), 1, atol=1e-5)
    assert np.allclose(cosines.amax(-1), 1, atol=1e-5)
    assert cosines[:, :30].abs().max() < 0.9


def test_the_word_lens_agrees_with_the_pipelines_masked_words(
    tiny_pipeline: Pipeline, trace: Trace
) -> None:
    chosen = lenses.lens(tiny_pipeline, "words")
    place = trace.tokens.pieces.index("[MASK]")
    grid = lenses.grid(chosen, by_depth(trace.states, "lang")[-1:])
    (masked,) = tiny_pipeline.masked_words(trace.regions, TEXT)
    assert [chosen.labels[i] for i in grid.ids[0, place]] == [word.text for word in masked]


def test_ranks_are_those_one_depth_below(tiny_pipeline: Pipeline, trace: Trace) -> None:
    chosen = lenses.lens(tiny_pipeline, "objects")
    states = by_depth(trace.states, "vision", inside=True)
    grid = lenses.grid(chosen, states, count=len(OBJECTS))
    assert (grid.ranks[0] == 0).all()
    for depth in range(1, len(states)):
        for region in range(states.shape[1]):
            below = {label: rank for rank, label in enumerate(grid.ids[depth - 1, region], 1)}
            found = [below[label] for label in grid.ids[depth, region]]
            assert found == grid.ranks[depth, region].tolist()


def test_a_history_tells_the_same_as_the_grid(tiny_pipeline: Pipeline, trace: Trace) -> None:
    chosen = lenses.lens(tiny_pipeline, "attributes")
    states = by_depth(trace.states, "vision")
    grid = lenses.grid(chosen, states, count=len(ATTRIBUTES))
    shares, ranks = lenses.history(chosen, states[:, 2], grid.ids[-1, 2])
    assert ranks[-1].tolist() == list(range(1, len(ATTRIBUTES) + 1))
    assert ranks[-2].tolist() == grid.ranks[-1, 2].tolist()
    assert np.allclose(shares[-1], grid.shares[-1, 2], atol=1e-6)


def test_a_shuffled_head_does_not_agree_with_the_model(
    tiny_pipeline: Pipeline, trace: Trace
) -> None:
    """The check that the lens reads through the head at all: another head, other words."""
    network = tiny_pipeline.network
    chosen = lenses.lens(tiny_pipeline, "words")
    states = by_depth(trace.states, "lang")[-1:]
    straight = lenses.grid(chosen, states, count=1).ids
    head = copy.deepcopy(network.cls.predictions)
    with torch.no_grad():
        order = torch.randperm(len(head.decoder.weight), generator=torch.Generator().manual_seed(1))
        head.decoder.weight = torch.nn.Parameter(head.decoder.weight[order])
    shuffled = lenses.Lens(
        "words", "lang", chosen.labels, "softmax", lambda s: head(s)[0], chosen.like
    )
    assert (lenses.grid(shuffled, states, count=1).ids == straight).mean() < 0.5


def test_answers_are_read_from_cls_alone(tiny_pipeline: Pipeline, trace: Trace) -> None:
    chosen = lenses.lens(tiny_pipeline, "answers")
    grid = lenses.grid(chosen, by_depth(trace.states, "lang"))
    assert grid.ids.shape == (LXMERT.l_layers + LXMERT.x_layers + 1, 1, 5)
    assert [ANSWERS[i] for i in grid.ids[-1, 0]] == [answer.text for answer in trace.answers[:5]]


def test_depths_are_named_in_order(trace: Trace) -> None:
    assert depth_names(trace.states, "lang") == ("embeddings", "L1", "L2", "L3", "X1", "X2")
    names = depth_names(trace.states, "vision", inside=True)
    assert names == (
        "embeddings", "R1", "R2", "X1 cross", "X1 self", "X1", "X2 cross", "X2 self", "X2",
    )  # fmt: skip
    assert len(by_depth(trace.states, "vision", inside=True)) == len(names)
    assert np.array_equal(
        by_depth(trace.states, "lang", inside=True)[-1], by_depth(trace.states, "lang")[-1]
    )


def test_a_missing_head_says_which_checkpoint_has_it(tiny_pipeline: Pipeline) -> None:
    answering = copy.copy(tiny_pipeline)
    answering._network = LxmertForQuestionAnswering(LXMERT)
    for name in ("words", "objects", "attributes", "match"):
        with pytest.raises(
            CheckpointError, match=f"no output head for {name}.*lxmert-base has one"
        ):
            lenses.lens(answering, name)
    assert lenses.lens(answering, "answers").labels == ANSWERS
