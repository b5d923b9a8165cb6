"""Which model folders are known, where they lie, and what stands in them beside the weights."""

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from lxmert_viz.config import read_json
from lxmert_viz.errors import CheckpointError
from lxmert_viz.places import ASSETS

MODELS_VARIABLE = "LXMERT_VIZ_MODELS"
WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")
SHIPPED = "miniature"
NEEDED = (
    ("config.json",),
    WEIGHT_FILES,
    ("vocab.txt",),
    tuple(f"detector/{file}" for file in WEIGHT_FILES),
    ("detector/objects.txt",),
    ("detector/attributes.txt",),
)

_HUB = "https://huggingface.co"
_RAW = "https://raw.githubusercontent.com/airsplay"
_ANSWERS = f"{_RAW}/lxmert/master/data"
_REGION_NAMES = f"{_RAW}/py-bottom-up-attention/master/demo/data/genome/1600-400-20"
_DETECTOR = "https://s3.amazonaws.com/models.huggingface.co/bert/unc-nlp/frcnn-vg-finetuned"


@dataclass(frozen=True)
class KnownCheckpoint:
    """A published checkpoint, or the one that is shipped."""

    name: str
    summary: str
    repository: str = ""  # on huggingface.co; empty: shipped
    answers: int = 0  # published ones only: how many its head tells apart
    answer_list: str = ""

    def remedy(self, missing: list[tuple[str, ...]]) -> str:
        """What to do now; missing as from missing_files."""
        if not self.repository:
            return "Get another copy of this project."
        # the hub has no safetensors of these; answers.json is not needed, but names the answers
        files = [*(alternatives[-1] for alternatives in missing), "answers.json"]
        sources = "; ".join(f"{file} from {self._source(file)}" for file in files)
        return f"Put there {sources}."

    def _source(self, file: str) -> str:
        return {
            "answers.json": self.answer_list,
            "vocab.txt": f"{_HUB}/unc-nlp/lxmert-base-uncased/resolve/main/vocab.txt",
            "detector/pytorch_model.bin": f"{_DETECTOR}/pytorch_model.bin",
            "detector/objects.txt": f"{_REGION_NAMES}/objects_vocab.txt",
            "detector/attributes.txt": f"{_REGION_NAMES}/attributes_vocab.txt",
        }.get(file, f"{_HUB}/{self.repository}/resolve/main/{file}")


KNOWN = (
    KnownCheckpoint(SHIPPED, "Small, shipped; knows drawn tabletop scenes only; has every head."),
    KnownCheckpoint(
        "lxmert-base",
        "Full size, pre-trained on photographs; has every head.",
        repository="unc-nlp/lxmert-base-uncased",
        answers=9500,
        answer_list=f"{_ANSWERS}/lxmert/all_ans.json",
    ),
    KnownCheckpoint(
        "lxmert-vqa",
        "Full size, fine-tuned on VQA v2; answers only.",
        repository="unc-nlp/lxmert-vqa-uncased",
        answers=3129,
        answer_list=f"{_ANSWERS}/vqa/trainval_label2ans.json",
    ),
    KnownCheckpoint(
        "lxmert-gqa",
        "Full size, fine-tuned on GQA; answers only.",
        repository="unc-nlp/lxmert-gqa-uncased",
        answers=1842,
        answer_list=f"{_ANSWERS}/gqa/trainval_label2ans.json",
    ),
)


@dataclass(frozen=True)
class RegionNames:
    """What a detector's classes are called, by label."""

    objects: tuple[str, ...]
    attributes: tuple[str, ...]

    def of(self, object_id: int, attribute_id: int) -> str:
        return f"{self.attributes[attribute_id]} {self.objects[object_id]}"


@dataclass(frozen=True)
class Scope:
    """What a checkpoint says about itself; the defaults are true of the published ones."""

    world: str = "Everyday photographs (COCO, Visual Genome) and English sentences about them."
    longest_text: int = 20  # word pieces, [CLS] and [SEP] included
    warning: str = ""  # what to expect of a picture outside of its world
    answers_trained_as: str = ""  # "softmax", "sigmoid", or "": as was published

    def __post_init__(self) -> None:
        if self.answers_trained_as not in ("", "softmax", "sigmoid"):
            raise ValueError(
                f"answers_trained_as is {self.answers_trained_as!r}, not 'softmax' or 'sigmoid'"
            )


