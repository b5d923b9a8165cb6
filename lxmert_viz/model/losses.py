"""The pre-training losses. One with nothing to predict is 0 and can still be differentiated."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

IGNORED = -100
ORIGINAL_IGNORED = -1  # what LXMERT's own data files mark "no label" with
RegionLabels = Mapping[str, tuple[Tensor, Tensor]]  # as region_loss documents


class Labels(NamedTuple):
    """What a batch has labels for; None where it has none."""

    words: Tensor | None  # (B, T)
    regions: RegionLabels | None
    match: Tensor | None  # (B,)
    answers: Tensor | None  # (B,) or one-hot (B, answers)


def no_loss(connected: Tensor) -> Tensor:
    """A scalar 0 that reaches `connected` with zero gradient, even where that holds inf or nan."""
    return connected[:0].sum()


def class_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy over the labels that are neither -100 nor -1.

    logits: (..., classes); labels: class indices (...).
    """
    if labels.numel() * logits.shape[-1] != logits.numel():
        raise ValueError(
            f"labels have shape {tuple(labels.shape)}, their logits {tuple(logits.shape)}"
        )
    labels = labels.reshape(-1)
    labels = labels.masked_fill(labels == ORIGINAL_IGNORED, IGNORED)
    flat_logits = logits.reshape(-1, logits.shape[-1])
    try:
        summed = functional.cross_entropy(
            flat_logits, labels, ignore_index=IGNORED, reduction="sum"
        )
    except IndexError as error:  # on a GPU torch itself ends the program
        raise ValueError(
            f"labels go from {labels.min()} to {labels.max()}; the head has {logits.shape[-1]} "
            f"classes, counted from 0 ({IGNORED} and {ORIGINAL_IGNORED}: no label)"
        ) from error
    return summed / (labels != IGNORED).sum().clamp(min=1)


def answer_loss(logits: Tensor, answers: Tensor) -> Tensor:
    """As class_loss, for class indices (B,) or one-hot rows (B, answers).

    A row of zeros has no label.
    """
    if answers.dim() == 2 and answers.shape[1] > 1:
        answers = _indices_of_one_hot(answers, logits.shape[-1])
    return class_loss(logits, answers)


def _indices_of_one_hot(rows: Tensor, classes: int) -> Tensor:
    if rows.shape[1] != classes:
        raise ValueError(f"one-hot answers have {rows.shape[1]} columns, the head {classes}")
    hits = (rows == 1).sum(dim=1)
    if ((rows != 0) & (rows != 1)).any() or (hits > 1).any():
        raise ValueError(
            f"answers given as rows must be one-hot, a single 1 among zeros, and these hold "
            f"{rows.min():g} to {rows.max():g} with up to {(rows != 0).sum(dim=1).max()} a row. "
            "For VQA's soft labels leave them out and take binary_cross_entropy_with_logits of "
            "question_answering_score, times the number of answers"
        )
    return rows.argmax(dim=1).masked_fill(hits == 0, IGNORED)


def region_loss(predictions: Mapping[str, Tensor], labels: RegionLabels) -> Tensor:
    """Sum of the object, attribute and feature losses, each a mean over all B * R regions.

    labels: "obj" and "attr": class indices (B, R) and confidences (B, R) that weigh them;
    "feat": features (B, R, F) and the regions (B, R) that count.
    """
    missing = [task for task in predictions if task not in labels]
    if missing:
        raise ValueError(
            f"obj_labels lacks {', '.join(missing)}; this network predicts {', '.join(predictions)}"
        )
    losses = [
        _one_region_loss(predictions[t], *labels[t], is_class=t != "feat") for t in predictions
    ]
    return torch.stack(losses).sum()


def _one_region_loss(predicted: Tensor, target: Tensor, weight: Tensor, is_class: bool) -> Tensor:
    predicted = predicted.flatten(0, 1)  # (B * R, size)
    if is_class:
        each = functional.cross_entropy(predicted, target.reshape(-1), reduction="none")
    else:
        feats = target.reshape(predicted.shape)
        each = functional.smooth_l1_loss(predicted, feats, reduction="none").mean(dim=-1)
    return (each * weight.reshape(-1)).sum() / max(each.numel(), 1)
