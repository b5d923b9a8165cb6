"""The regions of a whole folder of pictures."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from lxmert_viz.errors import DatasetError, DeviceError, LxmertVizError, MachineError
from lxmert_viz.picture import PICTURE_ENDINGS
from lxmert_viz.region_files.picture_ids import pictures_below
from lxmert_viz.region_files.rows import RegionRow

if TYPE_CHECKING:  # torch takes seconds, and --help should not
    from lxmert_viz.pipeline import Pipeline
    from lxmert_viz.region_files.journal import RegionJournal

UNFIT = re.compile(r"[\t\r\n\ud800-\udfff]")  # in a line of a text file


def pictures_in(folder: Path) -> dict[str, Path]:
    """Pictures of a folder and the folders in it, by their ids. Raises DatasetError for none."""
    pictures = pictures_below(folder)
    if not pictures:
        raise DatasetError(f"{folder} holds no pictures ({', '.join(PICTURE_ENDINGS)}).")
    return pictures


def look_at_all(
    pictures: Mapping[str, Path],
    pipeline: "Pipeline",
    profile: str,
    journal: "RegionJournal",
    done: Callable[[bool], None],
    *,
    strict: bool = False,
) -> list[tuple[Path, str]]:
    """Adds what is missing in the journal; returns what failed, and why. Raises DeviceError.

    strict: MachineError is raised too, also for a file that cannot be read.

    done hears of each picture whether it had to be looked at.
    """
    failed = []
    for picture, path in pictures.items():
        unfit = UNFIT.search(picture) is not None
        looks = not unfit and picture not in journal.pictures
        try:
            if looks:
                journal.add(RegionRow.of(picture, pipeline.look(path.read_bytes(), profile)))
        except OSError as error:
            if strict:
                raise MachineError(f"{path} cannot be read ({error.strerror}).") from error
            failed.append((path, f"it cannot be read: {error.strerror}"))
        except LxmertVizError as error:
            if isinstance(error, MachineError if strict else DeviceError):
                raise  # without its device no other picture can be looked at either
            failed.append((path, str(error)))
        if unfit:
            failed.append((path, "its name holds a tab, a line break or bytes that are not UTF-8"))
        done(looks)
    return failed
