"""Losses by hand, and the published faults that are mended."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from lxmert_viz.model.losses import answer_loss, class_loss, no_loss, region_loss
from lxmert_viz.model.lxmert import LxmertForPreTraining, LxmertForQuestionAnswering
from tests.helpers.small_networks import inputs, random_labels, small_network

LOGITS = torch.tensor([[0.0, 0.0], [math.log(3), 0.0], [0.0, math.log(9)]])  # P: 1/2, 3/4, 1/10


def network_and_inputs(**changes: Any) -> tuple[LxmertForPreTraining, dict[str, Any]]:
    network = small_network(LxmertForPreTraining, **changes)
    return network, inputs(network.config)


def test_a_class_loss_is_the_mean_surprise_over_what_has_a_label() -> None:
    every = class_loss(LOGITS, torch.tensor([0, 0, 0]))
    assert every.item() == pytest.approx((math.log(2) + math.log(4 / 3) + math.log(10)) / 3)
    for ignored in (-100, -1):
        some = class_loss(LOGITS, torch.tensor([0, ignored, 0]))
        assert some.item() == pytest.approx((math.log(2) + math.log(10)) / 2)


def test_class_loss_wants_one_label_for_each_prediction() -> None:
    with pytest.raises(ValueError, match=r"\(2,\), their logits \(3, 2\)"):
        class_loss(LOGITS, torch.tensor([0, 0]))


@pytest.mark.parametrize("ignored", (-100, -1))
def test_a_loss_with_nothing_to_predict_is_zero_and_differentiable(ignored: int) -> None:
    logits = LOGITS.clone().requires_grad_()
    loss = class_loss(logits, torch.full((3,), ignored))
    loss.backward()
    assert loss.item() == 0 and torch.equal(logits.grad, torch.zeros(3, 2))


@pytest.mark.parametrize("dtype", (torch.float32, torch.long))
def test_one_hot_answers_are_class_indices(dtype: torch.dtype) -> None:
    one_hot = torch.tensor([[1, 0], [0, 1], [1, 0]], dtype=dtype)
    expected = (math.log(2) + math.log(4) + math.log(10)) / 3
    assert answer_loss(LOGITS, one_hot).item() == pytest.approx(expected)
    assert answer_loss(LOGITS, torch.tensor([0, 1, 0])).item() == pytest.approx(expected)
    without_last = one_hot * torch.tensor([[1], [1], [0]], dtype=dtype)
    expected = (math.log(2) + math.log(4)) / 2
    assert answer_loss(LOGITS, without_last).item() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("rows", "message"),
    (
        ([[1.0, 1.0]] * 3, "must be one-hot"),
        ([[0.3, 0.0]] * 3, "must be one-hot"),
        ([[1.0, 0.0, 0.0]] * 3, "3 columns, the head 2"),
    ),
)
def test_answers_that_are_neither_index_nor_one_hot_are_refused(
    rows: list[list[float]], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        answer_loss(LOGITS, torch.tensor(rows))


def test_region_losses_are_weighed_means_over_all_regions() -> None:
    """Surprises log 2 and log 4; feature errors 0.5 (square part) and 3 (line part)."""
    predicted = {
        "obj": torch.tensor([[[0.0, 0.0], [math.log(3), 0.0]]]),
        "feat": torch.tensor([[[0.5, 0.0], [3.0, 0.0]]]),
    }
    labels = {
        "obj": (torch.tensor([[1, 1]]), torch.tensor([[1.0, 0.5]])),
        "feat": (torch.zeros(1, 2, 2), torch.tensor([[1, 0]])),
    }
    objects = (math.log(2) + 0.5 * math.log(4)) / 2
    feats = (0.5 * 0.5**2 / 2) / 2
    assert region_loss(predicted, labels).item() == pytest.approx(objects + feats)
    counted = labels | {"feat": (torch.zeros(1, 2, 2), torch.tensor([[1, 1]]))}
    feats += ((3 - 0.5) / 2) / 2
    assert region_loss(predicted, counted).item() == pytest.approx(objects + feats)


def test_the_total_is_the_sum_with_region_losses_scaled() -> None:
    network, given = network_and_inputs(visual_loss_normalizer=2.5)
    labels = random_labels(network.config)
    total = network(**given, **labels).loss
    parts = {name: network(**given, **{name: value}).loss for name, value in labels.items()}
    torch.testing.assert_close(sum(parts.values()), total)
    predicted = network.obj_predict_head(network.lxmert(**given).vision_output)
    torch.testing.assert_close(
        parts["obj_labels"], region_loss(predicted, labels["obj_labels"]) * 2.5
    )


def test_nothing_to_predict_anywhere_still_trains_nothing() -> None:
    network, given = network_and_inputs()
    out = network(
        **given,
        labels=torch.full((2, 6), -100),
        matched_label=torch.full((2,), -100),
        ans=torch.full((2,), -1),
    )
    out.loss.backward()
    assert out.loss.item() == 0
    assert all(p.grad is None or not p.grad.any() for p in network.parameters())


def test_labels_of_tasks_that_are_off_give_a_zero_that_differentiates() -> None:
    tasks = ("task_matched", "task_mask_lm", "task_obj_predict", "task_qa")
    network, given = network_and_inputs(**dict.fromkeys(tasks, False))
    loss = network(**given, **random_labels(network.config)).loss
    loss.backward()
    assert loss.item() == 0


def test_region_labels_over_no_regions_are_zero() -> None:
    network = small_network(LxmertForPreTraining)
    labels = random_labels(network.config, regions=0)["obj_labels"]
    loss = network(**inputs(network.config, regions=0), obj_labels=labels).loss
    loss.backward()
    assert loss.item() == 0


def test_no_loss_is_zero_even_beside_infinity() -> None:
    states = torch.tensor([[math.inf], [math.nan]], requires_grad=True)
    loss = no_loss(states)
    loss.backward()
    assert loss.item() == 0 and torch.equal(states.grad, torch.zeros(2, 1))


def test_without_labels_there_is_no_loss() -> None:
    network, given = network_and_inputs()
    assert network(**given).loss is None


def test_word_vectors_go_with_region_labels() -> None:
    network, given = network_and_inputs()
    labels = random_labels(network.config)
    expected = network(**given, **labels).loss
    words = network.lxmert.embeddings.word_embeddings(given.pop("input_ids"))
    assert torch.equal(network(**given, inputs_embeds=words, **labels).loss, expected)


def test_missing_region_labels_are_named() -> None:
    network, given = network_and_inputs()
    labels = random_labels(network.config)["obj_labels"]
    del labels["attr"]
    with pytest.raises(ValueError, match="lacks attr; this network predicts obj, attr, feat"):
        network(**given, obj_labels=labels)


def test_a_region_task_that_is_off_needs_no_labels() -> None:
    network, given = network_and_inputs(visual_attr_loss=False)
    labels = random_labels(network.config)["obj_labels"]
    with_unused = network(**given, obj_labels=labels).loss
    del labels["attr"]
    assert torch.equal(network(**given, obj_labels=labels).loss, with_unused)


def test_answers_without_a_label_leave_the_others_their_loss() -> None:
    network, given = network_and_inputs()
    for ignored in (-1, -100):
        out = network(**given, ans=torch.tensor([3, ignored]))
        alone = class_loss(out.question_answering_score[:1], torch.tensor([3]))
        torch.testing.assert_close(out.loss, alone)


def test_the_answering_network_takes_the_same_labels() -> None:
    network = small_network(LxmertForQuestionAnswering)
    given = inputs(network.config)

    def loss(labels: Tensor) -> float:
        return network(**given, labels=labels).loss.item()

    indices = torch.tensor([2, 5])
    assert loss(indices) == pytest.approx(loss(torch.eye(7)[indices]))
    assert loss(torch.tensor([-1, -100])) == 0
    assert network(**given).loss is None


def test_without_answer_task_the_score_is_a_bare_number() -> None:
    network, given = network_and_inputs(task_qa=False)
    out = network(**given)
    assert out.question_answering_score.shape == ()
    assert not hasattr(network, "answer_head")
