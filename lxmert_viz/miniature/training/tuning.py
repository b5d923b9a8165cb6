"""Lets a checkpoint learn on: its output head for matching, or for answers, on a person's examples.

Matching: cross-entropy on its two logits, as VSR's authors tune. Answers: cross-entropy for a head
that is a softmax, else binary cross-entropy of every answer, times their number, as LXMERT's
authors tune. Which weights are kept is decided on pictures that nothing was learnt from.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from lxmert_viz.miniature.training.processors import two_processors
from lxmert_viz.miniature.training.steps import Learnt, Part, learn, rate, resume, save
from lxmert_viz.model.files.loading import Network, base_of
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions, Report

MATCH_LABEL, ANSWER_LABEL = "matched_label", "ans"


@dataclass(frozen=True, slots=True)
class Shown:
    """One example to learn from."""

    regions: Regions
    text: str
    matches: bool = False
    scores: dict[int, float] = field(default_factory=dict)  # label of an answer -> 0..1


@dataclass(frozen=True, slots=True)
class Plan:
    head: str  # "match" or "answers"
    learning_rate: float = 1e-5
    batch: int = 32
    epochs: int = 10
    patience: int = 3  # epochs without a gain, after which it ends
    weight_decay: float = 0.01
    seed: int = 0


@dataclass
class Progress:
    """How far a tuning is; what the judge said after each epoch, before the first one too."""

    epoch: int = 0
    judged: list[float] = field(default_factory=list)

    @property
    def best(self) -> int:
        """The epoch with the highest judgement, the earliest of equals; 0: before any."""
        return max(range(len(self.judged)), key=lambda n: (self.judged[n], -n))

    def is_over(self, plan: Plan) -> bool:
        return self.epoch >= plan.epochs or self.epoch - self.best >= plan.patience


def tune(
    pipeline: Pipeline,
    rows: Sequence[Shown],
    plan: Plan,
    judge: Callable[[Pipeline], float],
    keep: Callable[[Network], None],
    checkpoint: Path,
    report: Report,
) -> Progress:
    """Epoch after epoch over the rows, until the judge hears no gain.

    judge: how good a pipeline is, on pictures of its own. keep: hears each best network so far.
    checkpoint: where an unfinished tuning is kept; the same call goes on from there.
    """
    model = copy.deepcopy(pipeline.network).float()
    tuned = pipeline.with_network(model)
    optimizers = _optimizers(model, plan)
    torch.manual_seed(plan.seed)
    done = resume(checkpoint, model, optimizers)
    progress = Progress(**done) if done else Progress(0, [judge(pipeline)])
    with two_processors() as threads:
        while not progress.is_over(plan):
            _learn_epoch(tuned, model, optimizers, rows, plan, progress, report, threads)
            progress.epoch += 1
            # anew: what a pipeline has encoded is kept, and the weights moved
            progress.judged.append(judge(pipeline.with_network(model)))
            if progress.best == progress.epoch:
                keep(model)
            save(checkpoint, vars(progress), model, optimizers)
    return progress


def _learn_epoch(
    tuned: Pipeline,
    model: Network,
    optimizers: Sequence[torch.optim.Optimizer],
    rows: Sequence[Shown],
    plan: Plan,
    progress: Progress,
    report: Report,
    threads: Any,
) -> None:
    order = list(range(len(rows)))
    Random(f"{plan.seed}/{progress.epoch}").shuffle(order)
    starts = range(0, len(order), plan.batch)
    total = plan.epochs * len(starts)
    losses: list[float] = []
    model.train()
    for number, start in enumerate(starts):
        step = progress.epoch * len(starts) + number
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = plan.learning_rate * rate(step, total)
        batch = [rows[place] for place in order[start : start + plan.batch]]
        parts = [_part(tuned, half, plan) for half in _halves(batch)]
        loss = partial(_loss, model, tuned.answer_kind)
        learn(
            model,
            optimizers,
            parts,
            loss,
            lambda values: losses.append(values["loss"]),
            threads,
            tuned.device,
        )
        recent = sum(losses[-20:]) / len(losses[-20:])
        report(f"epoch {progress.epoch + 1}, loss {recent:.3f}", (step + 1) / total)
    model.eval()


def _halves(batch: list[Shown]) -> list[list[Shown]]:
    """By length of the text, which saves padding."""
    batch = sorted(batch, key=lambda row: len(row.text.split()))
    cut = (len(batch) + 1) // 2
    return [half for half in (batch[:cut], batch[cut:]) if half]


def _part(tuned: Pipeline, rows: Sequence[Shown], plan: Plan) -> Part:
    with torch.enable_grad():  # so that regions come as they are, and gradients reach their encoder
        given = tuned.inputs.of(tuned.rows([(r.regions, r.text) for r in rows]), collect=False)
    given = {name: array for name, array in given.items() if array is not None}
    if plan.head == "match":
        return given | {MATCH_LABEL: torch.tensor([int(row.matches) for row in rows])}
    wanted = torch.zeros(len(rows), len(tuned.answer_vocabulary))
    for place, row in enumerate(rows):
        for label, score in row.scores.items():
            wanted[place, label] = score
    return given | {ANSWER_LABEL: wanted}


def _loss(model: Network, answer_kind: str, part: Part) -> Learnt:
    given = {name: array for name, array in part.items() if name not in (MATCH_LABEL, ANSWER_LABEL)}
    pooled = base_of(model)(**given, return_dict=True).pooled_output
    if MATCH_LABEL in part:
        loss = functional.cross_entropy(model.cls.seq_relationship(pooled), part[MATCH_LABEL])
    elif answer_kind == "softmax":
        loss = functional.cross_entropy(model.answer_head(pooled), part[ANSWER_LABEL].argmax(-1))
    else:
        logits, wanted = model.answer_head(pooled), part[ANSWER_LABEL]
        loss = functional.binary_cross_entropy_with_logits(logits, wanted) * wanted.shape[-1]
    return loss, {"loss": loss.item()}


def _optimizers(model: nn.Module, plan: Plan) -> tuple[torch.optim.Optimizer, ...]:
    """Biases and normalisations do not decay."""
    named = list(model.named_parameters())
    plain = [p for name, p in named if p.dim() < 2]
    decayed = [p for name, p in named if p.dim() >= 2]
    groups = [
        {"params": decayed, "weight_decay": plan.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    return (torch.optim.AdamW(groups, plan.learning_rate),)
