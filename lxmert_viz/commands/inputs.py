"""What commands are given to read: pictures, datasets, columns."""

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from lxmert_viz.commands.options import add_boxes_option
from lxmert_viz.errors import DatasetError, PictureError
from lxmert_viz.places import ASSETS

if TYPE_CHECKING:  # torch takes seconds
    from lxmert_viz.dataset.datasets import Dataset
    from lxmert_viz.dataset.opening import Source

STUDY = "study"
LOOK = "look"


def add_dataset_options(parser: argparse.ArgumentParser) -> None:
    """Which examples, and where their pictures and regions are."""
    add = parser.add_argument
    add("dataset", metavar="DATASET", help=f"a file, a folder, or {STUDY!r}: the shipped set")
    add("--pictures", type=Path, metavar="FOLDER", help="default: where the questions lie")
    add("--regions", metavar="FILE", help=f"default: beside the questions; {LOOK}: make them")
    add_boxes_option(parser)
    add(
        "--look-for-missing",
        action="store_true",
        help="let the detector look at the pictures that --regions FILE lacks",
    )
    add(
        "--columns",
        metavar="KIND=COLUMN,...",
        help="of a table: picture, text, id, answer, matches, question, answer_type",
    )
    add("--ask", action="append", default=[], metavar="TEXT", help="ask this of every picture")
    add("--all-entries", action="store_true", help="keep what VALSE's authors ask to leave out")


def read_picture(name: str | Path) -> bytes:
    """Raises PictureError."""
    if re.match(r"\w+://", str(name)):
        raise PictureError(
            f"{name} is an address, and nothing is fetched here; save the picture and name its "
            "file."
        )
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise PictureError(
            f"{name} cannot be read ({error.strerror}); name a picture file."
        ) from error


def read_dataset(options: argparse.Namespace) -> "Dataset":
    return named_source(options).whole()


def named_source(options: argparse.Namespace) -> "Source":
    from lxmert_viz.dataset.opening import open_source

    named = options.regions not in (None, LOOK)
    return open_source(
        ASSETS / "study" if options.dataset == STUDY else Path(options.dataset),
        pictures=options.pictures,
        regions=Path(options.regions) if named else None,
        boxes=options.boxes,
        look=options.regions == LOOK,
        look_for_missing=options.look_for_missing,
        columns=columns(options.columns),
        asked=options.ask,
        all_entries=options.all_entries,
    )


def columns(text: str | None) -> dict[str, str] | None:
    """ "text=sentence,picture=file" as kind -> column. Raises DatasetError."""
    if text is None:
        return None
    pairs = [part.partition("=") for part in text.split(",")]
    if not all(kind and column for kind, _, column in pairs):
        raise DatasetError(f"--columns is {text!r}; write it as text=sentence,picture=file.")
    return {kind.strip(): column.strip() for kind, _, column in pairs}
