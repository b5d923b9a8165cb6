"""Picture bytes and a text -> Trace, or Scores where nobody looks inside: open, look, ask.

Tensors become float32 numpy here.
"""

import copy
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Self, TypeVar

import numpy as np
import torch
from torch import Tensor

from lxmert_viz.analysis.answers import ranked
from lxmert_viz.checkpoints import contents, known
from lxmert_viz.checkpoints.contents import RegionNames, Scope, notes_on
from lxmert_viz.checkpoints.folder import called, find, without_detector
from lxmert_viz.checkpoints.identity import Identity
from lxmert_viz.detector.detectron2 import Detectron2RCNN
from lxmert_viz.detector.looking import Looker, NoLooker
from lxmert_viz.detector.network import FasterRCNN
from lxmert_viz.detector.speed import FULL, MIXED, check_precision
from lxmert_viz.detector.weights import OWN, load_detector
from lxmert_viz.errors import CheckpointError, MemoryShortError
from lxmert_viz.model.arrays import arrays_of
from lxmert_viz.model.devices import computing_on, find_device, on_processor
from lxmert_viz.model.fast import IN_BFLOAT16
from lxmert_viz.model.files.loading import Network, base_of, has_words, load_network
from lxmert_viz.model.inputs import Inputs, Row, checked, in_batches
from lxmert_viz.model.interventions import Intervention
from lxmert_viz.model.pooled import answer_kind, has_match, likely_words, scores_of, truths_of
from lxmert_viz.model.reasoning import LxmertForVisualReasoning
from lxmert_viz.model.tokenizer import LxmertTokenizerFast
from lxmert_viz.records import TRAINED_PROFILE, Answer, Regions, Report, Scores, Trace, Verdict
from lxmert_viz.region_files.cache import RegionCache

MASK = "[MASK]"
PROCESSOR = "cpu"
MOVED = "The memory of {device} gave out, so this was computed on the processor."
Found = TypeVar("Found")
Pair = tuple[Regions, Regions]  # of the left and the right picture


