"""A checkpoint on the examination table, and pictures of which the truth is known."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from lxmert_viz.checkpoints.contents import read_scope
from lxmert_viz.checkpoints.known import KNOWN, SHIPPED
from lxmert_viz.checkpoints.record import recorded
from lxmert_viz.config import read_json
from lxmert_viz.detector.selection import describe_boxes
from lxmert_viz.model.files.loading import base_of
from lxmert_viz.model.inputs import Row, in_batches
from lxmert_viz.picture import decode
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.places import ASSETS
from lxmert_viz.records import TRAINED_PROFILE, Regions, Scores
from lxmert_viz.region_files.opening import open_regions
from lxmert_viz.region_files.rows import Origin

SAMPLE_FILE = "detector/sample.jpg"
SAMPLE_FACTS = ASSETS / "detector-sample.json"
SCENES = ASSETS / "scenes"
EXAMPLES = SCENES / "examples.json"
MOST_STORED = 32  # pictures of a file
PUBLISHED_OBJECTS = 1600  # classes of the published detector
SMALLEST = 1e-6  # probability, so that one sure mistake does not outweigh everything


@dataclass(frozen=True)
class Truth:
    """A picture, what was found in it, and what is true of it."""

    picture_rgb: np.ndarray  # (H, W, 3) uint8
    regions: Regions
    questions: tuple[tuple[str, str], ...]  # text, right answer
    captions: tuple[tuple[str, bool], ...]  # text, whether it is true


@dataclass(frozen=True)
class Published:
    """What the published detector sees in its sample picture."""

    given_boxes_unit: np.ndarray  # (36, 4)
    object_ids: np.ndarray  # (36,) of the given boxes
    found_boxes_unit: np.ndarray  # (36, 4)
    profile: str


@dataclass(frozen=True)
class AtHand:
    """Regions as the network is given them, whatever is true of their pictures."""

    regions: tuple[Regions, ...]
    pictures_rgb: tuple[np.ndarray, ...]  # theirs, (H, W, 3) uint8; none where they are of a file
    source: str  # in words


@dataclass(frozen=True)
class Subject:
    """An opened checkpoint."""

    folder: Path
    pipeline: Pipeline
    known: str  # its name in the table of known checkpoints, or ""
    truths: tuple[Truth, ...]
    published: Published | None  # only with the published detector and its sample picture
    others: AtHand | None = None  # regions that are judged in place of the truths'

    @property
    def at_hand(self) -> AtHand | None:
        """None where it has no detector and no file of regions was named."""
        if self.others is not None or not self.truths:
            return self.others
        pictures = tuple(truth.picture_rgb for truth in self.truths)
        return AtHand(tuple(truth.regions for truth in self.truths), pictures, "of known pictures")

    @cached_property
    def first_answers(self) -> list[tuple[str, str]]:
        """The answer given to every question, and the right one."""
        return [(self.pipeline.answers(s, 1)[0].text, right) for s, right in self._as_they_are]

    @cached_property
    def confidence(self) -> float:
        """The probability of right answers, 0..1: the geometric mean over all questions."""
        return self._mean_probability(self._as_they_are)

    def confidence_with(self, change: Callable[[Truth], Regions]) -> float:
        """The same with other regions."""
        return self._mean_probability(self._asked(change))

    @cached_property
    def _as_they_are(self) -> list[tuple[Scores, str]]:
        return self._asked(lambda truth: truth.regions)

    def _asked(self, seen: Callable[[Truth], Regions]) -> list[tuple[Scores, str]]:
        """Every question of every picture, with its right answer.

        The network itself is asked: a pipeline refuses boxes in a frame that is none.
        """
        tokenizer, rows, answers = self.pipeline.tokenizer, [], []
        limit = self.pipeline.network.config.max_position_embeddings
        for truth in self.truths:
            regions = seen(truth)
            rows += [(regions, tokenizer.read(text, limit)) for text, _ in truth.questions]
            answers += [right for _, right in truth.questions]
        return list(zip(in_batches(rows, lambda b, _: self._scores(b)), answers, strict=True))

    @torch.inference_mode()
    def _scores(self, batch: list[Row]) -> list[Scores]:
        network = self.pipeline.network
        inputs = self.pipeline.inputs.of(batch, collect=False)
        logits = network.answer_head(base_of(network)(**inputs, return_dict=True).pooled_output)
        return [Scores(row, None) for row in logits.float().cpu().numpy()]

    def _mean_probability(self, answered: list[tuple[Scores, str]]) -> float:
        labels = {answer: label for label, answer in enumerate(self.pipeline.answer_vocabulary)}
        shares = [
            self.pipeline.answer_shares(scores)[labels[right]] if right in labels else 0.0
            for scores, right in answered
        ]
        return float(np.exp(np.log(np.maximum(shares, SMALLEST)).mean()))

    def described(self, regions: Regions, picture_rgb: np.ndarray) -> Regions:
        """Regions with the features that another picture has in their places."""
        detector = self.pipeline.detector
        profile = detector.config.profiles[TRAINED_PROFILE]
        boxes = regions.boxes_unit
        seen = describe_boxes(detector, np.ascontiguousarray(picture_rgb), boxes, profile)
        return replace(regions, feats=seen.feats)


def known_name(folder: Path) -> str:
    """Which known checkpoint a folder holds, by its name or by where it was fetched from."""
    fetched = recorded(folder)
    for known in KNOWN:
        if folder.name == known.name or (fetched and fetched.repository == known.repository):
            return known.name
    return ""


def is_of_the_shipped_world(folder: Path) -> bool:
    return read_scope(folder).world == read_scope(ASSETS / SHIPPED).world


def open_subject(folder: Path, device: str = "auto", stored: Path | None = None) -> Subject:
    """stored: a file of regions that the checkpoint is asked about. Raises CheckpointError."""
    pipeline = Pipeline.open(folder, device)
    truths, published = (), None
    sample = folder / SAMPLE_FILE
    if not pipeline.has_detector:
        pass
    elif is_of_the_shipped_world(folder):
        truths = _example_scenes(pipeline)
    elif sample.is_file() and pipeline.detector.config.num_objects == PUBLISHED_OBJECTS:
        facts = read_json(SAMPLE_FACTS)
        published = _published(facts)
        truths = (_sample(pipeline, sample.read_bytes(), facts),)
    others = None
    if stored is not None:
        others = _stored(pipeline, stored)
    elif pipeline.has_detector and not truths:
        others = _found_in_scenes(pipeline)
    return Subject(folder, pipeline, known_name(folder), truths, published, others)


def _stored(pipeline: Pipeline, path: Path) -> AtHand:
    """The first regions of a file. Raises DatasetError."""
    file = open_regions(path, Origin("region file", pipeline.region_names.of))
    rows = tuple(row.regions for row in islice(file.rows(), MOST_STORED))
    return AtHand(rows, (), f"of the first {len(rows)} pictures of {path.name}")


def _found_in_scenes(pipeline: Pipeline) -> AtHand:
    contents = [(SCENES / entry["picture"]).read_bytes() for entry in read_json(EXAMPLES)]
    regions = tuple(pipeline.look(content) for content in contents)
    pictures = tuple(np.asarray(decode(content)) for content in contents)
    return AtHand(regions, pictures, "that its detector finds in the shipped scenes")


def _example_scenes(pipeline: Pipeline) -> tuple[Truth, ...]:
    truths = []
    for entry in read_json(EXAMPLES):
        content = (SCENES / entry["picture"]).read_bytes()
        texts = entry["questions"]
        truths.append(
            Truth(
                np.asarray(decode(content)),
                pipeline.look(content),
                tuple((t["text"], t["answer"]) for t in texts if t["answer"] is not None),
                tuple(
                    (t["text"], t["type"] == "true caption")
                    for t in texts
                    if t["type"].endswith("caption")
                ),
            )
        )
    return tuple(truths)


def _sample(pipeline: Pipeline, content: bytes, facts: dict) -> Truth:
    captions = facts["captions"]
    return Truth(
        np.asarray(decode(content)),
        pipeline.look(content),
        tuple((text, answer) for text, answer in facts["questions"]),
        tuple((text, kind == "true") for kind in ("true", "false") for text in captions[kind]),
    )


def _published(facts: dict) -> Published:
    width, height = facts["picture"]["size_px"]
    size = np.array([width, height, width, height], np.float32)
    return Published(
        np.array(facts["given_boxes_px"], np.float32) / size,
        np.array(facts["object_ids"]),
        np.array(facts["found_boxes_px"], np.float32) / size,
        facts["profile"],
    )
