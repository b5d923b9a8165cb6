"""What crosses rooms.

Letters in shapes, here and everywhere: B batch, T word pieces, R regions, L layers, H heads,
D hidden size, F feature size.
Every map is <queries>_from_<keys>; a stage's self-attention carries the stage's name alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Self

import numpy as np

from lxmert_viz.box_frames import (
    CORNERS,
    boxes_unit_of,
    check_boxes_unit,
    check_finite,
    checked_size,
    numbers,
    whole_numbers,
)
from lxmert_viz.errors import RegionError

# hears what is being done and the share done, 0..1; may raise to stop the work
Report = Callable[[str, float], None]

LANGUAGE, VISION, CROSSING = "language encoder", "vision encoder", "cross-modality encoder"
THINGS = {"lang": "word", "vision": "region"}  # what a stream is made of


class Family(NamedTuple):
    """One kind of attention: who reads whom, and where in the network."""

    queries: str  # the stream that reads, "lang" or "vision"
    keys: str  # the stream that is read
    stage: str  # the encoder that it belongs to

    @property
    def crosses(self) -> bool:
        """Whether one stream reads the other; both directions share one module."""
        return self.queries != self.keys

    @property
    def in_cross_layers(self) -> bool:
        return self.stage == CROSSING

    @property
    def title(self) -> str:
        return f"{THINGS[self.queries].capitalize()}s read {THINGS[self.keys]}s"


FAMILIES = {  # in the order of the network
    "lang": Family("lang", "lang", LANGUAGE),  # (L, H, T, T)
    "vision": Family("vision", "vision", VISION),  # (L, H, R, R)
    "lang_from_vision": Family("lang", "vision", CROSSING),  # (L, H, T, R)
    "vision_from_lang": Family("vision", "lang", CROSSING),  # (L, H, R, T)
    "cross_lang": Family("lang", "lang", CROSSING),  # (L, H, T, T)
    "cross_vision": Family("vision", "vision", CROSSING),  # (L, H, R, R)
}
CROSS_FAMILIES = tuple(name for name, family in FAMILIES.items() if family.in_cross_layers)


class Answer(NamedTuple):
    text: str
    probability: float  # 0..1


class Standing(NamedTuple):
    """An answer with its place among all answers of a model."""

    text: str
    probability: float  # 0..1
    rank: int  # 1 is the most probable
    of: int  # how many answers the model chooses from


@dataclass(frozen=True, slots=True)
class Tokens:
    """A text as word pieces. Special pieces have the offsets (0, 0) and no word."""

    text: str
    ids: np.ndarray  # (T,) int64
    type_ids: np.ndarray  # (T,) int64
    pieces: tuple[str, ...]  # T
    offsets: tuple[tuple[int, int], ...]  # T character spans in `text`
    word_ids: tuple[int | None, ...]  # T index of the whitespace-or-punctuation word
    unknown_words: tuple[str, ...] = ()  # words of `text` that the vocabulary cannot spell


ZOO = "detectron2 model zoo"  # stands in the name of a detector with features of another kind
OWN_BOXES, TRAINED_PROFILE = "own boxes", "trained"  # a person's; as LXMERT's own were made
UNNAMED, NO_LABEL = "unnamed", -1  # of a region that nobody named
LENGTH_ONE = 1e-3  # how far a normalised feature's length is from 1


@dataclass(frozen=True, slots=True)
class LeftOut:
    """M boxes that a detector considered and did not choose, the best first."""

    boxes_unit: np.ndarray  # (M, 4) float32 xyxy in 0..1
    names: tuple[str, ...]  # M
    scores: np.ndarray  # (M,) float32, 0..1
    reasons: tuple[str, ...]  # M: "overlap", "limit" or "score"
    rivals: np.ndarray  # (M,) int64, the region that each overlaps most; -1: there are none


@dataclass(frozen=True, slots=True)
class Regions:
    """What a detector saw in one picture, ready for LXMERT."""

    size_px: tuple[int, int]  # width, height of the upright picture
    digest: str  # sha256 of the picture's bytes
    boxes_unit: np.ndarray  # (R, 4) float32 xyxy in 0..1
    feats: np.ndarray  # (R, F) float32
    names: tuple[str, ...]  # R, attribute and object: "large red matte cube"
    object_ids: np.ndarray  # (R,) int64
    attribute_ids: np.ndarray  # (R,) int64
    scores: np.ndarray  # (R,) float32, 0..1: probability of the named object
    attribute_scores: np.ndarray  # (R,) float32, 0..1
    profile: str
    detector: str
    missing: int = 0  # asked for and not found; the network does not see these places
    left_out: LeftOut | None = None  # None: boxes were given, or the file does not say

    @classmethod
    def from_arrays(
        cls,
        boxes: np.ndarray,
        feats: np.ndarray,
        size_px: tuple[int, int],
        *,
        boxes_are: str = CORNERS,
        names: Sequence[str] | None = None,
        object_ids: np.ndarray | None = None,
        attribute_ids: np.ndarray | None = None,
        scores: np.ndarray | None = None,
        attribute_scores: np.ndarray | None = None,
        detector: str = "arrays",
        profile: str = TRAINED_PROFILE,
    ) -> Self:
        """Regions from anywhere. boxes: (R, 4); feats: (R, F); size_px: width, height.

        boxes_are: corners, xywh, unit or unit-xywh, as in frames.FRAMES. The other arrays: (R,).
        detector: what to call what made them. Raises RegionError for numbers that are no regions.
        """
        boxes = numbers(boxes, "boxes", (0, 4))
        count, size_px = len(boxes), checked_size(*size_px)
        none, zeros = np.full(count, NO_LABEL), np.zeros(count, np.float32)
        found = cls(
            size_px=size_px,
            digest="",
            boxes_unit=boxes_unit_of(boxes, boxes_are, size_px),
            feats=numbers(feats, "features", (count, 0)),
            names=(UNNAMED,) * count if names is None else tuple(names),
            object_ids=whole_numbers(none if object_ids is None else object_ids),
            attribute_ids=whole_numbers(none if attribute_ids is None else attribute_ids),
            scores=np.array(zeros if scores is None else scores, np.float32),
            attribute_scores=np.array(
                zeros if attribute_scores is None else attribute_scores, np.float32
            ),
            profile=profile,
            detector=detector,
        )
        return found.checked()

    def __len__(self) -> int:
        return len(self.boxes_unit)

    def checked(self) -> Self:
        """The same regions. Raises RegionError for those that no network should be given."""
        checked_size(*self.size_px)
        if self.boxes_unit.ndim != 2 or self.boxes_unit.shape[1] != 4:
            raise RegionError(f"boxes have the shape {self.boxes_unit.shape}, not (any, 4)")
        if self.feats.ndim != 2 or len(self.feats) != len(self):
            raise RegionError(
                f"features have the shape {self.feats.shape}, not ({len(self)}, features), "
                f"a row for each of {len(self)} boxes"
            )
        labels = {"names": self.names, "object labels": self.object_ids}
        labels |= {"attribute labels": self.attribute_ids, **self._numbers}
        for name, values in labels.items():
            if len(values) != len(self):
                raise RegionError(f"there are {len(values)} {name} for {len(self)} boxes")
        for name, values in self._numbers.items():
            check_finite(values, name)
        check_boxes_unit(self.boxes_unit)
        return self

    @property
    def _numbers(self) -> dict[str, np.ndarray]:
        return {
            "features": self.feats,
            "boxes": self.boxes_unit,
            "scores": self.scores,
            "attribute scores": self.attribute_scores,
        }

    @property
    def has_normalised_features(self) -> bool:
        """Whether all features have length 1, as no detector gives them."""
        lengths = np.linalg.norm(self.feats, axis=1)
        return len(self) > 0 and bool((np.abs(lengths - 1) < LENGTH_ONE).all())

    def only(self, places: Sequence[int]) -> Self:
        """The regions at these places, in this order, of the same picture."""
        rows = list(places)
        return replace(
            self,
            boxes_unit=self.boxes_unit[rows],
            feats=self.feats[rows],
            names=tuple(self.names[place] for place in rows),
            object_ids=self.object_ids[rows],
            attribute_ids=self.attribute_ids[rows],
            scores=self.scores[rows],
            attribute_scores=self.attribute_scores[rows],
        )


@dataclass(frozen=True, slots=True)
class HeadStatistic:
    """One number for every head of the families that it applies to."""

    name: str
    title: str
    sentence: str  # what it says
    values: dict[str, np.ndarray]  # family -> (L, H) float32
    tops: dict[str, float] = field(default_factory=dict)  # family -> end of its scale; else 1
    units: dict[str, str] = field(default_factory=dict)  # family -> unit; else none


@dataclass(frozen=True, slots=True)
class Trace:
    """Everything that one forward pass computed for one picture and one text.

    states: lang (L+1, T, D) and vision (L+1, R, D), embeddings first; lang_cross (L, 3, T, D) and
    vision_cross (L, 3, R, D), after cross-attention, self-attention, feed-forward; pooled (D,).
    """

    model: str
    tokens: Tokens
    regions: Regions
    attention: dict[str, np.ndarray]  # FAMILIES -> float32, rows sum to 1
    states: dict[str, np.ndarray]  # float32
    answers: Sequence[Answer]  # most probable first; empty without an answer head
    answer_kind: str  # "softmax": probabilities sum to 1; "sigmoid": each answer alone; "": no head
    match: float | None  # P(the text belongs to the picture); None without a matching head
    notes: tuple[str, ...] = field(default=())  # what the reader of these results must know


@dataclass(frozen=True, slots=True)
class LensGrid:
    """The k best labels that a head gives every state. P depths, N words or regions."""

    ids: np.ndarray  # (P, N, k) int64, most probable first
    shares: np.ndarray  # (P, N, k) float32, 0..1
    ranks: np.ndarray  # (P, N, k) int64: rank of the same label one depth below; 0 at the first

    def at(self, depth: int, row: int) -> Self:
        """One state alone."""
        cell = np.s_[depth : depth + 1, row : row + 1]
        return LensGrid(self.ids[cell], self.shares[cell], self.ranks[cell])


@dataclass(frozen=True, slots=True)
class Scores:
    """What the heads say of one picture and one text, where nobody looks inside."""

    answer_logits: np.ndarray  # (A,) float32 in the order of the vocabulary; A is 0 without a head
    match_logits: np.ndarray | None  # (2,) float32: does not belong, belongs; None without a head

    @property
    def match(self) -> float | None:
        """P(the text belongs to the picture), 0..1; None without a matching head."""
        if self.match_logits is None:
            return None
        odds = np.exp(self.match_logits - self.match_logits.max())
        return float(odds[1] / odds.sum())


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a network for NLVR2 makes of a statement and two pictures."""

    truth: float  # P(the statement is true of the pair), softmax over false and true
    traces: tuple[Trace, Trace]  # of the statement with each picture


