"""What stands in a model folder beside the weights: scope, answers, names of regions."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

from lxmert_viz.config import DetectorConfig, LxmertConfig, read_json
from lxmert_viz.errors import CheckpointError
from lxmert_viz.forms import check_words
from lxmert_viz.records import OWN_BOXES, TRAINED_PROFILE, ZOO, Regions, Tokens

UNNAMED = re.compile(r"LABEL_\d+")  # what transformers writes where nobody gave names
WITHOUT_NAMES = (
    "{name} has no answers.json, so its answers are numbers of labels; "
    "fetching it again brings the published list, where there is one."
)
NEEDS_TWO = (
    "{name} judges statements about two pictures (NLVR2) and has no answers about one; "
    "`ask --second-picture` on the command line and Pipeline.judge ask it."
)


@dataclass(frozen=True)
class RegionNames:
    """What a detector's classes are called, by label."""

    objects: tuple[str, ...]
    attributes: tuple[str, ...]

    def of(self, object_id: int, attribute_id: int) -> str:
        """attribute_id: -1 where the detector knows no attributes. Without names: numbers."""
        if object_id >= len(self.objects) or attribute_id >= len(self.attributes):
            return f"object {object_id}, attribute {attribute_id}"
        if attribute_id < 0:
            return self.objects[object_id]
        return f"{self.attributes[attribute_id]} {self.objects[object_id]}"


@dataclass(frozen=True)
class Scope:
    """What a checkpoint says about itself; the defaults are true of the published ones."""

    world: str = "Everyday photographs (COCO, Visual Genome) and English sentences about them."
    longest_text: int = 20  # word pieces, [CLS] and [SEP] included
    warning: str = ""  # what to expect of a picture outside of its world
    answers_trained_as: str = ""  # "softmax", "sigmoid", or "": as was published

    def __post_init__(self) -> None:
        check_words(self)
        if self.answers_trained_as not in ("", "softmax", "sigmoid"):
            raise ValueError(
                f"answers_trained_as is {self.answers_trained_as!r}, not 'softmax' or 'sigmoid'"
            )


def read_scope(folder: Path) -> Scope:
    values = _read_optional(folder / "scope.json", {})
    names = {field.name for field in fields(Scope)}
    if not isinstance(values, dict) or values.keys() - names:
        raise CheckpointError(
            f"{folder / 'scope.json'} should hold only {', '.join(sorted(names))}; "
            f"it holds {sorted(values)}."
        )
    try:
        return Scope(**values)
    except ValueError as error:
        raise CheckpointError(f"{folder / 'scope.json'}: {error}.") from error


def read_answers(folder: Path) -> tuple[str, ...]:
    """The names of a checkpoint's answers, by label; empty where the folder does not say.

    answers.json: a list of texts, the pre-training list of {"ans": text, ...}, {answer: label} or
    {label: answer}. Without one, id2label of config.json.
    """
    path, config = folder / "answers.json", folder / "config.json"
    if path.exists():
        return _as_answers(read_json(path), path)
    values = _read_optional(config, {})
    named = values.get("id2label") if isinstance(values, dict) else None
    if not isinstance(named, dict) or all(UNNAMED.fullmatch(str(a)) for a in named.values()):
        return ()
    return _as_answers(named, config)


def _as_answers(entries: Any, path: Path) -> tuple[str, ...]:
    if isinstance(entries, dict):
        entries = _by_label(entries, path)
    if not isinstance(entries, list):
        raise CheckpointError(
            f"{path} is not a list of answers but of the type {type(entries).__name__}."
        )
    answers = [e.get("ans") if isinstance(e, dict) else e for e in entries]
    for label, answer in enumerate(answers):
        if not isinstance(answer, str):
            raise CheckpointError(f"{path} does not name answer {label}: {entries[label]!r}.")
    return tuple(answers)


