"""Where model folders lie, which of them are complete, and what the others lack."""

import os
from collections.abc import Callable
from pathlib import Path

from lxmert_viz.checkpoints.hub import is_repository, kept_folder
from lxmert_viz.checkpoints.known import KNOWN, SHIPPED, KnownCheckpoint
from lxmert_viz.checkpoints.weight_files import (
    SAFETENSORS_FILE,
    SNAPSHOTS,
    TORCH_FILE,
    detector_files,
    snapshot,
    weight_files,
)
from lxmert_viz.errors import CheckpointError
from lxmert_viz.places import ASSETS, cache_folder

MODELS_VARIABLE = "LXMERT_VIZ_MODELS"
WEIGHTS, VOCABULARY = (SAFETENSORS_FILE, TORCH_FILE), ("vocab.txt", "tokenizer.json")
DETECTOR = "detector"
DETECTOR_WEIGHTS = (f"{DETECTOR}/{SAFETENSORS_FILE}", f"{DETECTOR}/{TORCH_FILE}")
REGION_NAMES = (f"{DETECTOR}/objects.txt", f"{DETECTOR}/attributes.txt")
Missing = list[tuple[str, ...]]  # each entry names the files of which one is enough


def models_folder(models: Path | None = None) -> Path:
    """Where model folders lie: as asked, else as the environment says, else in the cache."""
    asked = models or os.environ.get(MODELS_VARIABLE)
    if not asked:
        return cache_folder() / "models"
    if not Path(asked).is_dir():
        raise CheckpointError(
            f"There is no folder {asked} to look for models in; create it or name another."
        )
    return Path(asked).resolve()


def folder_name(name: str) -> str:
    """How the folder of a checkpoint is called: "owner/name" of the hub is "owner--name" here."""
    return name.replace("/", "--") if is_repository(name) else name


def installed(models: Path | None = None) -> tuple[str, ...]:
    """Names that can be opened, with a detector or without: the shipped one, then of `models`."""
    folders = (path for path in models_folder(models).glob("*") if path.is_dir())
    found = sorted(path.name for path in folders if not missing_files(snapshot(path)))
    return (SHIPPED, *(name for name in found if name != SHIPPED))


def find(name_or_folder: str | Path, models: Path | None = None) -> Path:
    """The folder of a checkpoint that opens: a known name, a folder's name in `models`, a path.

    owner/name of the hub is looked for in the person's hub cache too. Raises CheckpointError with
    what is missing, where it belongs and how to get it.
    """
    known = {checkpoint.name: checkpoint for checkpoint in KNOWN}.get(str(name_or_folder))
    folder = snapshot(_folder(name_or_folder, known, models))
    missing = missing_files(folder)
    if missing:
        name = known.name if known else called(folder)
        if known:
            missing += missing_detector_files(folder)
        raise CheckpointError(
            f"{name} is not complete: {_listing(missing)} missing in {folder}. "
            f"{known.remedy(missing) if known else ''}".strip()
        )
    return folder


def called(folder: Path) -> str:
    """A model folder's name; of a hub cache's snapshot that of its repository."""
    if folder.parent.name != SNAPSHOTS:
        return folder.name
    return folder.parent.parent.name.removeprefix("models--").replace("--", "/")


def located(source: str | Path, bring: Callable[[str], Path]) -> Path:
    """A path as it is; owner/name of the hub as the models folder has it, or as it is brought."""
    path = Path(source)
    if path.exists() or not is_repository(str(source)):
        return path
    own = models_folder() / folder_name(str(source))
    return own if own.is_dir() else bring(str(source))


def missing_files(folder: Path) -> Missing:
    """What a model folder lacks to open, with regions from a file."""
    vocabulary = any((folder / name).is_file() for name in VOCABULARY)
    weights = weight_files(folder)
    return [files for files, there in ((WEIGHTS, weights), (VOCABULARY, vocabulary)) if not there]


def missing_detector_files(folder: Path) -> Missing:
    """What a model folder lacks to look at pictures by itself."""
    missing = [] if detector_files(folder / DETECTOR) else [DETECTOR_WEIGHTS]
    return missing + [(name,) for name in REGION_NAMES if not (folder / name).is_file()]


def without_detector(folder: Path) -> str:
    """Why a folder's pictures cannot be looked at, and what to do; "" where they can."""
    missing = missing_detector_files(folder)
    if not missing:
        return ""
    known = {checkpoint.name: checkpoint for checkpoint in KNOWN}.get(folder.name)
    return (
        f"{called(folder)} has no detector to look at pictures with: {_listing(missing)} missing "
        f"in {folder}. Give it regions that were stored in a file (--regions FILE), or put a "
        f"detector there. {known.remedy(missing) if known else ''}".strip()
    )


def _folder(name_or_folder: str | Path, known: KnownCheckpoint | None, models: Path | None) -> Path:
    if known and known.name == SHIPPED:
        return ASSETS / SHIPPED
    name = str(name_or_folder)
    below = models_folder(models) / folder_name(name)
    if known or (name and below.is_dir()):
        return below
    folder = Path(name)
    if not folder.is_dir() and is_repository(name) and (kept := kept_folder(name)):
        return kept
    if not name or not folder.is_dir():
        raise CheckpointError(
            f"There is no model {name!r}: it is neither a folder, nor one in "
            f"{models_folder(models)}, nor one of {', '.join(c.name for c in KNOWN)}."
        )
    return folder.resolve()


def _listing(missing: list[tuple[str, ...]]) -> str:
    names = ", ".join(" or ".join(files) for files in missing)
    return f"{names} {'is' if len(missing) == 1 else 'are'}"
