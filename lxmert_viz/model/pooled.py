"""What a network's heads say of the pooled state: answers, match, and NLVR2's verdict."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

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
    answers = np.zeros((len(pooled), 0), np.float32)
    if answer_kind(network, ""):
        answers = _array(network.answer_head(pooled))  # (B, A)
    match: Sequence[np.ndarray | None] = [None] * len(pooled)
    if has_match(network):
        match = _array(network.cls.seq_relationship(pooled))  # (B, 2)
    return list(map(Scores, answers, match))


@torch.inference_mode()
def truths_of(network: Network, pooled: Tensor) -> list[float]:
    """P(true) of each pair of (2B, D), a pair's two in a row."""
    return network.judge(pooled).float().softmax(-1)[:, 1].tolist()


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.float().cpu().numpy()