def _by_label(entries: dict[str, Any], path: Path) -> list[Any]:
    """{answer: label} or {label: answer} as a list; numbers among the answers may be answers."""
    if all(type(value) is int for value in entries.values()):
        named = {label: answer for answer, label in entries.items()}
    else:
        named = {int(k): v for k, v in entries.items() if k.isdecimal()}
    if len(named) != len(entries) or sorted(named) != list(range(len(named))):
        raise CheckpointError(
            f"{path} does not name each of its {len(entries)} answers with a label of its own, "
            f"from 0 to {len(entries) - 1}."
        )
    return [named[label] for label in range(len(named))]


def read_region_names(folder: Path) -> RegionNames:
    """Of the folder's detector; no names where it has none."""
    return RegionNames(
        objects=_read_labels(folder / "detector" / "objects.txt"),
        attributes=_read_labels(folder / "detector" / "attributes.txt"),
    )


class Named(NamedTuple):
    """What has names in a folder."""

    regions: RegionNames
    answers: tuple[str, ...] | None  # None where the network has no head for them
    pieces: int  # of words


def check_sizes(
    folder: Path, named: Named, network: LxmertConfig, detector: DetectorConfig | None
) -> None:
    """Raises CheckpointError for files that belong to different checkpoints."""
    sizes = {}  # of each file: how many entries it has, and how many its network has
    if named.answers is not None:
        sizes["answers.json"] = len(named.answers), network.num_qa_labels
    if detector is not None:
        sizes["detector/objects.txt"] = len(named.regions.objects), detector.num_objects
        sizes["detector/config.json"] = detector.feature_size, network.visual_feat_dim
        if detector.num_attributes:
            known = len(named.regions.attributes)
            sizes["detector/attributes.txt"] = known, detector.num_attributes
    if named.pieces > network.vocab_size:
        sizes["vocab.txt"] = named.pieces, network.vocab_size
    for file, (found, needed) in sizes.items():
        if found != needed:
            raise CheckpointError(
                f"{folder / file} is for {found} entries and its network for {needed}: "
                "the two belong to different checkpoints."
            )


def _read_labels(path: Path) -> tuple[str, ...]:
    """One name a line; of synonyms ("tshirt,t-shirt") the first."""
    if not path.exists():
        return ()
    try:
        lines = path.read_text().splitlines()
    except UnicodeDecodeError as error:
        raise CheckpointError(f"{path} is not a text file.") from error
    return tuple(line.split(",")[0].strip() for line in lines)


def _read_optional(path: Path, default: Any) -> Any:
    return read_json(path) if path.exists() else default


def unknown_note(model: str, words: Iterable[str]) -> str:
    told = ", ".join(f"\u201c{word}\u201d" for word in dict.fromkeys(words))
    return f"{model} has never seen these words and reads blanks there: {told}."


def notes_on(model: str, scope: Scope, regions: Regions, tokens: Tokens) -> Iterator[str]:
    if len(tokens.ids) > scope.longest_text:
        yield (
            f"This text has {len(tokens.ids)} word pieces and {model} was trained on at "
            f"most {scope.longest_text}: what it makes of longer ones is a guess."
        )
    if tokens.unknown_words:
        yield unknown_note(model, tokens.unknown_words)
    if regions.missing:
        yield (
            f"The detector found {len(regions)} regions in this picture, and "
            f"{len(regions) + regions.missing} were asked for: the other places stay empty, "
            "and the model does not see them."
        )
    if regions.has_normalised_features:
        yield (
            f"These features all have length 1: they were normalised, and {model} was trained on "
            "features as the detector gives them. Its answers mean little."
        )
    if ZOO in regions.detector:
        yield (
            "These features come from detectron2's model zoo, another feature space: LXMERT was "
            "not trained on it, and its answers mean nothing."
        )
    if regions.profile == OWN_BOXES:
        yield (
            "These regions are boxes of your own (page Regions), and not those that the detector "
            f"chooses; {model} was trained with the latter."
        )
    elif regions.profile != TRAINED_PROFILE:
        yield (
            f"These regions were found with the profile {regions.profile!r}; {model} was "
            f"trained with {TRAINED_PROFILE!r}."
        )
