"""Which model folders are known, where they lie, and what stands in them beside the weights."""

import os
import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from lxmert_viz.config import read_json
from lxmert_viz.download import RemoteFile
from lxmert_viz.errors import CheckpointError
from lxmert_viz.hub import HUB, is_repository
from lxmert_viz.places import ASSETS

MODELS_VARIABLE = "LXMERT_VIZ_MODELS"
WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")
INDEX_ENDING = ".index.json"  # of the file that lists the parts of a sharded checkpoint
OTHER_WEIGHTS = ("*.index.json", "tf_model.h5", "*.pth")  # read as well, but not published so
DETECTOR_WEIGHTS = tuple(f"detector/{file}" for file in WEIGHT_FILES)
SHIPPED = "miniature"
NEEDED = (
    ("config.json",),
    WEIGHT_FILES,
    ("vocab.txt",),
    DETECTOR_WEIGHTS,
    ("detector/objects.txt",),
    ("detector/attributes.txt",),
)

_AIRSPLAY = "https://raw.githubusercontent.com/airsplay"
_ANSWERS = f"{_AIRSPLAY}/lxmert/master/data"
_DETECTOR = f"{_AIRSPLAY}/py-bottom-up-attention/master/demo/data"
_REGION_NAMES = f"{_DETECTOR}/genome/1600-400-20"
_DETECTOR_WEIGHTS = "unc-nlp/frcnn-vg-finetuned"
_DETECTOR_HOSTS = (
    f"https://s3.amazonaws.com/models.huggingface.co/bert/{_DETECTOR_WEIGHTS}",
    f"https://huggingface.co/spaces/WwYc/explain-LXMERT/resolve/main/lxmert/{_DETECTOR_WEIGHTS}",
)
_BOTTOM_UP = (
    "https://raw.githubusercontent.com/peteanderson80/bottom-up-attention/master/data/genome"
)
_VLTK = "https://raw.githubusercontent.com/eltoto1219/vltk/cd9dadee38ef481c704a09a7238f9cccef16b321"

VOCABULARY_REPOSITORY = "unc-nlp/lxmert-base-uncased"  # every published LXMERT reads with this one
ANSWER_LISTS = {  # by how many answers the head tells apart; on no hub
    9500: RemoteFile(
        "answers.json",
        (f"{_ANSWERS}/lxmert/all_ans.json",),
        986_576,
        "sha256:b860c6cd7b8fe3afa1e5308933664c37bc8728eff967e9845543169a06d012b8",
        needed=False,
    ),
    3129: RemoteFile(
        "answers.json",
        (f"{_ANSWERS}/vqa/trainval_label2ans.json",),
        46_668,
        "sha256:e72e568a6303130f5a627db06360605ee3b306366ff463aa5153d782adc12a7d",
        needed=False,
    ),
    1842: RemoteFile(
        "answers.json",
        (f"{_ANSWERS}/gqa/trainval_label2ans.json",),
        20_586,
        "sha256:3ba2e3668760dfcfcfe40dc58711a7c551ca7da48be87a7fdd3fae9963f8264d",
        needed=False,
    ),
}
DETECTOR_FILES = (
    RemoteFile(
        "detector/objects.txt",
        (f"{_REGION_NAMES}/objects_vocab.txt", f"{_BOTTOM_UP}/1600-400-20/objects_vocab.txt"),
        12_782,
        "sha256:d985096938db111f585a311ff0a2ee9092fbc325c3a619ac9622e57e5389722f",
    ),
    RemoteFile(
        "detector/attributes.txt",
        (
            f"{_REGION_NAMES}/attributes_vocab.txt",
            f"{_BOTTOM_UP}/1600-400-20/attributes_vocab.txt",
        ),
        3_095,
        "sha256:19981b5a288f284c576545a21de78634f1a78c26b6949f7acf12b924739fdc66",
    ),
    RemoteFile(
        "detector/sample.jpg",  # for the self-check: what the detector sees in it was published
        (f"{_DETECTOR}/images/input.jpg",),
        209_222,
        "sha256:cb5afca9304177a472d98045a48c8cf00a07a1cfc3a960cb57777d0d6ee798a2",
        needed=False,
    ),
    RemoteFile(
        "detector/config.yaml",  # without it the published sizes are taken, which it states
        (*(f"{host}/config.yaml" for host in _DETECTOR_HOSTS), f"{_VLTK}/frcnn/config.yaml"),
        2_132,
        "sha256:e8034fc56f802b83fbcc512821e75069caee4f5fdad2154ef65f25ab32bd3c86",
        needed=False,
    ),
    RemoteFile(
        "detector/pytorch_model.bin",
        tuple(f"{host}/pytorch_model.bin" for host in _DETECTOR_HOSTS),
        262_398_754,
        "sha256:d3bf8ad74828a244a95d85e17a842cc0ac75419a53e4e81ee68386f192bb24c5",
    ),
)


