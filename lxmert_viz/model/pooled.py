"""What a network's heads say: answers, match, NLVR2's verdict, and masked words."""

import torch
from torch import Tensor

from lxmert_viz.model.arrays import on_host
from lxmert_viz.model.files.loading import Network
from lxmert_viz.model.lxmert import LxmertForPreTraining, LxmertForQuestionAnswering
from lxmert_viz.records import Scores


def answer_kind(network: Network, trained_as: str) -> str:
    """As Trace has it. trained_as: what the checkpoint says of itself, or ""."""
    if isinstance(network, LxmertForPreTraining):
        return (trained_as or "softmax") if network.config.task_qa else ""
    if isinstance(network, LxmertForQuestionAnswering):
        return trained_as or "sigmoid"
    return ""


def has_match(network: Network) -> bool:
    return isinstance(network, LxmertForPreTraining) and network.config.task_matched


@torch.inference_mode()
def scores_of(network: Network, pooled: Tensor) -> list[Scores]:
    """One a row of (B, D); heads of words and regions are not asked."""
    nothing = pooled.new_zeros(len(pooled), 0)
    said = network.answer_head(pooled) if answer_kind(network, "") else nothing  # (B, A)
    matching = has_match(network)
    odds = network.cls.seq_relationship(pooled) if matching else nothing  # (B, 2)
    answers, match = on_host([said, odds])
    return list(map(Scores, answers, match if matching else [None] * len(pooled)))


@torch.inference_mode()
def likely_words(
    network: LxmertForPreTraining, states: Tensor, count: int
) -> list[tuple[list[int], list[float]]]:
    """For each word's last state (n, D) the most probable pieces, best first: ids and shares."""
    shares = network.cls.predictions(states).float().softmax(-1)  # (n, vocabulary)
    likely = shares.topk(min(count, shares.shape[-1]))
    return list(zip(likely.indices.tolist(), likely.values.tolist(), strict=True))


@torch.inference_mode()
def truths_of(network: Network, pooled: Tensor) -> list[float]:
    """P(true) of each pair of (2B, D), a pair's two in a row."""
    return network.judge(pooled).float().softmax(-1)[:, 1].tolist()
