"""Measures the miniature from pixels to answers on scenes that were never trained on."""

import io
from dataclasses import dataclass, field, replace
from math import sqrt
from random import Random

import numpy as np
from PIL import Image

from lxmert_viz.miniature.training.sightings import owners
from lxmert_viz.miniature.world.captions import Claim, caption, foil
from lxmert_viz.miniature.world.pictures import ScenePictures
from lxmert_viz.miniature.world.questions import QUESTION_TYPES, Question, ask, reworded
from lxmert_viz.miniature.world.scenes import PICTURE_SIZE
from lxmert_viz.miniature.world.views import VALUES, View
from lxmert_viz.miniature.world.wording import SYNONYMS
from lxmert_viz.pipeline import MASK, Pipeline
from lxmert_viz.records import Regions

MEANT_BY = {  # word: attribute and value
    word: (name, value)
    for name, values in VALUES.items()
    for value in values
    for word in SYNONYMS.get(value, (value,))
}
FIRST_TEST_SEED = 9_500_000


@dataclass
class Tally:
    """Right ones out of all."""

    right: int = 0
    total: int = 0

    def add(self, right: bool) -> None:
        self.right += int(right)
        self.total += 1

    @property
    def share(self) -> float:
        return self.right / self.total if self.total else float("nan")

    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the share."""
        n, p, z = self.total, self.share, 1.96
        centre, half = p + z * z / (2 * n), z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return (centre - half) / (1 + z * z / n), (centre + half) / (1 + z * z / n)

    def __str__(self) -> str:
        if not self.total:
            return "nothing to measure"
        low, high = self.interval()
        return (
            f"{100 * self.share:.1f} % ({self.right} of {self.total}, "
            f"95 % interval {100 * low:.1f} to {100 * high:.1f})"
        )


@dataclass
class Measurement:
    """Every figure of the model card."""

    recall: Tally = field(default_factory=Tally)  # objects with a region at IoU 0.5
    spurious: Tally = field(default_factory=Tally)  # regions that show no object or a second time
    objects: Tally = field(default_factory=Tally)  # right shape among found objects
    attributes: Tally = field(default_factory=Tally)  # right size, colour and material at once
    answers: dict[str, Tally] = field(default_factory=lambda: {t: Tally() for t in QUESTION_TYPES})
    true_boxes: Tally = field(default_factory=Tally)  # answers, given the regions of true boxes
    reworded: Tally = field(default_factory=Tally)  # the same answer to the same in other words
    words: Tally = field(default_factory=Tally)  # masked, of the words for that attribute
    first_words: Tally = field(default_factory=Tally)  # masked, of all words
    captions: dict[str, Tally] = field(
        default_factory=lambda: {k: Tally() for k in ("true", "of another scene", "one word off")}
    )

    def all_answers(self) -> Tally:
        tallies = self.answers.values()
        return Tally(sum(t.right for t in tallies), sum(t.total for t in tallies))

    def all_captions(self) -> Tally:
        tallies = self.captions.values()
        return Tally(sum(t.right for t in tallies), sum(t.total for t in tallies))

    def rows(self) -> list[tuple[str, Tally]]:
        """Names and tallies in the order of the model card."""
        return [
            ("objects that the detector finds (IoU at least 0.5)", self.recall),
            ("regions that show nothing, or an object again", self.spurious),
            ("object label (shape) of found objects", self.objects),
            ("attribute label (size, colour and material) of found objects", self.attributes),
            ("answers, all types", self.all_answers()),
            *((f"answers, {name}", tally) for name, tally in self.answers.items()),
            ("answers, all types, from the true boxes", self.true_boxes),
            ("the same answer to the same question in other words", self.reworded),
            ("masked attribute words that the scene fixes, of the words for it", self.words),
            ("masked attribute words, of all words one that fits the scene", self.first_words),
            ("matching, all captions", self.all_captions()),
            *((f"matching, captions {name}", tally) for name, tally in self.captions.items()),
        ]


def measure(
    pipeline: Pipeline, scenes: ScenePictures, questions_a_scene: int, seed: int = 0
) -> Measurement:
    """Figures of a pipeline on scenes, from rendered pictures to answers and matches."""
    result = Measurement()
    views = [View.of(scene) for scene in scenes.scenes]
    for index, view in enumerate(views):
        random = Random(f"{seed}/{index}")
        picture = png(scenes.pictures[index])
        regions = pipeline.look(picture)
        _measure_regions(result, regions, view, scenes.boxes_px[index])
        true_boxes = scenes.boxes_px[index] / np.array([*PICTURE_SIZE, *PICTURE_SIZE], np.float32)
        ideal = pipeline.look(picture, boxes_unit=true_boxes)
        asked = [
            question
            for i in range(questions_a_scene)
            if (question := ask(view, QUESTION_TYPES[i % len(QUESTION_TYPES)], random))
        ]
        _measure_answers(result, pipeline, regions, ideal, asked, random)
        _measure_matching(result, pipeline, regions, view, views[index - 1], random)
        _measure_words(result, pipeline, regions, view, random)
    return result


def _measure_answers(
    result: Measurement,
    pipeline: Pipeline,
    regions: Regions,
    ideal: Regions,
    asked: list[Question],
    random: Random,
) -> None:
    texts = [question.text for question in asked]
    others = [reworded(question, random).text for question in asked]
    pairs = [(seen, text) for seen in (regions, ideal) for text in texts]
    scores = pipeline.score_many([*pairs, *((regions, text) for text in others)])
    answers = [pipeline.answers(one, 1)[0].text for one in scores]
    count = len(asked)
    for place, question in enumerate(asked):
        answer, from_ideal, again = answers[place::count]
        result.answers[question.type].add(answer == question.answer)
        result.true_boxes.add(from_ideal == question.answer)
        result.reworded.add(answer == again)


def png(picture: np.ndarray) -> bytes:
    """The bytes of a PNG file of an RGB array (H, W, 3) uint8."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


