"""Trains the miniature's LXMERT on lessons, through LxmertForPreTraining's own losses."""

import re
from functools import partial
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader

from lxmert_viz.config import LxmertConfig
from lxmert_viz.miniature.training import detector_training
from lxmert_viz.miniature.training.lessons import POOL, Lessons, unflatten
from lxmert_viz.miniature.training.log import TrainingLog
from lxmert_viz.miniature.training.muon import Muon
from lxmert_viz.miniature.training.processors import two_processors
from lxmert_viz.miniature.training.sightings import Sighting
from lxmert_viz.miniature.training.steps import Learnt, learn, rate, resume, save
from lxmert_viz.miniature.world.questions import answer_names
from lxmert_viz.miniature.world.wording import word_pieces
from lxmert_viz.model.lxmert import LxmertForPreTraining
from lxmert_viz.model.outputs import LxmertForPreTrainingOutput
from lxmert_viz.model.tokenizer import LxmertTokenizerFast

LEARNING_RATE = 1e-3
WEIGHT_DECAY = 0.01
SAVE_EVERY = 30  # pools
MIDDLE_BOX = (0.42, 0.42, 0.55, 0.62)  # about the mean of all boxes, xyxy of the picture
CONFIG = LxmertConfig(
    vocab_size=len(word_pieces()),
    hidden_size=128,
    num_attention_heads=4,
    intermediate_size=512,
    num_qa_labels=len(answer_names()),
    num_object_labels=detector_training.CONFIG.num_objects,
    num_attr_labels=detector_training.CONFIG.num_attributes,
    visual_feat_dim=detector_training.CONFIG.feature_size,
    visual_loss_normalizer=1.0,  # at the published 6.67 the regions' own labels drown the questions
    initializer_range=0.05,  # what 0.02 is to 768 dimensions; with 0.02 learning starts late
    hidden_dropout_prob=0.0,
    attention_probs_dropout_prob=0.0,
    max_position_embeddings=64,
    l_layers=2,
    r_layers=1,
    x_layers=4,
    architectures=["LxmertForPreTraining"],
)


def train_lxmert(
    sightings: list[Sighting],
    tokenizer: LxmertTokenizerFast,
    steps: int,
    seed: int,
    log: TrainingLog,
    checkpoint: Path,
    device: str = "cpu",
    begun: LxmertForPreTraining | None = None,
) -> LxmertForPreTraining:
    """An LXMERT that has had `steps` batches of lessons; resumes from `checkpoint` if it exists.

    begun: a network that has learnt before.
    """
    torch.manual_seed(seed)
    model = (begun or fresh_network()).to(device).train()
    optimizers = _optimizers(model)
    first_pool = (resume(checkpoint, model, optimizers) or {"pool": 0})["pool"]
    lessons = Lessons(sightings, tokenizer, steps, seed)
    steps = len(lessons) * POOL
    order = range(first_pool, len(lessons))
    pools = DataLoader(lessons, None, sampler=order, num_workers=1, prefetch_factor=4)
    with two_processors() as threads:
        for pool, batches in enumerate(pools, start=first_pool):
            for step, parts in enumerate(batches, start=pool * POOL):
                for group in (g for optimizer in optimizers for g in optimizer.param_groups):
                    group["lr"] = LEARNING_RATE * rate(step, steps)
                learn(model, optimizers, parts, partial(_loss, model), log.add, threads, device)
                log.step(step, steps)
            if (pool + 1) % SAVE_EVERY == 0 or pool + 1 == len(lessons):
                save(checkpoint, {"pool": pool + 1}, model, optimizers)
    return model.eval()


def fresh_network() -> LxmertForPreTraining:
    """Random weights, with boxes that tell regions apart as well as features do.

    With the usual small weights and no bias, layer normalisation makes nearly the same vector of
    every box: then "left of" is still not learnt after half a million examples.
    """
    network = LxmertForPreTraining(CONFIG)
    boxes = network.lxmert.encoder.visn_fc.box_fc
    nn.init.normal_(boxes.weight, std=1.0)
    with torch.no_grad():
        middle = boxes.weight @ torch.tensor(MIDDLE_BOX)
        boxes.bias.normal_(std=0.3).sub_(middle)
    return network


def _optimizers(model: LxmertForPreTraining) -> tuple[torch.optim.Optimizer, ...]:
    """Muon for what maps hidden states to hidden states, AdamW for everything else.

    Two of Muon, because they step side by side and take as long as a third of a batch.
    """
    hidden = {
        name
        for name, parameter in model.named_parameters()
        if parameter.dim() == 2 and re.search(r"\.(layer|r_layers|x_layers)\.", name)
    }
    chosen = [p for name, p in model.named_parameters() if name in hidden]
    others = [p for name, p in model.named_parameters() if name not in hidden]
    return (
        Muon(chosen[::2], LEARNING_RATE, weight_decay=WEIGHT_DECAY),
        Muon(chosen[1::2], LEARNING_RATE, weight_decay=WEIGHT_DECAY),
        torch.optim.AdamW(others, LEARNING_RATE, (0.9, 0.99), weight_decay=WEIGHT_DECAY),
    )


def _loss(model: LxmertForPreTraining, part: dict[str, torch.Tensor]) -> Learnt:
    out = model(**unflatten(part))
    return out.loss, {"loss": out.loss.item(), **_scores(out, part)}


@torch.no_grad()
def _scores(out: LxmertForPreTrainingOutput, batch: dict[str, torch.Tensor]) -> dict[str, float]:
    """Accuracy by task on a part of a training batch; tasks without labels in it are left out."""
    pairs = {
        "words": (out.prediction_logits, batch["labels"]),
        "match": (out.cross_relationship_score, batch["matched_label"]),
        "answers": (out.question_answering_score, batch["ans"]),
    }
    scores = {}
    for name, (logits, labels) in pairs.items():
        known = labels >= 0
        if known.any():
            scores[name] = (logits.argmax(-1) == labels)[known].float().mean().item()
    return scores
