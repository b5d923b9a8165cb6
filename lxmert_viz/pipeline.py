"""Picture bytes and a text -> Trace: open, look, ask. Tensors become float32 numpy here."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import Tensor

from lxmert_viz.checkpoints import contents, known
from lxmert_viz.checkpoints.contents import TRAINED_PROFILE, RegionNames, Scope, notes_on
from lxmert_viz.checkpoints.folder import called, find, without_detector
from lxmert_viz.detector.detectron2 import Detectron2RCNN
from lxmert_viz.detector.looking import Looker
from lxmert_viz.detector.network import FasterRCNN
from lxmert_viz.detector.speed import FULL
from lxmert_viz.detector.weights import OWN, load_detector
from lxmert_viz.errors import CheckpointError, DeviceError
from lxmert_viz.model.arrays import arrays_of
from lxmert_viz.model.files.loading import Network, base_of, load_network
from lxmert_viz.model.lxmert import LxmertForPreTraining, LxmertForQuestionAnswering
from lxmert_viz.model.reasoning import LxmertForVisualReasoning
from lxmert_viz.model.streams import VisionStreams, padded
from lxmert_viz.model.tokenizer import LxmertTokenizerFast
from lxmert_viz.records import Answer, Regions, Tokens, Trace, Verdict
from lxmert_viz.region_files.cache import RegionCache

MASK = "[MASK]"
BATCH = 16  # pairs that go through the network at once; a full-size trace has 3.7 MB of arrays
WITHOUT_NAMES = (
    "{name} has no answers.json, so its answers are numbers of labels; "
    "fetching it again brings the published list, where there is one."
)
NEEDS_TWO = (
    "{name} judges statements about two pictures (NLVR2) and has no answers about one; "
    "`ask --second-picture` on the command line and Pipeline.judge ask it."
)


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
        device: torch.device,
        precision: str = FULL,
        cache: RegionCache | None = None,
        without_detector: str = "",
    ) -> None:
        """without_detector: where there is none, what `look` says."""
        self.name = name
        self.scope = scope
        self.device = str(device)
        self.profiles = tuple(detector.config.profiles) if detector else ()
        self.has_match = isinstance(network, LxmertForPreTraining) and network.config.task_matched
        self.answer_kind = _answer_kind(network, scope)
        self.has_answers = self.answer_kind != ""
        self.judges_pairs = isinstance(network, LxmertForVisualReasoning)
        self._notes = network.load_report.notes if network.load_report else ()
        if self.judges_pairs:
            self._notes += (NEEDS_TWO.format(name=name),)
        elif self.has_answers and not answer_vocabulary:
            count = network.config.num_qa_labels
            answer_vocabulary = tuple(f"label {label}" for label in range(count))
            self._notes += (WITHOUT_NAMES.format(name=name),)
        self.answer_vocabulary = answer_vocabulary if self.has_answers else ()
        self.region_names = region_names
        self.tokenizer = tokenizer
        if device.type == "cuda":  # TensorFloat convolutions would move features by 1e-3
            torch.backends.cudnn.allow_tf32 = False
        self._network = network.to(device).eval()
        cached = cache.found if cache else None
        self._without_detector = without_detector
        self._looker = detector and Looker(name, detector, region_names, device, precision, cached)
        self._streams = VisionStreams(base_of(network), device)

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

        device: "auto", "cpu", "cuda" or "cuda:1". precision: of the detector, "full" or "mixed",
        which is faster where the processor computes in bfloat16. cache: where regions that were
        found before are kept. backend: whose modules the detector runs on, "own" or "detectron2".
        Without a `detector/` folder all works but `look`. Raises CheckpointError, DeviceError.
        """
        chosen_device = find_device(device)
        folder = find(name_or_folder, models)
        network = load_network(folder)
        lacks = without_detector(folder)
        detector = None if lacks else load_detector(folder / "detector", backend)
        tokenizer = LxmertTokenizerFast.from_pretrained(folder)
        pipeline = cls(
            called(folder),
            network,
            tokenizer,
            detector,
            region_names=contents.read_region_names(folder),
            answer_vocabulary=contents.read_answers(folder),
            scope=contents.read_scope(folder),
            device=chosen_device,
            precision=precision,
            cache=cache,
            without_detector=lacks,
        )
        pipeline._check_sizes(folder)
        return pipeline

    @property
    def network(self) -> Network:
        """The network itself, for what looks inside; it keeps nothing between calls."""
        return self._network

    @property
    def has_detector(self) -> bool:
        """Whether it can look at pictures by itself; else it answers from stored regions."""
        return self._looker is not None

    @property
    def detector(self) -> FasterRCNN | Detectron2RCNN:
        """Raises CheckpointError where there is none."""
        return self._eyes.detector

    @property
    def _eyes(self) -> Looker:
        if self._looker is None:
            raise CheckpointError(self._without_detector)
        return self._looker

    def look(
        self,
        picture: bytes,
        profile: str = TRAINED_PROFILE,
        progress: Callable[[str, float], None] | None = None,
        boxes_unit: np.ndarray | None = None,
    ) -> Regions:
        """The regions that the detector finds in an encoded picture.

        profile: a profile's name, with numbers of one's own as detector.profiles reads them.
        progress is called with the stage's name and the share done, 0..1. boxes_unit: (R, 4); the
        regions are then these boxes, in their order, and nothing is searched for. Raises
        PictureError, OptionError, CheckpointError where there is no detector, and ValueError for
        what are no boxes.
        """
        return self._eyes.look(picture, profile, progress, boxes_unit)

    def check_profile(self, profile: str) -> None:
        """Raises OptionError for a profile that `look` would refuse, whatever the picture."""
        if self._looker is not None:
            self._looker.rules(profile)

    def ask(self, regions: Regions, text: str) -> Trace:
        """Everything that one forward pass computes. Raises TextError for a text it cannot take.

        The detector is not asked again, nor the vision encoder where it saw these regions lately.
        """
        return self.ask_many([(regions, text)])[0]

    def ask_many(self, pairs: Sequence[tuple[Regions, str]]) -> list[Trace]:
        """One trace a pair, in order; equal to asking each alone to 1e-5."""
        limit = self._network.config.max_position_embeddings
        rows = [(_checked(regions), self.tokenizer.read(text, limit)) for regions, text in pairs]
        traces: dict[int, Trace] = {}
        for places in _batches([len(regions) > 0 for regions, _ in rows]):
            batch = [rows[place] for place in places]
            traces |= zip(places, self._run(batch), strict=True)
        return [traces[place] for place in range(len(rows))]

    @torch.inference_mode()
    def judge(self, pictures: tuple[Regions, Regions], statement: str) -> Verdict:
        """Whether a statement is true of two pictures, left and right in NLVR2's data.

        Raises TextError for a text that it cannot take, CheckpointError where the network does
        not read pairs.
        """
        if not self.judges_pairs:
            raise CheckpointError(
                f"{self.name} answers about one picture; a statement about two needs a "
                "checkpoint that was fine-tuned on NLVR2."
            )
        traces = self.ask_many([(regions, statement) for regions in pictures])
        pooled = np.stack([trace.states["pooled"] for trace in traces])
        logits = self._network.judge(torch.from_numpy(pooled).to(self.device, self._network.dtype))
        first, second = (
            replace(trace, notes=trace.notes[len(self._notes) :]) for trace in traces
        )  # those of the checkpoint are about one picture
        return Verdict(logits[0].float().softmax(-1)[1].item(), (first, second))

    @torch.inference_mode()
    def masked_words(self, regions: Regions, text: str, top: int = 5) -> list[tuple[Answer, ...]]:
        """For each [MASK] of a text the most probable word pieces, best first.

        Raises TextError for a text it cannot take, CheckpointError where the word head is missing.
        """
        if not (
            isinstance(self._network, LxmertForPreTraining) and self._network.config.task_mask_lm
        ):
            raise CheckpointError(f"{self.name} has no head for masked words; lxmert-base has one.")
        tokens = self.tokenizer.read(text, self._network.config.max_position_embeddings)
        output = self._network(
            input_ids=self._words([tokens.ids]),
            vision=self._streams.of([regions]),
            return_dict=True,
        )
        masks = [place for place, piece in enumerate(tokens.pieces) if piece == MASK]
        rows = output.prediction_logits[0, masks].float().softmax(-1)  # (masks, vocabulary)
        best = rows.topk(min(top, rows.shape[-1]))
        return [
            tuple(map(Answer, self.tokenizer.convert_ids_to_tokens(ids), shares))
            for ids, shares in zip(best.indices.tolist(), best.values.tolist(), strict=True)
        ]

    @torch.inference_mode()
    def _run(self, batch: list[tuple[Regions, Tokens]]) -> list[Trace]:
        network = self._network.lxmert if self.judges_pairs else self._network
        output = network(
            input_ids=self._words([tokens.ids for _, tokens in batch]),
            attention_mask=self._words([np.ones_like(tokens.ids) for _, tokens in batch]),
            token_type_ids=self._words([tokens.type_ids for _, tokens in batch]),
            vision=self._streams.of([regions for regions, _ in batch]),
            output_attentions=True,
            output_hidden_states=True,
            return_dict=True,
        )
        sizes = [(len(tokens.ids), len(regions)) for regions, tokens in batch]
        arrays = list(arrays_of(output.activations, sizes))
        answers = [()] * len(batch)
        if self.has_answers:
            answers = [self._ranked(row) for row in output.question_answering_score.float()]
        match = [None] * len(batch)
        if self.has_match:
            match = output.cross_relationship_score.float().softmax(-1)[:, 1].tolist()
        return [
            Trace(
                model=self.name,
                tokens=tokens,
                regions=regions,
                attention=arrays[row][0],
                states=arrays[row][1],
                answers=answers[row],
                answer_kind=self.answer_kind,
                match=match[row],
                notes=(*self._notes, *notes_on(self.name, self.scope, regions, tokens)),
            )
            for row, (regions, tokens) in enumerate(batch)
        ]

    def _words(self, rows: list[np.ndarray]) -> Tensor:
        return torch.from_numpy(padded(rows, np.int64)).to(self.device)  # (B, T)

    def _ranked(self, logits: Tensor) -> tuple[Answer, ...]:
        """logits: (answers,)."""
        shares = logits.softmax(-1) if self.answer_kind == "softmax" else logits.sigmoid()
        order = shares.argsort(descending=True, stable=True).tolist()
        values = shares.tolist()
        return tuple(Answer(self.answer_vocabulary[label], values[label]) for label in order)

    def _check_sizes(self, folder: Path) -> None:
        """Raises CheckpointError for files that belong to different checkpoints."""
        names, config = self.region_names, self._network.config
        answers = len(self.answer_vocabulary) if self.has_answers else config.num_qa_labels
        # file: how many entries it has, how many its network has
        sizes = {"answers.json": (answers, config.num_qa_labels)}
        if self.has_detector:
            seen = self.detector.config
            sizes["detector/objects.txt"] = (len(names.objects), seen.num_objects)
            sizes["detector/config.json"] = (seen.feature_size, config.visual_feat_dim)
            if seen.num_attributes:
                named = len(names.attributes)
                sizes["detector/attributes.txt"] = (named, seen.num_attributes)
        if len(self.tokenizer) > config.vocab_size:
            sizes["vocab.txt"] = (len(self.tokenizer), config.vocab_size)
        for file, (found, needed) in sizes.items():
            if found != needed:
                raise CheckpointError(
                    f"{folder / file} is for {found} entries and its network for {needed}: "
                    "the two belong to different checkpoints."
                )


