"""What an explanation is about: one logit of one head, or the difference of two."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from lxmert_viz.errors import CheckpointError, OptionError
from lxmert_viz.model.lxmert import LxmertForPreTraining
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Scores

HEADS = {  # kind: what the head tells
    "answer": "answers",
    "match": "matching",
    "word": "masked words",
    "object": "objects of regions",
    "attribute": "attributes of regions",
}
POOLED = ("answer", "match")  # told by the first word's state
REGION_TASKS = {"object": "obj", "attribute": "attr"}


@dataclass(frozen=True, slots=True)
class Target:
    """Logits of `label`, less those of `against` where there is one."""

    kind: str  # of HEADS
    label: int
    against: int | None = None
    place: int = 0  # of the word piece or region that is named; else 0, the first word's
    name: str = ""  # as a person reads it

    @property
    def stream(self) -> str:
        """Whose state the head reads: "lang" or "vision"."""
        return "vision" if self.kind in REGION_TASKS else "lang"

    def names(self, stream: str, place: int) -> bool:
        """Whether it is about this word piece or region, which then cannot be removed."""
        return self.kind not in POOLED and (stream, place) == (self.stream, self.place)

    def shares_states(self, other: "Target") -> bool:
        """Whether both are told by the same state, and leave the same players."""
        if self.kind in POOLED or other.kind in POOLED:
            return self.kind in POOLED and other.kind in POOLED
        return (self.stream, self.place) == (other.stream, other.place)

    def state(self, lang: Tensor, vision: Tensor, places: np.ndarray) -> Tensor:
        """(B, D) that its head reads, of the last states (B, T, D) and (B, R, D).

        places: (B,) where the named word piece or region is.
        """
        rows = range(len(lang))
        if self.kind in POOLED:
            return lang[:, 0]
        return lang[rows, places] if self.stream == "lang" else vision[rows, places]

    def read(self, pipeline: Pipeline, states: Tensor) -> Tensor:
        """(B,) logits, of states (B, D) as `state` gives them."""
        network = pipeline.network
        if self.kind == "answer":
            found = network.answer_head(network.lxmert.pooler(states[:, None]))
        elif self.kind == "match":
            found = network.cls.seq_relationship(network.lxmert.pooler(states[:, None]))
        elif self.kind == "word":
            found = network.cls.predictions(states)
        else:
            found = network.obj_predict_head(states)[REGION_TASKS[self.kind]]
        chosen = found[:, self.label]
        return chosen if self.against is None else chosen - found[:, self.against]

    def logits(
        self, pipeline: Pipeline, lang: Tensor, vision: Tensor, places: np.ndarray
    ) -> Tensor:
        """(B,) of the last states (B, T, D) and (B, R, D). places: (B,) where the named one is."""
        return self.read(pipeline, self.state(lang, vision, places))


def top_answer(pipeline: Pipeline, scores: Scores) -> Target:
    """The most probable answer against the runner-up, where there is one."""
    best = pipeline.answers(scores, 2)
    return answer(pipeline, best[0].text, best[1].text if len(best) > 1 else None)


def answer(pipeline: Pipeline, text: str, against: str | None = None) -> Target:
    """Raises OptionError for what is no answer of this checkpoint."""
    check_head(pipeline, "answer")
    name = text if against is None else f"{text} rather than {against}"
    return Target(
        "answer",
        _place(pipeline.answer_vocabulary, text, "answer"),
        None if against is None else _place(pipeline.answer_vocabulary, against, "answer"),
        name=name,
    )


def another(pipeline: Pipeline, target: Target) -> Target | None:
    """Two answers that the target is not about; None where the checkpoint has no two more."""
    known = pipeline.answer_vocabulary
    own = (target.label, target.against) if target.kind == "answer" else ()
    free = [text for place, text in enumerate(known) if place not in own]
    if len(free) < 2 or pipeline.judges_pairs:
        return None
    return answer(pipeline, free[0], free[-1])


def match(pipeline: Pipeline) -> Target:
    """That the text belongs to the picture, against that it does not."""
    check_head(pipeline, "match")
    return Target("match", 1, 0, name="the text belongs to the picture")


def word(pipeline: Pipeline, place: int, piece: str, against: str | None = None) -> Target:
    """A word piece at the place of a [MASK], counted from 0 with [CLS] as the first."""
    check_head(pipeline, "word")
    vocabulary = pipeline.tokenizer.get_vocab()
    for wanted in filter(None, (piece, against)):
        if wanted not in vocabulary:
            raise OptionError(f"{wanted!r} is no word piece of {pipeline.name}.")
    name = f"“{piece}” at piece {place + 1}" + (f" rather than “{against}”" if against else "")
    other = None if against is None else vocabulary[against]
    return Target("word", vocabulary[piece], other, place, name)


def region_label(
    pipeline: Pipeline, kind: str, place: int, name: str, against: str | None = None
) -> Target:
    """What a region is: kind "object" or "attribute", by its name. place: counted from 0."""
    check_head(pipeline, kind)
    names = pipeline.region_names
    known = names.objects if kind == "object" else names.attributes
    other = None if against is None else _place(known, against, kind)
    said = f"region {place + 1} is {name}" + (f" rather than {against}" if against else "")
    return Target(kind, _place(known, name, kind), other, place, said)


def _place(known: tuple[str, ...], text: str, kind: str) -> int:
    if text not in known:
        raise OptionError(
            f"{text!r} is no {kind} of this checkpoint; it has {len(known):,}, such as "
            f"{', '.join(map(repr, known[:3]))}."
        )
    return known.index(text)


def labels_of(pipeline: Pipeline, kind: str) -> int:
    """How many labels the head for this kind of target tells apart."""
    config = pipeline.network.config
    return {
        "answer": config.num_qa_labels,
        "match": 2,
        "word": config.vocab_size,
        "object": config.num_object_labels,
        "attribute": config.num_attr_labels,
    }[kind]


def has_head(pipeline: Pipeline, kind: str) -> bool:
    """kind: of HEADS."""
    network, config = pipeline.network, pipeline.network.config
    whole = isinstance(network, LxmertForPreTraining)
    return {
        "answer": pipeline.has_answers and not pipeline.judges_pairs,
        "match": pipeline.has_match,
        "word": whole and config.task_mask_lm,
        "object": whole and config.task_obj_predict and config.visual_obj_loss,
        "attribute": whole and config.task_obj_predict and config.visual_attr_loss,
    }[kind]


def check_head(pipeline: Pipeline, kind: str) -> None:
    """Raises CheckpointError where the checkpoint has no head for this kind of target."""
    if not has_head(pipeline, kind):
        raise CheckpointError(
            f"{pipeline.name} has no output head for {HEADS[kind]}; lxmert-base has every one."
        )
