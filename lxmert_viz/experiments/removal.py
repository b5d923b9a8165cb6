"""What a target is worth when only some words and regions are there.

Players are word pieces, then regions; [CLS], [SEP] and what the target itself names always stay.
A coalition is a row of bools, True for the players that are there. Letters: N coalitions, W and V
players among words and regions, n = W + V.
"""

from dataclasses import dataclass, replace
from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from lxmert_viz.errors import OptionError
from lxmert_viz.experiments.kept_run import PACKED_FROM
from lxmert_viz.experiments.target import POOLED, Target
from lxmert_viz.model.files.loading import base_of
from lxmert_viz.model.lxmert import LxmertModel
from lxmert_viz.model.outputs import Stream
from lxmert_viz.model.packed import packed
from lxmert_viz.pipeline import MASK, Pipeline
from lxmert_viz.records import Regions, Report, Tokens

REGION_REMOVALS = {
    "slice": "left out, as if it had never been found",
    "zero": "its features zeroed and its box kept, as pre-training hid regions",
    "mean": "its features replaced by the mean of the picture's regions, its box kept",
}
WORD_REMOVALS = {
    "mask": "replaced by [MASK]",
    "delete": "deleted, so that later words move up",
}
SPECIAL = ("[CLS]", "[SEP]", "[PAD]")
AT_ONCE = 64 * 768  # coalitions that go through the network at once, times its hidden size
MOST_WEIGHTS = 2**25  # attention weights of a layer that are in memory at once


@dataclass(frozen=True, slots=True)
class Removal:
    """How players are taken away; one of each kind for a whole figure."""

    regions: str = "slice"
    words: str = "mask"

    def __post_init__(self) -> None:
        for wanted, known in ((self.regions, REGION_REMOVALS), (self.words, WORD_REMOVALS)):
            if wanted not in known:
                raise OptionError(f"{wanted!r} is no removal; there are {', '.join(known)}.")


USUAL = Removal()


# as large again as the weights, and twice as fast; gone with the network
PACKED: WeakKeyDictionary[LxmertModel, LxmertModel] = WeakKeyDictionary()
PACKING = Lock()
ROWS = 1024  # of products, about
MANY = 16  # coalitions at once


def unheard(stage: str, share: float) -> None:
    """Nobody listens."""


