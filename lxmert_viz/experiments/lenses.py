"""What the model's own heads say of every state, not only of the last one.

A head was trained on the last layer alone: what it makes of an earlier state is suggestive, and of
the embeddings least of all, because layers need not share a basis.
Letters: P depths, N words or regions, V labels of a head, k best of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from lxmert_viz.analysis.states import LENSES
from lxmert_viz.errors import CheckpointError
from lxmert_viz.model.files.loading import base_of
from lxmert_viz.model.lxmert import LxmertForPreTraining
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import LensGrid

FROM_POOLED = ("answers", "match")  # read [CLS] alone, through the pooler
WHO_HAS_IT = {
    "words": "lxmert-base has one",
    "objects": "lxmert-base has one",
    "attributes": "lxmert-base has one",
    "features": "lxmert-base has one",
    "answers": "lxmert-base, lxmert-vqa and lxmert-gqa have one",
    "match": "lxmert-base has one",
}
MATCH_LABELS = ("does not belong", "belongs")
TASKS = {"objects": "obj", "attributes": "attr", "features": "feat"}


@dataclass(frozen=True, slots=True)
class Lens:
    """One head, ready to read states of its stream."""

    name: str
    stream: str
    labels: tuple[str, ...]  # V
    kind: str  # "softmax" or "sigmoid", as the head was trained; "cosine" with stored features
    read: Callable[[Tensor], Tensor]  # (1, N, D) -> (N, V)
    like: Tensor  # a weight: states take its device and type

    @property
    def pooled(self) -> bool:
        return self.name in FROM_POOLED

    def placed(self, states: np.ndarray) -> Tensor:
        """The states where the head computes."""
        return torch.from_numpy(states).to(self.like)

    def logits(self, states: Tensor) -> Tensor:
        """(N, V) of the states (N, D) of one depth; of [CLS] alone where the head is pooled."""
        rows = states[:1] if self.pooled else states
        return self.read(rows[None]).float()

    def many(self, states: Tensor) -> Tensor:
        """(n, V) of states (n, D) of any examples; with gradients where they are enabled."""
        return self.read(states[:, None] if self.pooled else states[None]).float()

    def shares(self, logits: Tensor) -> Tensor:
        if self.kind == "cosine":
            return logits
        return logits.softmax(-1) if self.kind == "softmax" else logits.sigmoid()


def lens(pipeline: Pipeline, name: str) -> Lens:
    """Raises CheckpointError where the checkpoint lacks the head, with the name of one that has it.

    name: "words", "objects", "attributes", "answers" or "match".
    """
    makers = {"words": _word_lens, "answers": _answer_lens, "match": _match_lens}
    read, labels = makers[name](pipeline) if name in makers else _region_lens(pipeline, name)
    kind = pipeline.answer_kind if name == "answers" else "softmax"
    return Lens(name, LENSES[name].stream, labels, kind, read, _like(pipeline))


def feature_lens(pipeline: Pipeline, stored: np.ndarray, names: Sequence[str]) -> Lens:
    """Which stored region has features like those that the head predicts from a state.

    stored: (S, F) features of regions, whose names are the labels. The measure is the cosine of
    features from which the mean of all stored ones is taken, -1..1. Raises CheckpointError.
    """
    read, _ = _region_lens(pipeline, "features")
    like = _like(pipeline)
    middle = torch.from_numpy(stored.mean(0)).to(like)
    kept = normalize(torch.from_numpy(stored).to(like) - middle)
    return Lens(
        "features",
        LENSES["features"].stream,
        tuple(names),
        "cosine",
        lambda states: normalize(read(states) - middle) @ kept.T,
        like,
    )


@torch.inference_mode()
def grid(chosen: Lens, states: np.ndarray, count: int = 5) -> LensGrid:
    """states: (P, N, D) of the lens's stream, first depth first."""
    below, columns = None, []
    for depth in chosen.placed(states):
        logits = chosen.logits(depth)  # (N, V)
        best = logits.topk(min(count, logits.shape[-1]))
        shares = chosen.shares(logits).gather(-1, best.indices)
        ranks = torch.zeros_like(best.indices) if below is None else _ranks(below, best.indices)
        columns.append((best.indices, shares, ranks))
        below = logits
    joint = (torch.stack(parts).cpu().numpy() for parts in zip(*columns, strict=True))
    return LensGrid(*joint)