def models_folder(models: Path | None = None) -> Path:
    """Where model folders lie: as asked, else as the environment says, else the person's cache."""
    asked = models or os.environ.get(MODELS_VARIABLE)
    if not asked:
        return Path.home() / ".cache" / "lxmert-viz" / "models"
    if not Path(asked).is_dir():
        raise CheckpointError(
            f"There is no folder {asked} to look for models in; create it or name another."
        )
    return Path(asked).resolve()


def installed(models: Path | None = None) -> tuple[str, ...]:
    """Names that can be opened: the shipped one first, then every complete folder of `models`."""
    folder = models_folder(models)
    found = sorted(
        f.parent.name for f in folder.glob("*/config.json") if not missing_files(f.parent)
    )
    return (SHIPPED, *(name for name in found if name != SHIPPED))


def find(name_or_folder: str | Path, models: Path | None = None) -> Path:
    """The complete folder of a checkpoint: a known name, a folder's name in `models`, or a path.

    Raises CheckpointError with what is missing, where it belongs and how to get it.
    """
    known = {checkpoint.name: checkpoint for checkpoint in KNOWN}.get(str(name_or_folder))
    folder = _folder(name_or_folder, known, models)
    missing = missing_files(folder)
    if missing:
        name, remedy = (known.name, known.remedy(missing)) if known else (folder.name, "")
        raise CheckpointError(
            f"{name} is not complete: {_listing(missing)} missing in {folder}. {remedy}".strip()
        )
    return folder


def missing_files(folder: Path) -> list[tuple[str, ...]]:
    """What a model folder lacks; each entry names the files of which one is enough."""
    return [files for files in NEEDED if not any((folder / file).is_file() for file in files)]


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

    Accepts a list of texts, or the pre-training list of {"ans": text, ...}.
    """
    path = folder / "answers.json"
    entries = _read_optional(path, [])
    if not isinstance(entries, list):
        raise CheckpointError(
            f"{path} is not a list of answers but of the type {type(entries).__name__}."
        )
    answers = [e.get("ans") if isinstance(e, dict) else e for e in entries]
    for label, answer in enumerate(answers):
        if not isinstance(answer, str):
            raise CheckpointError(f"{path} does not name answer {label}: {entries[label]!r}.")
    return tuple(answers)


def read_region_names(folder: Path) -> RegionNames:
    return RegionNames(
        objects=_read_labels(folder / "detector" / "objects.txt"),
        attributes=_read_labels(folder / "detector" / "attributes.txt"),
    )


def _read_labels(path: Path) -> tuple[str, ...]:
    """One name a line; of synonyms ("tshirt,t-shirt") the first."""
    try:
        lines = path.read_text().splitlines()
    except UnicodeDecodeError as error:
        raise CheckpointError(f"{path} is not a text file.") from error
    return tuple(line.split(",")[0].strip() for line in lines)


def _folder(name_or_folder: str | Path, known: KnownCheckpoint | None, models: Path | None) -> Path:
    if known and known.name == SHIPPED:
        return ASSETS / SHIPPED
    below = models_folder(models) / name_or_folder
    if known or below.is_dir():
        return below
    folder = Path(name_or_folder)
    if not folder.is_dir():
        raise CheckpointError(
            f"There is no model {str(name_or_folder)!r}: it is neither a folder, nor one in "
            f"{models_folder(models)}, nor one of {', '.join(c.name for c in KNOWN)}."
        )
    return folder.resolve()


def _listing(missing: list[tuple[str, ...]]) -> str:
    names = ", ".join(" or ".join(files) for files in missing)
    return f"{names} {'is' if len(missing) == 1 else 'are'}"


def _read_optional(path: Path, default: Any) -> Any:
    return read_json(path) if path.exists() else default
