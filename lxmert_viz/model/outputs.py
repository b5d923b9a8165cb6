"""What the network returns: the documented fields, then everything it computed as `activations`."""

from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor
from torch.export import register_dataclass

from lxmert_viz.records import CROSS_FAMILIES

DOCUMENTED_TUPLES = (
    "language_hidden_states",
    "vision_hidden_states",
    "language_attentions",
    "vision_attentions",
    "cross_encoder_attentions",
)


class Sublayers(NamedTuple):
    """One stream's states inside one cross-modality layer, each (B, T or R, D)."""

    cross: Tensor  # after attending to the other stream
    self_attention: Tensor  # after attending to its own stream
    feed_forward: Tensor  # what the layer hands on


class CrossStep(NamedTuple):
    """All that one cross-modality layer computed."""

    lang: Sublayers
    vision: Sublayers
    attention: dict[str, Tensor]  # the last four of records.FAMILIES, (B, H, queries, keys)


@dataclass(frozen=True)
class Stream:
    """One modality, encoded and ready for the cross-modality layers; may be kept and used again."""

    state: Tensor  # (B, T or R, D)
    mask: (
        Tensor | None
    )  # (B, 1, 1, T or R), added to scores: 0 visible, finfo.min hidden; None hides nothing
    states: tuple[Tensor, ...] = ()  # embeddings first, then each layer's; empty unless collected
    attention: tuple[Tensor, ...] = ()  # each layer's (B, H, N, N); empty unless collected

    def at(self, rows: np.ndarray) -> "Stream":
        """The rows at these places, in this order; a row may be taken several times."""
        return Stream(
            self.state[rows],
            None if self.mask is None else self.mask[rows],
            tuple(state[rows] for state in self.states),
            tuple(weights[rows] for weights in self.attention),
        )


@dataclass(frozen=True)
class Activations:
    """Everything that one forward pass computed. In training the maps are those after dropout."""

    attention: dict[str, tuple[Tensor, ...]]  # records.FAMILIES -> (B, H, queries, keys) a layer
    lang_states: tuple[Tensor, ...]  # embeddings, then each language layer's, (B, T, D)
    vision_states: tuple[
        Tensor, ...
    ]  # embeddings, then each object-relationship layer's, (B, R, D)
    lang_cross_states: tuple[Sublayers, ...]  # one a cross-modality layer
    vision_cross_states: tuple[Sublayers, ...]
    pooled: Tensor  # (B, D)
    object_logits: Tensor | None = None  # (B, R, objects); None where the network has no such head
    attribute_logits: Tensor | None = None  # (B, R, attributes)
    predicted_feats: Tensor | None = None  # (B, R, F)


def activations_of(
    lang: Stream, vision: Stream, steps: tuple[CrossStep, ...], pooled: Tensor
) -> Activations:
    cross = {f: tuple(s.attention[f] for s in steps) for f in CROSS_FAMILIES}
    return Activations(
        attention={"lang": lang.attention, "vision": vision.attention, **cross},
        lang_states=lang.states,
        vision_states=vision.states,
        lang_cross_states=tuple(step.lang for step in steps),
        vision_cross_states=tuple(step.vision for step in steps),
        pooled=pooled,
    )