def find_device(asked: str) -> torch.device:
    """The device to compute on; "auto" is a GPU where there is one. Raises DeviceError."""
    if asked == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(asked)
    except RuntimeError as error:
        raise DeviceError(f"There is no device {asked!r}; use auto, cpu or cuda.") from error
    if device.type == "cpu":
        return device
    if device.type != "cuda":
        raise DeviceError(
            f"Devices of the kind {device.type!r} are not used; use auto, cpu or cuda."
        )
    count = torch.cuda.device_count()  # 0 where PyTorch cannot use them
    if (device.index or 0) >= count:
        raise DeviceError(f"{asked} was asked for and PyTorch sees {count} GPUs here: use cpu.")
    return device


def _answer_kind(network: Network, scope: Scope) -> str:
    if isinstance(network, LxmertForPreTraining):
        return (scope.answers_trained_as or "softmax") if network.config.task_qa else ""
    if isinstance(network, LxmertForQuestionAnswering):
        return scope.answers_trained_as or "sigmoid"
    return ""


def _batches(kinds: Sequence[bool]) -> Iterator[list[int]]:
    """Places of equal kind, at most BATCH at a time.

    A picture without regions cannot be padded: attention over hidden keys alone is uniform.
    """
    for kind in (True, False):
        places = [place for place, own in enumerate(kinds) if own == kind]
        for start in range(0, len(places), BATCH):
            yield places[start : start + BATCH]


def _checked(regions: Regions) -> Regions:
    if not isinstance(regions, Regions):
        raise ValueError(f"regions come from look, not from {type(regions).__name__}")
    return regions