@torch.inference_mode()
def history(chosen: Lens, states: np.ndarray, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shares and ranks (P, k) of some labels for one word or region. states: (P, D)."""
    wanted = torch.from_numpy(ids)[None].to(chosen.like.device)
    shares, ranks = [], []
    for state in chosen.placed(states):
        logits = chosen.logits(state[None])
        shares.append(chosen.shares(logits).gather(-1, wanted)[0])
        ranks.append(_ranks(logits, wanted)[0])
    return torch.stack(shares).cpu().numpy(), torch.stack(ranks).cpu().numpy()


def _like(pipeline: Pipeline) -> Tensor:
    return base_of(pipeline.network).pooler.dense.weight


def _ranks(logits: Tensor, ids: Tensor) -> Tensor:
    """(N, k): 1 is the most probable. logits (N, V), ids (N, k)."""
    own = logits.gather(-1, ids)
    counts = [(logits > own[:, i : i + 1]).sum(-1) + 1 for i in range(ids.shape[1])]
    return torch.stack(counts, 1)


def _lacks(pipeline: Pipeline, name: str) -> CheckpointError:
    return CheckpointError(
        f"{pipeline.name} has no output head for {name}, so nothing can be read through it; "
        f"{WHO_HAS_IT[name]}."
    )


def _pre_training(pipeline: Pipeline, name: str, task: str) -> LxmertForPreTraining:
    network = pipeline.network
    if isinstance(network, LxmertForPreTraining) and getattr(network.config, task):
        return network
    raise _lacks(pipeline, name)


def _word_lens(pipeline: Pipeline) -> tuple[Callable[[Tensor], Tensor], tuple[str, ...]]:
    head = _pre_training(pipeline, "words", "task_mask_lm").cls.predictions
    known = len(pipeline.tokenizer)
    labels = pipeline.tokenizer.convert_ids_to_tokens(list(range(known)))
    spare = (f"row {row}" for row in range(known, head.decoder.out_features))
    return lambda states: head(states)[0], (*labels, *spare)


def _region_lens(
    pipeline: Pipeline, name: str
) -> tuple[Callable[[Tensor], Tensor], tuple[str, ...]]:
    network = _pre_training(pipeline, name, "task_obj_predict")
    head, task = network.obj_predict_head, TASKS[name]
    if task not in head.decoder_dict:
        raise _lacks(pipeline, name)
    names = pipeline.region_names
    named = {"obj": (names.objects, "object"), "attr": (names.attributes, "attribute")}
    labels, kind = named.get(task, ((), ""))
    if kind and not labels:  # a checkpoint without a detector names none
        labels = tuple(f"{kind} {n}" for n in range(head.decoder_dict[task].out_features))
    return lambda states: head(states)[task][0], labels


def _answer_lens(pipeline: Pipeline) -> tuple[Callable[[Tensor], Tensor], tuple[str, ...]]:
    if not pipeline.has_answers:
        raise _lacks(pipeline, "answers")
    head, pooler = pipeline.network.answer_head, base_of(pipeline.network).pooler
    return lambda states: head(pooler(states)), pipeline.answer_vocabulary


def _match_lens(pipeline: Pipeline) -> tuple[Callable[[Tensor], Tensor], tuple[str, ...]]:
    network = _pre_training(pipeline, "match", "task_matched")
    head, pooler = network.cls.seq_relationship, network.lxmert.pooler
    return lambda states: head(pooler(states)), MATCH_LABELS
