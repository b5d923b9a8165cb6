"""What files of weights are called, which one of a folder is read, and what an index lists."""

import re
from pathlib import Path

from lxmert_viz.errors import CheckpointError

SAFETENSORS_FILE, TORCH_FILE = "model.safetensors", "pytorch_model.bin"
TENSORFLOW_FILE = "tf_model.h5"
INDEX_ENDING = ".index.json"  # of the file that lists the parts of a sharded checkpoint
WEIGHT_FILES = (  # the first that a folder holds is read
    SAFETENSORS_FILE,
    f"{SAFETENSORS_FILE}{INDEX_ENDING}",
    TORCH_FILE,
    f"{TORCH_FILE}{INDEX_ENDING}",
    TENSORFLOW_FILE,
)
FREE_ENDINGS = (".pth", ".pt", ".ckpt")  # a training loop's own file, under any name
WEIGHT_ENDINGS = (".safetensors", ".bin", ".h5", *FREE_ENDINGS)
BESIDES = re.compile(
    r"optimizer|scheduler|scaler|rng_state", re.IGNORECASE
)  # for going on training
SNAPSHOTS = "snapshots"  # of a hub cache's models--owner--name, a folder a commit


def weight_file(source: Path) -> Path:
    """The file itself, or the one of a folder that is read. Raises CheckpointError."""
    if source.is_file():
        return source
    folder = snapshot(source)
    if not folder.is_dir():
        raise CheckpointError(f"There is no folder or file {source}.")
    found = weight_files(folder)
    if not found:
        endings = ", ".join(f"*{ending}" for ending in FREE_ENDINGS)
        raise CheckpointError(
            f"{folder} holds no weights: none of {', '.join(WEIGHT_FILES)}, and no {endings}."
        )
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise CheckpointError(f"{folder} holds {names}; name the file that is meant.")
    return found[0]


def weight_files(folder: Path) -> list[Path]:
    """The one of WEIGHT_FILES that is read, or every file of a training loop's own."""
    for name in WEIGHT_FILES:
        if (folder / name).is_file():
            return [folder / name]
    own = (p for p in folder.glob("*") if p.suffix in FREE_ENDINGS and not BESIDES.match(p.name))
    return sorted(path for path in own if path.is_file())


def detector_files(folder: Path) -> list[Path]:
    """Weights of a detector's own folder: safetensors, as published, or its authors' pickles."""
    named = [folder / SAFETENSORS_FILE, folder / TORCH_FILE]
    return [path for path in (*named, *sorted(folder.glob("*.pkl"))) if path.is_file()]


def snapshot(folder: Path) -> Path:
    """What the main branch of a hub cache folder holds, or its only snapshot; else the folder.

    Raises CheckpointError where several snapshots are there and none is main's.
    """
    main, snapshots = folder / "refs" / "main", folder / SNAPSHOTS
    if not snapshots.is_dir():
        return folder
    if main.is_file() and (snapshots / main.read_text().strip()).is_dir():
        return snapshots / main.read_text().strip()
    found = sorted(path for path in snapshots.iterdir() if path.is_dir())
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise CheckpointError(
            f"{folder} is a hub cache folder whose main branch is not there (snapshots: {names}); "
            f"name one of {snapshots}."
        )
    return found[0]


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
