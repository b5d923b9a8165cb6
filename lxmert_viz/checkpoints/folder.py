"""Where model folders lie, which of them are complete, and what the others lack."""

import os
from pathlib import Path

from lxmert_viz.checkpoints.hub import is_repository
from lxmert_viz.checkpoints.known import KNOWN, SHIPPED, KnownCheckpoint
from lxmert_viz.checkpoints.weight_files import DETECTOR_WEIGHTS, OTHER_WEIGHTS, WEIGHT_FILES
from lxmert_viz.errors import CheckpointError
from lxmert_viz.places import ASSETS, cache_folder

MODELS_VARIABLE = "LXMERT_VIZ_MODELS"
NEEDED = (
    ("config.json",),
    WEIGHT_FILES,
    ("vocab.txt",),
    DETECTOR_WEIGHTS,
    ("detector/objects.txt",),
    ("detector/attributes.txt",),
)


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
