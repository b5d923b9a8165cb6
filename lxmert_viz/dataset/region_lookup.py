"""One picture's regions out of a region file that may be too large to hold."""

import binascii
from pathlib import Path

from lxmert_viz.dataset.lxmert_tsv import NameOf, parsed
from lxmert_viz.errors import DatasetError
from lxmert_viz.records import Regions


class RegionLookup:
    """Where each picture stands in a file of LXMERT's layout. One thread at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._starts: dict[str, tuple[int, int]] = {}  # picture -> byte, line
        self._file = path.open("rb")
        start = 0
        for number, line in enumerate(self._file, start=1):
            picture = line.split(b"\t", 1)[0].decode("utf-8", "replace")
            self._starts[picture] = (start, number)
            start += len(line)

    def __contains__(self, picture: str) -> bool:
        return picture in self._starts

    def pictures(self) -> list[str]:
        return list(self._starts)

    def close(self) -> None:
        self._file.close()

    def regions(self, picture: str, name_of: NameOf, detector: str) -> Regions:
        """Raises DatasetError with the line, KeyError for a picture that is not there."""
        start, number = self._starts[picture]
        self._file.seek(start)
        columns = self._file.readline().decode().rstrip("\r\n").split("\t")
        try:
            return parsed(columns, name_of, detector)[1]
        except (ValueError, IndexError, binascii.Error) as error:
            raise DatasetError(
                f"{self.path}, line {number} is not a line of LXMERT's region format: {error}."
            ) from error