class Game:
    """The worth of coalitions: logits of the target. It counts the forwards that it takes.

    What is equal is computed once: equal coalitions, whenever they are asked for, and within a
    batch equal choices of words or of regions, so that no region is encoded again for another
    word, nor the other way round. The states that the target is read from are kept, so that
    another target of the same words and regions takes no forward: `about`.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        regions: Regions,
        text: str,
        target: Target,
        removal: Removal = USUAL,
    ) -> None:
        ((self.regions, self.tokens),) = pipeline.rows([(regions, text)])
        self.target, self.removal = target, removal
        self.forwards = 0
        self.pipeline = pipeline
        self._states: dict[bytes, Tensor] = {}  # of a coalition: (D,)
        self._mask_id = pipeline.tokenizer.convert_tokens_to_ids(MASK)
        self.word_places = [
            place
            for place, piece in enumerate(self.tokens.pieces)
            if piece not in SPECIAL and not target.names("lang", place)
        ]
        self.region_places = [p for p in range(len(regions)) if not target.names("vision", p)]

    @property
    def players(self) -> int:
        return len(self.word_places) + len(self.region_places)

    def spread(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values (n, ...) of the players as (T, ...) of words and (R, ...) of regions, else 0."""
        words = np.zeros((len(self.tokens.pieces), *values.shape[1:]))
        regions = np.zeros((len(self.regions), *values.shape[1:]))
        words[self.word_places] = values[: len(self.word_places)]
        regions[self.region_places] = values[len(self.word_places) :]
        return words, regions

    def gather(self, words: np.ndarray, regions: np.ndarray) -> np.ndarray:
        """(n, ...) of the players, from (T, ...) of all words and (R, ...) of all regions."""
        return np.concatenate([words[self.word_places], regions[self.region_places]])

    def about(self, target: Target, pipeline: Pipeline | None = None) -> "Game":
        """The same words and regions for another target, or read by the head of another pipeline.

        Where that head reads the same state, what was computed here is known there.
        """
        own = pipeline or self.pipeline
        other = Game(own, self.regions, self.tokens.text, target, self.removal)
        if target.shares_states(self.target):
            other._states = self._states
        return other

    @torch.inference_mode()
    def worth(self, members: np.ndarray, report: Report = unheard) -> np.ndarray:
        """(N,) float64 of coalitions (N, n). report: hears of every batch."""
        if not len(members):
            return np.zeros(0)
        different, places = np.unique(members, axis=0, return_inverse=True)
        states = self.states(different, report)
        found = self.target.read(self.pipeline, states).double().cpu().numpy()
        return found[places.reshape(-1)]  # equal ones to the bit

    @torch.inference_mode()
    def answered(self, members: np.ndarray) -> np.ndarray:
        """(N,) labels of the top answers of coalitions (N, n), where the target is an answer."""
        network = self.pipeline.network
        pooled = network.lxmert.pooler(self.states(members)[:, None])
        return network.answer_head(pooled).argmax(dim=-1).cpu().numpy()

    @torch.inference_mode()
    def states(self, members: np.ndarray, report: Report = unheard) -> Tensor:
        """(N, D) that the target is read from, of coalitions (N, n), one at least."""
        if members.ndim != 2 or members.shape[1] != self.players:
            raise ValueError(
                f"coalitions are {members.shape}, and there are {self.players} players"
            )
        different, places = np.unique(members, axis=0, return_inverse=True)
        keys = [np.packbits(row).tobytes() for row in different]
        new = np.array([place for place, key in enumerate(keys) if key not in self._states], int)
        self.forwards += len(new)
        # without any region there is nothing to look at; hidden ones would be looked at alike
        has_regions, done = self._shown(different[new]).any(axis=1), 0
        for alike in (new[has_regions], new[~has_regions]):
            for rows in np.split(alike, range(self.at_once, len(alike), self.at_once)):
                if len(rows):
                    report(f"removal {done + 1:,} of {len(new):,}", done / len(new))
                    done += len(rows)
                    found = self._batch(different[rows])
                    self._states |= zip((keys[row] for row in rows), found, strict=True)
        return torch.stack([self._states[keys[place]] for place in places.reshape(-1)])

    @property
    def at_once(self) -> int:
        """How many coalitions one batch has."""
        config = self.pipeline.network.config
        side = len(self.tokens.pieces) + len(self.regions)
        most = MOST_WEIGHTS // (config.num_attention_heads * side * side)
        return max(min(most, AT_ONCE // config.hidden_size), 1)

    def _shown(self, members: np.ndarray) -> np.ndarray:
        """(N, R) which regions the network gets; all of them where removing only empties them."""
        there = np.ones((len(members), len(self.regions)), bool)
        if self.removal.regions == "slice":
            there[:, self.region_places] = members[:, len(self.word_places) :]
        return there

    def _batch(self, members: np.ndarray) -> Tensor:
        """(N, D) the states that the target is read from."""
        words, lang_of = np.unique(members[:, : len(self.word_places)], axis=0, return_inverse=True)
        seen, vision_of = np.unique(
            members[:, len(self.word_places) :], axis=0, return_inverse=True
        )
        lang_of, vision_of = lang_of.reshape(-1), vision_of.reshape(-1)
        base, inputs = self._base_for(len(members)), self.pipeline.inputs
        lang = base.encode_language(**inputs.of_words([self.without_words(row) for row in words]))
        vision = base.encode_vision(**inputs.of_regions([self._regions(row) for row in seen]))
        lang, vision = lang.at(lang_of), vision.at(vision_of)
        if self.target.kind in POOLED:
            return first_word(base, lang, vision)
        last_lang, last_vision, _ = base.cross(lang, vision)
        places = self._places(words[lang_of], seen[vision_of])
        return self.target.state(last_lang, last_vision, places)

    def _base_for(self, rows: int) -> LxmertModel:
        """Laid out for many rows where they and the network are enough for that to pay."""
        base = base_of(self.pipeline.network)
        if rows < MANY or sum(p.numel() for p in base.encoder.parameters()) < PACKED_FROM:
            return base
        with PACKING:
            if base not in PACKED:
                PACKED[base] = packed(base, ROWS)
            return PACKED[base]

    def without_words(self, present: np.ndarray) -> Tokens:
        """present: (W,) bool, which word pieces are there."""
        there = np.ones(len(self.tokens.ids), bool)
        there[self.word_places] = present
        ids, types = self.tokens.ids, self.tokens.type_ids
        if self.removal.words == "mask":
            return replace(self.tokens, ids=np.where(there, ids, self._mask_id))
        return replace(self.tokens, ids=ids[there], type_ids=types[there])

    def _regions(self, present: np.ndarray) -> Regions:
        there = np.ones(len(self.regions), bool)
        there[self.region_places] = present
        if self.removal.regions == "slice":
            return self.regions.only(np.flatnonzero(there))
        feats = self.regions.feats
        instead = np.zeros_like(feats[0]) if self.removal.regions == "zero" else feats.mean(axis=0)
        return replace(self.regions, feats=np.where(there[:, None], feats, instead))

    def _places(self, words: np.ndarray, seen: np.ndarray) -> np.ndarray:
        """(N,) where what the target names stands once those before it are gone."""
        place, gone = self.target.place, np.zeros(len(words), int)
        if self.target.stream == "vision" and self.removal.regions == "slice":
            gone = (~seen[:, np.array(self.region_places) < place]).sum(axis=1)
        elif self.target.stream == "lang" and self.removal.words == "delete":
            gone = (~words[:, np.array(self.word_places) < place]).sum(axis=1)
        return place - gone


def first_word(base: LxmertModel, lang: Stream, vision: Stream) -> Tensor:
    """(B, D) the first word's last state; what it does not read in the last layer is left out."""
    words, regions = lang.state, vision.state
    *others, last = base.encoder.x_layers
    for layer in others:
        step = layer(words, regions, lang.mask, vision.mask)
        words, regions = step.lang.feed_forward, step.vision.feed_forward
    return last.first_word(words, regions, lang.mask, vision.mask)
