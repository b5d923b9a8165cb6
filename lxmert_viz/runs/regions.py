"""The regions of a whole folder of pictures."""

import re
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from lxmert_viz.errors import DatasetError, DeviceError, LxmertVizError, MachineError
from lxmert_viz.picture import PICTURE_ENDINGS
from lxmert_viz.region_files.picture_ids import pictures_below
from lxmert_viz.runs.ahead import made_ahead

if TYPE_CHECKING:  # torch takes seconds, pyarrow a tenth of one, and --help should not
    from lxmert_viz.records import Regions
    from lxmert_viz.region_files.journal import RegionJournal

UNFIT = re.compile(r"[\t\r\n\ud800-\udfff]")  # in a line of a text file
NO_NAME = "its name holds a tab, a line break or bytes that are not UTF-8"


def pictures_in(folder: Path) -> dict[str, Path]:
    """Pictures of a folder and the folders in it, by their ids. Raises DatasetError for none."""
    pictures = pictures_below(folder)
    if not pictures:
        raise DatasetError(f"{folder} holds no pictures ({', '.join(PICTURE_ENDINGS)}).")
    return pictures


def look_at_all(
    pictures: Mapping[str, Path],
    look: Callable[[bytes], "Regions"],
    journal: "RegionJournal",
    done: Callable[[bool], None],
    *,
    strict: bool = False,
    workers: int = 0,
) -> list[tuple[Path, LxmertVizError]]:
    """Adds what is missing in the journal; returns what failed. Raises DeviceError.

    strict: every MachineError is raised. done hears of each picture whether it had to be looked at.
    workers: threads that look, each at a picture; 0: this one.
    """
    from lxmert_viz.region_files.rows import RegionRow

    def found(path: Path) -> "Regions | LxmertVizError":
        try:
            return look(bytes_of(path))
        except LxmertVizError as error:
            return error

    fit = {picture for picture in pictures if UNFIT.search(picture) is None}
    wanted = {picture for picture in fit if picture not in journal.pictures}
    paths = [path for picture, path in pictures.items() if picture in wanted]
    failed: list[tuple[Path, LxmertVizError]] = []
    with closing(made_ahead(found, paths, workers=workers, ahead=workers)) as all_found:
        for picture, path in pictures.items():
            try:
                if picture in wanted:
                    journal.add(RegionRow.of(picture, _regions(next(all_found))))
            except LxmertVizError as error:
                if isinstance(error, MachineError if strict else DeviceError):
                    raise  # without its device no other picture can be looked at either
                failed.append((path, error))
            if picture not in fit:
                failed.append((path, DatasetError(NO_NAME)))
            done(picture in wanted)
    return failed


def _regions(found: "Regions | LxmertVizError") -> "Regions":
    if isinstance(found, LxmertVizError):
        raise found
    return found


def bytes_of(path: Path) -> bytes:
    """Raises MachineError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise MachineError(f"{path} cannot be read ({error.strerror}).") from error