class GoldObject(NamedTuple):
    """An object that a question is about, as people marked it."""

    id: str
    name: str
    box_unit: tuple[float, float, float, float]  # xyxy in 0..1


@dataclass(frozen=True, slots=True)
class Example:
    """One text about one picture, and what its files tell; empty or None where they do not."""

    id: str
    picture: str  # the picture's id: its file's name without the ending
    text: str
    answers: tuple[str, ...] = ()  # as people gave them: ten in VQA v2, one in GQA
    scores: Mapping[str, float] = field(default_factory=dict)  # answer -> 0..1, as LXMERT has them
    matches: bool | None = None  # of a caption: is it true of the picture?
    pair: str = ""  # a caption and its foils share it, or one sentence about many pictures
    second_picture: str = ""  # NLVR2 asks about two
    types: Mapping[str, str] = field(default_factory=dict)  # TYPES -> type
    operations: tuple[str, ...] = ()  # GQA's program, step by step
    global_group: str = ""
    local_group: str = ""
    entailed: tuple[str, ...] = ()  # ids of questions that a right answer also answers
    equivalent: tuple[str, ...] = ()  # ids of the same question in other words
    valid: tuple[str, ...] | None = None  # answers of the kind that is asked for
    plausible: tuple[str, ...] | None = None  # answers that are ever true of what is asked about
    objects: tuple[GoldObject, ...] | None = None  # None: nobody marked them
    balanced: bool | None = None
    place: str = ""  # file and line or entry
    crop_px: tuple[float, ...] | None = None  # xyxy: the part of the picture that is looked at
    flaw: str = ""  # why it cannot be asked

    @property
    def right(self) -> str:
        """The answer that most people gave, the first of equals; "" where none is known."""
        if self.scores:
            return max(self.scores, key=self.scores.__getitem__)
        return max(self.answers, key=self.answers.count, default="")


RIGHT_FROM = 0.5  # a score; those below are mistakes
TYPES = ("question", "answer", "structural", "semantic", "detailed")


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model made of one example; a model of elsewhere may tell its answer alone."""

    id: str  # the example's
    answers: tuple[Answer, ...] = ()  # the most probable ones, best first
    match: float | None = None  # P(the text belongs to the picture)
    match_logits: tuple[float, float] | None = None  # does not belong, belongs
    blank_logits: tuple[float, float] | None = None  # the same where no region is shown
    regions: int | None = None
    missed: int | None = None  # gold objects that no region covers
    seconds: float | None = None
    without_picture: str | None = None  # the answer when no region is shown
    without_question: str | None = None  # the answer when the text is empty
    error: str = ""  # why there is no answer
    machine: bool = False  # whether the machine failed, and not what was asked
