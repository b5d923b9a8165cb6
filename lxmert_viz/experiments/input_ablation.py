"""Does one modality help to fill in the other? Each is hidden while a piece of the other is told.

Source: Frank, Bugliarello and Elliott 2021, cross-modal input ablation.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from lxmert_viz.analysis.regions import covered
from lxmert_viz.experiments.removal import SPECIAL
from lxmert_viz.experiments.target import REGION_TASKS
from lxmert_viz.model.devices import computing_on
from lxmert_viz.model.files.loading import base_of
from lxmert_viz.model.inputs import Row
from lxmert_viz.pipeline import MASK, Pipeline
from lxmert_viz.records import NO_LABEL, GoldObject, Regions, Tokens

SHOWS_FROM = 0.5  # share of the object's box that a region has, from which it is ablated


@dataclass(frozen=True, slots=True)
class Phrase:
    """A word of the text that names an object which is marked in the picture."""

    pieces: tuple[int, ...]  # its word pieces' places
    box_unit: tuple[float, float, float, float]  # xyxy in 0..1


def phrases_of(tokens: Tokens, objects: Sequence[GoldObject]) -> list[Phrase]:
    """Of each object that the text names by its name, the first place where it does."""
    found = []
    for thing in objects:
        said = re.search(rf"\b{re.escape(thing.name.lower())}\b", tokens.text.lower())
        places = () if said is None else _pieces_in(tokens, *said.span())
        if places:
            found.append(Phrase(places, thing.box_unit))
    return found


def shows(boxes_unit: np.ndarray, box_unit: Sequence[float]) -> np.ndarray:
    """(R,) which regions have more than SHOWS_FROM of a box. boxes_unit: (R, 4) xyxy."""
    box = np.asarray(box_unit, np.float64)
    low, high = np.maximum(boxes_unit[:, :2], box[:2]), np.minimum(boxes_unit[:, 2:], box[2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)
    return shared > SHOWS_FROM * (box[2:] - box[:2]).prod()


@torch.inference_mode()
def word_losses(
    pipeline: Pipeline, regions: Regions, tokens: Tokens, phrase: Phrase
) -> np.ndarray | None:
    """(3,) cross-entropy in nats of the phrase's pieces, each [MASK]: with all regions, without
    the features of those that show the object, and of any. None where none shows it."""
    shown = shows(regions.boxes_unit, phrase.box_unit)
    if not shown.any():
        return None
    asked = _masked(pipeline, tokens, phrase.pieces)
    seen = [without(regions, gone) for gone in (shown & False, shown, shown | True)]
    words, _ = _states(pipeline, [(each, asked) for each in seen])
    places = list(phrase.pieces)
    told = pipeline.network.cls.predictions(words[:, places])  # (3, pieces, vocabulary)
    return _cross_entropy(told, torch.from_numpy(tokens.ids[places]))


@torch.inference_mode()
def region_losses(
    pipeline: Pipeline, regions: Regions, tokens: Tokens, phrase: Phrase
) -> np.ndarray | None:
    """(3,) cross-entropy in nats of the detector's object label of the regions that cover the
    object, features of all that show it hidden: with all words, without the phrase, and any.

    None where no region with a label covers it.
    """
    covers = covered(regions.boxes_unit, phrase.box_unit) & (regions.object_ids != NO_LABEL)
    places = np.flatnonzero(covers)
    if not len(places):
        return None
    hidden = without(regions, shows(regions.boxes_unit, phrase.box_unit) | covers)
    every = [place for place, piece in enumerate(tokens.pieces) if piece not in SPECIAL]
    texts = [_masked(pipeline, tokens, gone) for gone in ((), phrase.pieces, every)]
    _, seen = _states(pipeline, [(hidden, text) for text in texts])
    told = pipeline.network.obj_predict_head(seen[:, places])[REGION_TASKS["object"]]
    return _cross_entropy(told, torch.from_numpy(regions.object_ids[places]))


def without(regions: Regions, gone: np.ndarray) -> Regions:
    """Features of some zeroed, boxes kept, as pre-training hid regions. gone: (R,) bool."""
    return replace(regions, feats=np.where(gone[:, None], np.float32(0), regions.feats))


def _masked(pipeline: Pipeline, tokens: Tokens, places: Sequence[int]) -> Tokens:
    ids = tokens.ids.copy()
    ids[list(places)] = pipeline.tokenizer.convert_tokens_to_ids(MASK)
    return replace(tokens, ids=ids)


def _pieces_in(tokens: Tokens, start: int, end: int) -> tuple[int, ...]:
    return tuple(
        place for place, (first, last) in enumerate(tokens.offsets) if start <= first < last <= end
    )


def _states(pipeline: Pipeline, rows: Sequence[Row]) -> tuple[Tensor, Tensor]:
    """The last states (B, T, D) and (B, R, D) of rows that are equally long."""
    with computing_on(pipeline.device):
        output = base_of(pipeline.network)(
            **pipeline.inputs.of(rows, collect=False), return_dict=True
        )
    return output.language_output, output.vision_output


def _cross_entropy(logits: Tensor, labels: Tensor) -> np.ndarray:
    """(B,) mean over places. logits: (B, places, classes); labels: (places,)."""
    shares = logits.double().log_softmax(dim=-1)
    wanted = labels.to(shares.device).expand(len(shares), -1)[..., None]
    return -shares.gather(-1, wanted).squeeze(-1).mean(dim=-1).cpu().numpy()
