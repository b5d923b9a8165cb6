"""How well texts belong to pictures: the two logits of the output head for matching.

Index 1 is "match"; the score is l1 - l0, the log odds of it. Every text and every picture goes
through its own encoder once, however many pairs it is in, and the last layer computes only what
the head reads. Letters: C texts, P pictures, N pairs; else as in records.py.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lxmert_viz.box_frames import check_finite
from lxmert_viz.errors import TextError
from lxmert_viz.experiments.edits import (
    MASK,
    NO_REGIONS,
    PictureEdit,
    Word,
    edited,
    with_word,
    words_of,
)
from lxmert_viz.experiments.target import check_head
from lxmert_viz.model.devices import computing_on
from lxmert_viz.model.files.loading import base_of
from lxmert_viz.model.lxmert import LxmertModel
from lxmert_viz.model.pooled import scores_of
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions, Report, Scores, Tokens, Trace

AT_ONCE = 64  # rows; no maps are kept, and more are no faster
BLANK = PictureEdit(NO_REGIONS)  # no region is shown: what remains is what the words alone say


class Grid(NamedTuple):
    """Every text with every picture, and alone."""

    logits: np.ndarray  # (C, P, 2) float32
    blank: np.ndarray  # (C, 2) float32, without any region

    @property
    def scores(self) -> np.ndarray:
        """(C, P) l1 - l0."""
        return score(self.logits)

    @property
    def blank_scores(self) -> np.ndarray:
        """(C,)"""
        return score(self.blank)


class WordChange(NamedTuple):
    word: Word
    change: float  # of the score, when this word is [MASK]


class PairChange(NamedTuple):
    """Two texts about one picture, and what each region does to the gap between their scores."""

    gap: float  # the first text's score less the second's
    without: np.ndarray  # (R,) the gap without each region

    @property
    def changes(self) -> np.ndarray:
        """(R,) how far the gap falls without each: above 0 where the region told them apart."""
        return self.gap - self.without


def score(logits: np.ndarray) -> np.ndarray:
    """l1 - l0 of (..., 2)."""
    return logits[..., 1] - logits[..., 0]


def probability(scores: np.ndarray) -> np.ndarray:
    """P(match) of scores l1 - l0, as the head's softmax has it."""
    return 1 / (1 + np.exp(-np.asarray(scores, np.float64)))


def grid(
    pipeline: Pipeline, pictures: Sequence[Regions], texts: Sequence[str], report: Report
) -> Grid:
    """Raises CheckpointError without a head for matching, TextError and RegionError."""
    if not texts or not pictures:
        raise ValueError(f"{len(texts)} texts and {len(pictures)} pictures are no grid")
    seen = [*pictures, edited(pictures[0], BLANK)]
    places = [(text, picture) for picture in range(len(seen)) for text in range(len(texts))]
    found = pairs(pipeline, seen, texts, places, report)
    found = found.reshape(len(seen), len(texts), 2).transpose(1, 0, 2)
    return Grid(np.ascontiguousarray(found[:, :-1]), np.ascontiguousarray(found[:, -1]))


def logits_of(pipeline: Pipeline, found: Trace | Scores) -> tuple[float, float] | None:
    """Does not belong, belongs; None where the checkpoint has no head for matching."""
    if isinstance(found, Scores):
        logits = found.match_logits
    elif found.match is None:
        return None
    else:
        pooled = torch.from_numpy(found.states["pooled"])[None]
        weights = pipeline.network
        pooled = pooled.to(pipeline.device, weights.dtype)
        logits = scores_of(weights, pooled)[0].match_logits
    return None if logits is None else (float(logits[0]), float(logits[1]))


def word_changes(
    pipeline: Pipeline, regions: Regions, text: str, report: Report
) -> list[WordChange]:
    """What hiding each word does to the score: below 0 where the word spoke for a match."""
    ((_, tokens),) = pipeline.rows([(regions, text)])
    words = words_of(tokens)
    texts = [text, *(with_word(text, word, MASK) for word in words)]
    found = score(pairs(pipeline, [regions], texts, [(n, 0) for n in range(len(texts))], report))
    return [WordChange(w, float(v - found[0])) for w, v in zip(words, found[1:], strict=True)]