class Pipeline:
    """One opened checkpoint with its detector. Many threads may use it at once."""

    def __init__(
        self,
        name: str,
        network: Network,
        tokenizer: LxmertTokenizerFast,
        detector: FasterRCNN | Detectron2RCNN | None,
        *,
        region_names: RegionNames,
        answer_vocabulary: tuple[str, ...],
        scope: Scope,
        identity: Identity,
        device: torch.device,
        precision: str = FULL,
        cache: RegionCache | None = None,
        without_detector: str = "",
    ) -> None:
        """without_detector: where there is none, what `look` says."""
        self.name, self.scope = name, scope
        self.device, self.precision, self._identity = str(device), precision, identity
        self.profiles = tuple(detector.config.profiles) if detector else ()
        self.has_match = has_match(network)
        self.answer_kind = answer_kind(network, scope.answers_trained_as)
        self.has_answers = bool(self.answer_kind)
        self.judges_pairs = isinstance(network, LxmertForVisualReasoning)
        self._notes = network.load_report.notes if network.load_report else ()
        if self.judges_pairs:
            self._notes += (contents.NEEDS_TWO.format(name=name),)
        if self.has_answers and not answer_vocabulary:
            answer_vocabulary = tuple(f"label {n}" for n in range(network.config.num_qa_labels))
            self._notes += (contents.WITHOUT_NAMES.format(name=name),)
        self.answer_vocabulary = answer_vocabulary if self.has_answers else ()
        self.region_names, self.tokenizer = region_names, tokenizer
        cached = (cache.found, identity.detector_digest) if cache else None
        self._looker = NoLooker(without_detector)
        with computing_on(self.device):
            self._network = network.to(device).eval()
            if detector is not None:
                self._looker = Looker(name, detector, region_names, device, precision, cached)
        self.inputs = Inputs(base_of(network), device)
        self._inside = self.inputs.in_bfloat16() if precision == MIXED else self.inputs

    @classmethod
    def open(
        cls,
        name_or_folder: str | Path = known.SHIPPED,
        device: str = "auto",
        models: Path | None = None,
        *,
        precision: str = FULL,
        cache: RegionCache | None = None,
        backend: str = OWN,
    ) -> Self:
        """A known checkpoint, a folder's name in `models`, or any model folder.

        device: "auto", "cpu", "cuda" or "cuda:1". precision: "full" or "mixed": in bfloat16, but
        for `exact` and what is changed on the way. cache: where regions that were found are kept.
        backend: whose modules the detector runs on, "own" or "detectron2". Without a `detector/`
        folder all works but `look`. Raises CheckpointError, DeviceError, OptionError.
        """
        chosen, folder = find_device(device), find(name_or_folder, models)
        check_precision(precision, chosen)
        identity = Identity(folder)
        network, lacks = load_network(folder), without_detector(folder)
        detector = None if lacks else load_detector(folder / "detector", backend)
        pipeline = cls(
            called(folder),
            network,
            LxmertTokenizerFast.from_pretrained(folder),
            detector,
            region_names=contents.read_region_names(folder),
            answer_vocabulary=contents.read_answers(folder),
            scope=contents.read_scope(folder),
            identity=identity,
            device=chosen,
            precision=precision,
            cache=cache,
            without_detector=lacks,
        )
        own = pipeline.region_names, pipeline.answer_vocabulary or None, len(pipeline.tokenizer)
        seen = pipeline.detector.config if detector else None
        contents.check_sizes(folder, contents.Named(*own), network.config, seen)
        return pipeline

    @property
    def digest(self) -> str:
        """Tells this checkpoint from any other, whatever its name: of all its files' content.

        Raises CheckpointError where they changed after they were opened and before it was told.
        """
        return self._identity.digest

    @property
    def detector_digest(self) -> str:
        """Equal for checkpoints that find the same regions and call them the same."""
        return self._identity.detector_digest

    @cached_property
    def exact(self) -> Self:
        """The same, but that everything is computed in full precision; itself where it is."""
        if self._inside is self.inputs:
            return self
        other = self.with_network(self._network)
        other.inputs = other._inside = self.inputs
        return other

    @property
    def network(self) -> Network:
        """The network itself, for what looks inside; it keeps nothing between calls."""
        return self._network

    def with_network(self, network: Network) -> Self:
        """The same checkpoint with another network of its sizes; nothing else is copied."""
        other = copy.copy(self)
        for made in ("_on_processor", "exact"):
            other.__dict__.pop(made, None)
        other._network = network
        other.inputs = other._inside = Inputs(base_of(network), torch.device(self.device))
        return other

    @property
    def has_detector(self) -> bool:
        """Whether it can look at pictures by itself; else it answers from stored regions."""
        return isinstance(self._looker, Looker)

    @property
    def detector(self) -> FasterRCNN | Detectron2RCNN:
        """Raises CheckpointError where there is none."""
        return self._looker.detector

    def look(
        self,
        picture: bytes,
        profile: str = TRAINED_PROFILE,
        progress: Report | None = None,
        boxes_unit: np.ndarray | None = None,
    ) -> Regions:
        """The regions that the detector finds in an encoded picture.

        profile: a profile's name, with numbers of one's own as detector.profiles reads them.
        progress is called with the stage's name and the share done, 0..1. boxes_unit: (R, 4); the
        regions are then these boxes, in their order, and nothing is searched for. Raises
        PictureError, OptionError, CheckpointError where there is no detector, RegionError for what
        are no boxes, and MachineError.
        """
        with computing_on(self.device):
            return self._looker.look(picture, profile, progress, boxes_unit)

    def check_profile(self, profile: str) -> None:
        """Raises OptionError for a profile that `look` would refuse, whatever the picture."""
        self._looker.rules(profile)

    def ask(self, regions: Regions, text: str, intervention: Intervention | None = None) -> Trace:
        """Everything that one forward pass computes. Raises TextError for a text it cannot take,
        RegionError for regions with numbers that are none, MachineError for lack of memory.

        The detector is not asked again, nor the vision encoder where it saw these regions lately.
        intervention: what is done on the way; OptionError where it does not fit the network.
        """
        asked = None if intervention is None else [intervention]
        return self.ask_many([(regions, text)], asked)[0]

    def ask_many(
        self,
        pairs: Sequence[tuple[Regions, str]],
        interventions: Sequence[Intervention | None] | None = None,
    ) -> list[Trace]:
        """One trace a pair, in order; equal to asking each alone to 1e-5.

        interventions: one a pair, made for it alone; then all are computed in full precision, so
        that what is changed and what is not can be compared.
        """
        return self._of_each(Pipeline._traces, self.rows(pairs), interventions)

    def score_many(
        self,
        pairs: Sequence[tuple[Regions, str]],
        interventions: Sequence[Intervention | None] | None = None,
    ) -> list[Scores]:
        """Answers and match as `ask_many` has them, without maps and states: far less work."""
        return self._of_each(Pipeline._scores, self.rows(pairs), interventions)

    def rows(self, pairs: Sequence[tuple[Regions, str]]) -> list[Row]:
        """What `inputs` takes. Raises TextError and RegionError for what it cannot take."""
        limit = self._network.config.max_position_embeddings
        return [(checked(regions), self.tokenizer.read(text, limit)) for regions, text in pairs]

    def answer_shares(self, scores: Scores) -> np.ndarray:
        """(A,) probabilities in the order of `answer_vocabulary`, as the head was trained."""
        logits = torch.from_numpy(scores.answer_logits)
        return (logits.softmax(-1) if self.answer_kind == "softmax" else logits.sigmoid()).numpy()

    def answers(self, scores: Scores, count: int | None = None) -> Sequence[Answer]:
        """The most probable answers, best first, equal ones as in the vocabulary; else all."""
        shares = self.answer_shares(scores)
        found = ranked(self.answer_vocabulary, shares, count)
        return found if count is None else found[:]

    def judge(self, pictures: Pair, statement: str) -> Verdict:
        """Whether a statement is true of two pictures, left and right in NLVR2's data.

        Raises TextError for a text that it cannot take, CheckpointError where the network does
        not read pairs.
        """
        self._check_judges()
        traces = self.ask_many([(regions, statement) for regions in pictures])
        pooled = torch.from_numpy(np.stack([trace.states["pooled"] for trace in traces]))
        (truth,) = truths_of(self._network, pooled.to(self.device, self._network.dtype))
        asks_one = contents.NEEDS_TWO.format(name=self.name)
        first, second = (
            replace(trace, notes=tuple(note for note in trace.notes if note != asks_one))
            for trace in traces
        )
        return Verdict(truth, (first, second))

    def judge_many(self, asked: Sequence[tuple[Pair, str]]) -> list[float]:
        """P(the statement is true of the pair), 0..1, as `judge` has it, without looking inside."""
        self._check_judges()
        rows = self.rows([(regions, text) for pair, text in asked for regions in pair])
        pooled = self._of_each(Pipeline._pooled, rows)
        joint = torch.stack(pooled) if pooled else None
        return [] if joint is None else truths_of(self._network, joint.to(self.device))

    @torch.inference_mode()
    def masked_words(self, regions: Regions, text: str, top: int = 5) -> list[tuple[Answer, ...]]:
        """For each [MASK] of a text the most probable word pieces, best first.

        Raises TextError for a text it cannot take, CheckpointError where the word head is missing.
        """
        if not has_words(self._network):
            raise CheckpointError(f"{self.name} has no output head for words; lxmert-base has one.")
        ((_, tokens),) = rows = self.rows([(regions, text)])
        masks = [place for place, piece in enumerate(tokens.pieces) if piece == MASK]
        states = self.inputs.run(rows).language_output[0, masks]  # (masks, D)
        name = self.tokenizer.convert_ids_to_tokens
        likely = likely_words(self._network, states, top)
        return [tuple(map(Answer, name(ids), shares)) for ids, shares in likely]

    def _of_each(
        self,
        find: Callable[[Self, list[Row], Intervention | None], list[Found]],
        rows: Sequence[Row],
        interventions: Sequence[Intervention | None] | None = None,
    ) -> list[Found]:
        """In batches; what is too large for a GPU even alone is found by the processor."""
        asked = self if interventions is None else self.exact

        def work(batch: list[Row], intervention: Intervention | None) -> list[Found]:
            try:
                with computing_on(self.device):
                    return find(asked, batch, intervention)
            except MemoryShortError:
                if len(batch) > 1 or self.device == PROCESSOR:
                    raise
            return find(self._on_processor, batch, intervention)

        return in_batches(rows, work, interventions)

    @cached_property
    def _on_processor(self) -> Self:
        """This pipeline beside its GPU, which was too small for what was asked."""
        told = MOVED.format(device=self.device)
        logging.getLogger(__name__).warning("%s", told)
        other = copy.copy(self)
        other.device = PROCESSOR
        other._notes += (told,)
        return other.with_network(on_processor(self._network))

    def _pooled(self, batch: Sequence[Row], intervention: Intervention | None) -> list[Tensor]:
        return list(self._inside.run(batch, intervention).pooled_output)

    def _scores(self, batch: Sequence[Row], intervention: Intervention | None) -> list[Scores]:
        return scores_of(self._network, self._inside.run(batch, intervention).pooled_output)

    def _traces(self, batch: Sequence[Row], intervention: Intervention | None) -> list[Trace]:
        output = self._inside.run(batch, intervention, collect=True)
        sizes = [(len(tokens.ids), len(regions)) for regions, tokens in batch]
        scores = scores_of(self._network, output.pooled_output)
        notes = self._notes + ((IN_BFLOAT16,) if self._inside is not self.inputs else ())
        found = zip(batch, arrays_of(output.activations, sizes), scores, strict=True)
        return [
            Trace(
                model=self.name,
                tokens=tokens,
                regions=regions,
                attention=attention,
                states=states,
                answers=self.answers(said),
                answer_kind=self.answer_kind,
                match=said.match,
                notes=(*notes, *notes_on(self.name, self.scope, regions, tokens)),
            )
            for (regions, tokens), (attention, states), said in found
        ]

    def _check_judges(self) -> None:
        if not self.judges_pairs:
            raise CheckpointError(
                f"{self.name} answers about one picture; a statement about two needs a "
                "checkpoint that was fine-tuned on NLVR2."
            )
