"""Regions in LMDB, as ViLBERT, VOLTA and mmf keep them: a pickled dictionary a picture."""

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from lxmert_viz import pickled
from lxmert_viz.errors import RegionError
from lxmert_viz.region_files.read_only.fields import row_of
from lxmert_viz.region_files.read_only.lmdb_pages import LmdbFile
from lxmert_viz.region_files.rows import Origin, RegionFile, RegionRow

LAYOUT = "lmdb"
DATA = "data.mdb"  # in the folder that LMDB makes
NO_PICTURES = (b"keys", b"__keys__", b"__len__", b"length")


def open_lmdb(path: Path, origin: Origin) -> RegionFile:
    """A folder, or the file in it. Raises DatasetError."""
    file = LmdbFile(path / DATA if path.is_dir() else path)
    keys = [key for key in file.keys() if key not in NO_PICTURES]  # noqa: SIM118

    pictures = [key.decode("utf-8", "replace") for key in keys]

    def at(place: int) -> RegionRow:
        return row_of(pictures[place], _fields(file.value(keys[place])), origin)

    return RegionFile(path, LAYOUT, pictures, at)


def _fields(value: bytes) -> dict[str, Any]:
    try:
        item = pickled.unpickled(BytesIO(value))
    except pickled.RefusedGlobal:
        raise
    except pickled.DAMAGE as error:
        raise RegionError(
            f"it is no whole pickle ({error}); LMDB files of other makes (msgpack, lz4) are not "
            "read: write .npz files from them"
        ) from error
    if not isinstance(item, Mapping):
        raise RegionError(f"it holds a {type(item).__name__}, not a dictionary")
    return {str(name): pickled.plain(part) for name, part in item.items()}