def _measure_regions(
    result: Measurement, regions: Regions, view: View, boxes_px: np.ndarray
) -> None:
    if regions.size_px != PICTURE_SIZE:
        raise ValueError(f"a picture of {regions.size_px} among scenes of {PICTURE_SIZE}")
    of_object = owners(regions.boxes_unit, boxes_px)
    found: set[int] = set()
    for region in np.argsort(-regions.scores, kind="stable"):
        index = int(of_object[region])
        result.spurious.add(index < 0 or index in found)
        if index < 0 or index in found:
            continue
        found.add(index)
        thing = view.objects[index]
        result.objects.add(regions.object_ids[region] == thing.shape_label)
        result.attributes.add(regions.attribute_ids[region] == thing.attribute_label)
    for index in range(len(view.objects)):
        result.recall.add(index in found)


def _measure_matching(
    result: Measurement,
    pipeline: Pipeline,
    regions: Regions,
    view: View,
    other: View,
    random: Random,
) -> None:
    claim, foreign = caption(view, random), caption(other, random)
    claims = [("true", claim), ("one word off", foil(claim, view, random))]
    claims.append(("of another scene", None if foreign.holds(view) else foreign))
    kept = [(name, c.say(random)) for name, c in claims if c is not None]
    scores = pipeline.score_many([(regions, text) for _, text in kept])
    for (name, _), one in zip(kept, scores, strict=True):
        result.captions[name].add((one.match > 0.5) == (name == "true"))


def _measure_words(
    result: Measurement, pipeline: Pipeline, regions: Regions, view: View, random: Random
) -> None:
    """Hides one attribute of a true caption; only where one value alone makes the caption true."""
    claim = caption(view, random)
    named = [name for name in VALUES if getattr(claim.first, name)]
    if claim.count >= 0 and claim.count != 1 and "shape" in named:
        named.remove("shape")  # its piece would be followed by that of the plural
    if not named:
        return
    name = random.choice(named)
    possible = [v for v in VALUES[name] if _with(claim, name, v).holds(view)]
    if len(possible) != 1:
        return
    text = _with(claim, name, MASK).say(random)
    (found,) = pipeline.masked_words(regions, text, top=len(pipeline.tokenizer))
    meant = [MEANT_BY.get(word.text, ("", "")) for word in found]
    result.words.add(next(value for n, value in meant if n == name) == possible[0])
    result.first_words.add(_fits(claim, name, *meant[0], view))


def _fits(claim: Claim, masked: str, name: str, value: str, view: View) -> bool:
    """Whether the claim is true with a word in the place of another, perhaps for something else.

    "A [MASK] cone" does not say whether a colour or a material is asked for: both may be right.
    """
    rest = _with(claim, masked, "")
    return bool(name) and not getattr(rest.first, name) and _with(rest, name, value).holds(view)


def _with(claim: Claim, name: str, value: str) -> Claim:
    return replace(claim, first=replace(claim.first, **{name: value}))
