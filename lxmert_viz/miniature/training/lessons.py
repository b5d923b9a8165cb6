"""Training examples: a part of a scene, a sentence about it, and what the five tasks expect.

A lesson shows only some of a scene's objects. The first one shows two and asks only what each is,
with nothing masked and no captions: that teaches which words mean which regions within a thousand
batches. With everything asked from the start, the model stays on the plateau on which it knows an
answer's type but not the answer. Then comes all that can be asked of two, of 3, 5, 8 objects, at
last the regions as detected.
"""

from dataclasses import dataclass, field
from random import Random

import numpy as np
import torch
from torch.utils.data import Dataset

from lxmert_viz.miniature.training.masking import IGNORED, mask_regions, mask_words
from lxmert_viz.miniature.training.sightings import Sighting
from lxmert_viz.miniature.world.captions import caption, foil
from lxmert_viz.miniature.world.questions import answer_names, ask
from lxmert_viz.miniature.world.views import View
from lxmert_viz.model.tokenizer import LxmertTokenizerFast

BATCH = 64
POOL = 8  # batches that are made together; each gets pictures with about as many regions
LONGEST_TEXT = 22  # word pieces; few of the sentences it learnt from had more
CAPTIONS = 0.27  # share of examples; the rest are questions
# Words and regions are masked at the published rates, but only in a share of the sentences: a small
# model needs whole questions to learn from, and a foil whose one wrong word is masked is no foil.
MASKED_CAPTIONS = {1: 0.7, 0: 0.15}  # by whether they are true
MASKED_QUESTIONS = 0.1
FOILS = 0.5  # share of captions that are false; of these, half are off by one word
Shares = dict[str, float]
WHAT_IT_IS: Shares = {"attribute": 0.5, "relation": 0.3, "existence": 0.2}
OF_TWO: Shares = {
    "attribute": 0.25,
    "relation": 0.35,
    "count": 0.1,
    "existence": 0.05,
    "comparison": 0.1,
    "same": 0.15,
}
TYPES: Shares = {  # what is hard is asked often
    "attribute": 0.05,
    "relation": 0.3,
    "count": 0.2,
    "existence": 0.03,
    "comparison": 0.24,
    "same": 0.18,
}
# Share of the questions of a form that are drawn anew, once they are known: what else their type
# asks is harder. Before that they are what teaches left from right.
KNOWN_FORMS: Shares = {"relation": 0.5, "outermost": 0.6, "more": 0.3, "fewer": 0.4}


@dataclass(frozen=True)
class Lesson:
    """Two to `most` objects a scene, until this share of the training."""

    until: float
    most: int
    whole: float = 0.0  # share of examples that show every region as detected instead
    types: Shares = field(default_factory=lambda: TYPES)  # of the questions
    redrawn: Shares = field(default_factory=dict)
    captions: float = CAPTIONS
    masked_questions: float = MASKED_QUESTIONS


CURRICULUM = (
    Lesson(0.06, 2, types=WHAT_IT_IS, captions=0.0, masked_questions=0.0),
    Lesson(0.15, 2, types=OF_TWO, captions=0.15),
    Lesson(0.25, 3),
    Lesson(0.40, 5, redrawn=KNOWN_FORMS),
    Lesson(0.55, 8, redrawn=KNOWN_FORMS),
    Lesson(1.00, 8, whole=0.75, redrawn=KNOWN_FORMS),
)


@dataclass(frozen=True)
class Example:
    text: str
    sighting: Sighting
    regions: list[int]  # which of the sighting's regions are shown
    answer: int  # label, or -100 where nothing is asked
    matched: int  # 1 true, 0 false, or -100 where the text claims nothing
    masked: bool


def make_example(sightings: list[Sighting], lesson: Lesson, random: Random) -> Example:
    """One example of a lesson."""
    sighting = random.choice(sightings)
    view, regions = _shown(sighting, lesson, random)
    if random.random() < lesson.captions:
        return _caption_example(sightings, sighting, view, regions, random)
    for _ in range(10):
        kind = random.choices(list(lesson.types), list(lesson.types.values()))[0]
        question = ask(view, kind, random)
        if question is not None and random.random() >= lesson.redrawn.get(question.draft.form, 0.0):
            answer = answer_names().index(question.answer)
            masked = random.random() < lesson.masked_questions
            return Example(question.text, sighting, regions, answer, IGNORED, masked)
    return _caption_example(sightings, sighting, view, regions, random)


def _shown(sighting: Sighting, lesson: Lesson, random: Random) -> tuple[View, list[int]]:
    """Part of a scene, and the regions that show it."""
    best = sighting.best_regions()
    if not best or random.random() < lesson.whole:
        return sighting.view, list(range(len(sighting.object_of)))
    count = min(random.randint(2, lesson.most), len(best))
    objects = random.sample(sorted(best), count)
    return sighting.view.part(objects), [best[i] for i in objects]