@dataclass(frozen=True)
class KnownCheckpoint:
    """A published checkpoint, or the one that is shipped."""

    name: str
    summary: str
    heads: str
    repository: str = ""  # on the hub; empty: shipped
    revision: str = "main"
    answers: int = 0  # published ones only: how many its head tells apart
    weight_bytes: int = 0  # about; the hub says exactly

    @property
    def answer_list(self) -> RemoteFile:
        return ANSWER_LISTS[self.answers]

    @property
    def download_bytes(self) -> int:
        """About how much comes over the network, its detector included."""
        return self.weight_bytes + self.answer_list.size + sum(f.size for f in DETECTOR_FILES)

    def remedy(self, missing: list[tuple[str, ...]]) -> str:
        """What to do now; missing as from missing_files."""
        if not self.repository:
            return "Get another copy of this project."
        wanted = {*(files[-1] for files in missing), "answers.json"}  # names, and not needed
        known = self.addresses().items()
        sources = "; ".join(f"{file} from {address}" for file, address in known if file in wanted)
        return (
            f"Run `python -m lxmert_viz fetch {self.name}`, or press Download on the page Models. "
            f"By hand: put there {sources}."
        )

    def addresses(self) -> dict[str, str]:
        """Where each file of a published checkpoint is, as far as is known without network."""
        homes = dict.fromkeys(("config.json", "pytorch_model.bin"), self.repository)
        homes["vocab.txt"] = VOCABULARY_REPOSITORY
        own = {f: f"{HUB}/{home}/resolve/{self.revision}/{f}" for f, home in homes.items()}
        return own | {f.path: f.urls[0] for f in (*DETECTOR_FILES, self.answer_list)}


EVERY_HEAD = "answers, matching, masked words, regions"
KNOWN = (
    KnownCheckpoint(SHIPPED, "Small, shipped; knows drawn tabletop scenes only.", EVERY_HEAD),
    KnownCheckpoint(
        "lxmert-base",
        "Full size, pre-trained on photographs and sentences about them.",
        EVERY_HEAD,
        repository="unc-nlp/lxmert-base-uncased",
        answers=9500,
        weight_bytes=1_006_100_000,
    ),
    KnownCheckpoint(
        "lxmert-vqa",
        "Full size, fine-tuned to answer the questions of VQA v2.",
        "answers",
        repository="unc-nlp/lxmert-vqa-uncased",
        answers=3129,
        weight_bytes=855_915_865,
    ),
    KnownCheckpoint(
        "lxmert-gqa",
        "Full size, fine-tuned to answer the questions of GQA.",
        "answers",
        repository="unc-nlp/lxmert-gqa-uncased",
        answers=1842,
        weight_bytes=848_000_000,
    ),
)


@dataclass(frozen=True)
class RegionNames:
    """What a detector's classes are called, by label."""

    objects: tuple[str, ...]
    attributes: tuple[str, ...]

    def of(self, object_id: int, attribute_id: int) -> str:
        """attribute_id: -1 where the detector knows no attributes."""
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


def folder_name(name: str) -> str:
    """How the folder of a checkpoint is called: "owner/name" of the hub is "owner--name" here."""
    return name.replace("/", "--") if is_repository(name) else name


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
    others = {WEIGHT_FILES: OTHER_WEIGHTS, DETECTOR_WEIGHTS: ("detector/*.pkl",)}
    return [
        files
        for files in NEEDED
        if not any(
            found.is_file() for f in (*files, *others.get(files, ())) for found in folder.glob(f)
        )
    ]


def parts_of(index: object, source: str) -> tuple[str, ...]:
    """The files that an index of a sharded checkpoint lists. Raises CheckpointError.

    A part is a plain file name, so that no index can reach for files elsewhere.
    """
    parts = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(parts, dict) or not parts:
        raise CheckpointError(f"{source} does not list the parts of a checkpoint (weight_map).")
    for part in parts.values():
        if not isinstance(part, str) or not re.fullmatch(r"\w[\w.-]*", part):
            raise CheckpointError(f"{source} lists {part!r}, which is not the name of a file.")
        if part.endswith(INDEX_ENDING):
            raise CheckpointError(f"{source} lists {part}, an index of its own.")
    return tuple(dict.fromkeys(parts.values()))


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
    name = str(name_or_folder)
    below = models_folder(models) / folder_name(name)
    if known or (name and below.is_dir()):
        return below
    folder = Path(name)
    if not name or not folder.is_dir():
        raise CheckpointError(
            f"There is no model {name!r}: it is neither a folder, nor one in "
            f"{models_folder(models)}, nor one of {', '.join(c.name for c in KNOWN)}."
        )
    return folder.resolve()


def _listing(missing: list[tuple[str, ...]]) -> str:
    names = ", ".join(" or ".join(files) for files in missing)
    return f"{names} {'is' if len(missing) == 1 else 'are'}"


def _read_optional(path: Path, default: Any) -> Any:
    return read_json(path) if path.exists() else default