def region_changes(
    pipeline: Pipeline, regions: Regions, texts: tuple[str, str], report: Report
) -> PairChange:
    """Each region left out in turn, as if the detector had not found it."""
    count = len(regions)
    rest = [regions.only([n for n in range(count) if n != gone]) for gone in range(count)]
    seen = [regions, *rest]
    places = [(text, picture) for picture in range(len(seen)) for text in range(2)]
    found = score(pairs(pipeline, seen, texts, places, report)).reshape(-1, 2)
    gaps = found[:, 0] - found[:, 1]
    return PairChange(float(gaps[0]), gaps[1:])


def refused(pipeline: Pipeline, text: str) -> str:
    """Why a text cannot be asked; "" where it can."""
    try:
        pipeline.tokenizer.read(text, pipeline.network.config.max_position_embeddings)
    except TextError as error:
        return str(error)
    return ""


def pairs(
    pipeline: Pipeline,
    pictures: Sequence[Regions],
    texts: Sequence[str],
    places: Sequence[tuple[int, int]],
    report: Report,
) -> np.ndarray:
    """(N, 2) float32 logits. places: of each pair's text and picture; equal to `score_many`'s.

    Rows of one batch have as many words and as many regions each, so nothing is padded.
    """
    check_head(pipeline, "match")
    blank = edited(pictures[0], BLANK)
    rows = pipeline.rows([(blank, text) for text in texts])
    pipeline.rows([(regions, texts[0]) for regions in pictures])
    encoded = _Encoded(pipeline, pictures, [tokens for _, tokens in rows])
    sizes = [(len(rows[text][1].ids), len(pictures[seen])) for text, seen in places]
    order = sorted(range(len(places)), key=lambda place: (sizes[place], places[place][::-1]))
    found = np.empty((len(places), 2), np.float32)
    done = 0
    for batch in _batches(order, sizes):
        report("matching", done / len(order))
        chosen = np.array([places[place] for place in batch])
        found[batch] = encoded.logits(chosen[:, 0], chosen[:, 1])
        done += len(batch)
    check_finite(found, "the scores of these texts and pictures")
    return found


def _batches(order: Sequence[int], sizes: Sequence[tuple[int, int]]) -> list[list[int]]:
    batches: list[list[int]] = []
    for place in order:
        last = batches[-1] if batches else []
        if last and sizes[last[0]] == sizes[place] and len(last) < AT_ONCE:
            last.append(place)
        else:
            batches.append([place])
    return batches


class _Encoded:
    """Texts and pictures that went through their own encoders."""

    def __init__(
        self, pipeline: Pipeline, pictures: Sequence[Regions], texts: Sequence[Tokens]
    ) -> None:
        self._pipeline = pipeline
        self._base: LxmertModel = base_of(pipeline.network)
        inputs = pipeline.inputs
        self._lang = self._each(
            [len(tokens.ids) for tokens in texts],
            lambda at: self._base.encode_language(**inputs.of_words([texts[n] for n in at])).state,
        )
        self._vision = self._each(
            [len(regions) for regions in pictures],
            lambda at: (
                self._base.encode_vision(**inputs.of_regions([pictures[n] for n in at])).state
            ),
        )

    @torch.inference_mode()
    def logits(self, texts: np.ndarray, pictures: np.ndarray) -> np.ndarray:
        """(B, 2) of as many pairs, all of the same sizes."""
        with computing_on(self._pipeline.device):
            lang = torch.stack([self._lang[n] for n in texts])
            vision = torch.stack([self._vision[n] for n in pictures])
            *layers, last = self._base.encoder.x_layers
            for layer in layers:
                step = layer(lang, vision, None, None)
                lang, vision = step.lang.feed_forward, step.vision.feed_forward
            first = last.first_word(lang, vision, None, None)
            pooled = self._base.pooler(first[:, None])
            return self._pipeline.network.cls.seq_relationship(pooled).float().cpu().numpy()

    @torch.inference_mode()
    def _each(self, sizes: Sequence[int], encode: Callable[[list[int]], Tensor]) -> list[Tensor]:
        """One state (T or R, D) each; those of one size go together."""
        found: dict[int, Tensor] = {}
        order = sorted(range(len(sizes)), key=sizes.__getitem__)
        with computing_on(self._pipeline.device):
            for batch in _batches(order, [(size, 0) for size in sizes]):
                found |= zip(batch, encode(batch), strict=True)
        return [found[place] for place in range(len(sizes))]