def _caption_example(
    sightings: list[Sighting], sighting: Sighting, view: View, regions: list[int], random: Random
) -> Example:
    claim = caption(view, random)
    matched = 1
    if random.random() < FOILS:
        if random.random() < 0.5:
            false = foil(claim, view, random)
        else:
            other = random.choice(sightings).view
            false = caption(other.part(range(min(len(other.objects), 8))), random)
            false = None if false.holds(view) else false
        if false is not None:
            claim, matched = false, 0
    masked = random.random() < MASKED_CAPTIONS[matched]
    return Example(claim.say(random), sighting, regions, IGNORED, matched, masked)


class Lessons(Dataset):
    """Pool number i of a training: POOL batches, each in two parts; the same for the same seed.

    The shorter texts of a batch are one part, the longer ones the other, which saves padding; both
    parts take about as long, so that two processors can share a batch.
    """

    def __init__(
        self,
        sightings: list[Sighting],
        tokenizer: LxmertTokenizerFast,
        steps: int,
        seed: int,
    ) -> None:
        self._sightings = sightings
        self._tokenizer = tokenizer
        self._pools = -(-steps // POOL)
        self._seed = seed

    def __len__(self) -> int:
        return self._pools

    def __getitem__(self, pool: int) -> list[list[dict[str, torch.Tensor]]]:
        random = Random(f"{self._seed}/{pool}")
        numbers = np.random.default_rng([self._seed, pool])
        done = pool / self._pools
        lesson = next(x for x in CURRICULUM if done < x.until)
        examples = [make_example(self._sightings, lesson, random) for _ in range(BATCH * POOL)]
        examples.sort(key=lambda example: len(example.regions))
        batches = [examples[start : start + BATCH] for start in range(0, len(examples), BATCH)]
        random.shuffle(batches)
        return [self._parts(batch, numbers) for batch in batches]

    def _parts(
        self, batch: list[Example], numbers: np.random.Generator
    ) -> list[dict[str, torch.Tensor]]:
        batch.sort(key=lambda example: len(example.text.split()))
        sizes = [len(example.text.split()) + len(example.regions) for example in batch]
        cut = min(
            range(1, len(batch)),
            key=lambda cut: max(cut * sizes[cut - 1], (len(batch) - cut) * sizes[-1]),
        )
        return [collate(part, self._tokenizer, numbers) for part in (batch[:cut], batch[cut:])]


def collate(
    examples: list[Example], tokenizer: LxmertTokenizerFast, random: np.random.Generator
) -> dict[str, torch.Tensor]:
    """What LxmertForPreTraining.forward takes, as one flat dict; `unflatten` builds obj_labels."""
    texts = tokenizer([e.text for e in examples], padding=True, return_tensors="np")
    ids, seen = np.array(texts["input_ids"]), np.array(texts["attention_mask"])
    masked = np.array([e.masked for e in examples])[:, None]
    special = np.isin(ids, [tokenizer.cls_token_id, tokenizer.sep_token_id]) | (seen == 0)
    ids, labels = mask_words(
        ids, special | ~masked, tokenizer.mask_token_id, tokenizer.vocab_size, random
    )
    regions = _pad_regions(examples)
    real = regions.pop("real")
    feats, chosen = mask_regions(regions["feats"], real & masked, random)
    arrays = {
        "input_ids": ids,
        "attention_mask": seen,
        "visual_feats": feats,
        "visual_pos": regions["boxes_unit"],
        "visual_attention_mask": real.astype(np.float32),
        "labels": labels,
        "matched_label": np.array([e.matched for e in examples]),
        "ans": np.array([e.answer for e in examples]),
        "obj": regions["object_ids"],
        "obj_weight": regions["scores"],
        "attr": regions["attribute_ids"],
        "attr_weight": regions["attribute_scores"],
        "feat": regions["feats"],
        "feat_weight": chosen.astype(np.float32),
    }
    return {name: torch.from_numpy(np.ascontiguousarray(a)) for name, a in arrays.items()}


def unflatten(batch: dict[str, torch.Tensor]) -> dict[str, object]:
    """The batch with its object targets as the `obj_labels` that the network takes."""
    pairs = {name: (batch[name], batch[f"{name}_weight"]) for name in ("obj", "attr", "feat")}
    rest = {k: v for k, v in batch.items() if k.removesuffix("_weight") not in pairs}
    return {**rest, "obj_labels": pairs}


def _pad_regions(examples: list[Example]) -> dict[str, np.ndarray]:
    """Region arrays padded with zeros to the longest list, and `real` (B, R)."""
    most = max(1, *(len(e.regions) for e in examples))
    first = examples[0].sighting.regions.arrays
    padded = {
        name: np.zeros((len(examples), most, *array.shape[1:]), array.dtype)
        for name, array in first.items()
    }
    padded["real"] = np.zeros((len(examples), most), bool)
    for row, example in enumerate(examples):
        count = len(example.regions)
        for name, array in example.sighting.regions.arrays.items():
            padded[name][row, :count] = array[example.regions]
        padded["real"][row, :count] = True
    return padded
