"""Trains the miniature's LXMERT on lessons, through LxmertForPreTraining's own losses."""

import math
from pathlib import Path

import torch
from torch.utils.data import DataLoader

from lxmert_viz.config import LxmertConfig
from lxmert_viz.miniature import detector_training
from lxmert_viz.miniature.lessons import CURRICULUM, POOL, Lessons, unflatten
from lxmert_viz.miniature.log import TrainingLog
from lxmert_viz.miniature.questions import answer_names
from lxmert_viz.miniature.sightings import Sighting
from lxmert_viz.miniature.wording import word_pieces
from lxmert_viz.model.lxmert import LxmertForPreTraining
from lxmert_viz.model.outputs import LxmertForPreTrainingOutput
from lxmert_viz.model.tokenizer import LxmertTokenizerFast

LEARNING_RATE = 7e-4
WEIGHT_DECAY = 0.01
WARM_UP = 0.03
SAVE_EVERY = 30  # pools

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

    begun: a network that has gone through the curriculum; it learns on from its last lesson.
    """
    torch.manual_seed(seed)
    model = (begun or LxmertForPreTraining(CONFIG)).to(device).train()
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY, betas=(0.9, 0.98)
    )
    first_pool = _resume(checkpoint, model, optimizer)
    curriculum = CURRICULUM[-1:] if begun else CURRICULUM
    lessons = Lessons(sightings, tokenizer, steps, seed, curriculum)
    steps = len(lessons) * POOL
    pools = DataLoader(
        lessons,
        batch_size=None,
        sampler=range(first_pool, len(lessons)),
        num_workers=1,
        prefetch_factor=4,
    )
    for pool, batches in enumerate(pools, start=first_pool):
        for step, parts in enumerate(batches, start=pool * POOL):
            for group in optimizer.param_groups:
                group["lr"] = LEARNING_RATE * _rate(step, steps)
            _learn(model, optimizer, parts, log, device)
            log.step(step, steps)
        if (pool + 1) % SAVE_EVERY == 0 or pool + 1 == len(lessons):
            weights, moments = model.state_dict(), optimizer.state_dict()
            unfinished = checkpoint.with_suffix(".unfinished")
            torch.save({"pool": pool + 1, "model": weights, "optimizer": moments}, unfinished)
            unfinished.rename(checkpoint)
    return model.eval()


def _learn(
    model: LxmertForPreTraining,
    optimizer: torch.optim.Optimizer,
    parts: list[dict[str, torch.Tensor]],
    log: TrainingLog,
    device: str,
) -> None:
    """One step of the optimizer on one batch."""
    optimizer.zero_grad()
    for part in parts:
        part = {name: array.to(device) for name, array in part.items()}
        # few processors multiply bfloat16 faster than float32; some take 20 times as long
        with torch.autocast("cuda", torch.bfloat16, enabled=device.startswith("cuda")):
            out = model(**unflatten(part))
        (out.loss / len(parts)).backward()
        log.add({"loss": out.loss.item(), **_scores(out, part)})
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()


def _rate(step: int, steps: int) -> float:
    """Share of the learning rate: linear warm-up, a long plateau, then a cosine to nothing."""
    warm, cool = WARM_UP * steps, 0.5 * steps
    if step < warm:
        return (step + 1) / warm
    return 1.0 if step < cool else 0.5 + 0.5 * math.cos(math.pi * (step - cool) / (steps - cool))


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


def _resume(checkpoint: Path, model: LxmertForPreTraining, optimizer: torch.optim.Optimizer) -> int:
    if not checkpoint.exists():
        return 0
    state = torch.load(checkpoint, weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return state["pool"]
