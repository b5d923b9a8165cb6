"""What commands are given to read: pictures, datasets, columns; and their line of progress."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lxmert_viz.errors import DatasetError, PictureError
from lxmert_viz.places import ASSETS

if TYPE_CHECKING:  # torch takes seconds
    from lxmert_viz.dataset.datasets import Dataset

STUDY = "study"
LOOK = "look"


def read_picture(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PictureError(
            f"{path} cannot be read ({error.strerror}); name a picture file."
        ) from error


def read_dataset(options: argparse.Namespace) -> "Dataset":
    from lxmert_viz.dataset.opening import open_dataset

    named = options.regions not in (None, LOOK)
    dataset = open_dataset(
        ASSETS / "study" if options.dataset == STUDY else Path(options.dataset),
        pictures=options.pictures,
        regions=Path(options.regions) if named else None,
        columns=columns(options.columns),
        asked=options.ask,
    )
    return replace(dataset, region_file=None) if options.regions == LOOK else dataset


def report(stage: str, share: float) -> None:
    end = "\n" if share >= 1 else ""
    print(f"\r{stage:<70}", end=end, file=sys.stderr, flush=True)


def columns(text: str | None) -> dict[str, str] | None:
    """ "text=sentence,picture=file" as kind -> column. Raises DatasetError."""
    if text is None:
        return None
    pairs = [part.partition("=") for part in text.split(",")]
    if not all(kind and column for kind, _, column in pairs):
        raise DatasetError(f"--columns is {text!r}; write it as text=sentence,picture=file.")
    return {kind.strip(): column.strip() for kind, _, column in pairs}
