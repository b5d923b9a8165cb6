"""What files of weights are called, and the parts that an index lists."""

import re

from lxmert_viz.errors import CheckpointError

WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")
INDEX_ENDING = ".index.json"  # of the file that lists the parts of a sharded checkpoint
OTHER_WEIGHTS = ("*.index.json", "tf_model.h5", "*.pth")  # read as well, but not published so
DETECTOR_WEIGHTS = tuple(f"detector/{file}" for file in WEIGHT_FILES)


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