class ModelOutput(dict[str, Any]):
    """Documented fields by attribute, by name, by position or by slice.

    Absent (None) fields have no name and no position. `activations` is an attribute only. A dict,
    because DataParallel, DistributedDataParallel and the tracers look into nothing else.
    """

    def __post_init__(self) -> None:
        """DataParallel makes an output of the gathered (name, value) pairs."""
        first = fields(self)[0].name  # type: ignore[arg-type]
        pairs = getattr(self, first)
        if pairs is not None and not isinstance(pairs, Tensor):
            setattr(self, first, None)
            for name, value in pairs:
                setattr(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        """A field, which then has its name and its position among those that are there."""
        super().__setattr__(name, value)
        names = [f.name for f in fields(self) if f.name != "activations"]  # type: ignore[arg-type]
        held = self.__dict__
        self.clear()
        super().update((n, held[n]) for n in names if held.get(n) is not None)

    def __setitem__(self, name: str, value: Any) -> None:
        setattr(self, name, value)

    def to_tuple(self) -> tuple[Any, ...]:
        return tuple(self.values())

    def __getitem__(self, key: str | int | slice) -> Any:
        return super().__getitem__(key) if isinstance(key, str) else self.to_tuple()[key]


@dataclass(eq=False)
class LxmertModelOutput(ModelOutput):
    language_output: Tensor | None = None  # (B, T, D)
    vision_output: Tensor | None = None  # (B, R, D)
    pooled_output: Tensor | None = None  # (B, D)
    language_hidden_states: tuple[Tensor, ...] | None = None  # language layers, then cross layers
    vision_hidden_states: tuple[Tensor, ...] | None = None  # relation layers, then cross layers
    language_attentions: tuple[Tensor, ...] | None = None  # language layers only
    vision_attentions: tuple[Tensor, ...] | None = None  # relation layers only
    cross_encoder_attentions: tuple[Tensor, ...] | None = None  # words look at regions
    activations: Activations | None = None

    def fill_tuples(self, maps_wanted: bool, states_wanted: bool) -> None:
        """Set the documented tuples: 19 of the 34 maps at full size, and no embedding states."""
        seen = self.activations
        if states_wanted:
            lang_cross = tuple(layer.feed_forward for layer in seen.lang_cross_states)
            vision_cross = tuple(layer.feed_forward for layer in seen.vision_cross_states)
            self.language_hidden_states = seen.lang_states[1:] + lang_cross
            self.vision_hidden_states = seen.vision_states[1:] + vision_cross
        if maps_wanted:
            self.language_attentions = seen.attention["lang"]
            self.vision_attentions = seen.attention["vision"]
            self.cross_encoder_attentions = seen.attention["lang_from_vision"]

    def tuples(self) -> dict[str, tuple[Tensor, ...] | None]:
        """The five fields that every output class ends with."""
        return {name: getattr(self, name) for name in DOCUMENTED_TUPLES}


@dataclass(eq=False)
class LxmertForPreTrainingOutput(ModelOutput):
    loss: Tensor | None = None  # scalar
    prediction_logits: Tensor | None = None  # (B, T, vocabulary)
    cross_relationship_score: Tensor | None = (
        None  # (B, 2), index 1: the text belongs to the picture
    )
    question_answering_score: Tensor | None = None  # (B, answers)
    language_hidden_states: tuple[Tensor, ...] | None = None
    vision_hidden_states: tuple[Tensor, ...] | None = None
    language_attentions: tuple[Tensor, ...] | None = None
    vision_attentions: tuple[Tensor, ...] | None = None
    cross_encoder_attentions: tuple[Tensor, ...] | None = None
    activations: Activations | None = None


@dataclass(eq=False)
class LxmertForQuestionAnsweringOutput(ModelOutput):
    loss: Tensor | None = None  # scalar
    question_answering_score: Tensor | None = None  # (B, answers)
    language_hidden_states: tuple[Tensor, ...] | None = None
    vision_hidden_states: tuple[Tensor, ...] | None = None
    language_attentions: tuple[Tensor, ...] | None = None
    vision_attentions: tuple[Tensor, ...] | None = None
    cross_encoder_attentions: tuple[Tensor, ...] | None = None
    activations: Activations | None = None


@dataclass(eq=False)
class LxmertForVisualReasoningOutput(ModelOutput):
    """As for question answering; states and maps have two rows an example, one a picture."""

    loss: Tensor | None = None  # scalar
    reasoning_score: Tensor | None = None  # (B, 2), index 1: the statement is true of the pair
    language_hidden_states: tuple[Tensor, ...] | None = None  # each (2B, ...): 0a, 0b, 1a, 1b, ...
    vision_hidden_states: tuple[Tensor, ...] | None = None
    language_attentions: tuple[Tensor, ...] | None = None
    vision_attentions: tuple[Tensor, ...] | None = None
    cross_encoder_attentions: tuple[Tensor, ...] | None = None
    activations: Activations | None = None


# torch.export takes outputs apart and puts them together again
for _kind in (Activations, *ModelOutput.__subclasses__()):
    register_dataclass(_kind, serialized_type_name=f"{_kind.__module__}.{_kind.__name__}")
