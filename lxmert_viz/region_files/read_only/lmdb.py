"""Regions in LMDB, as ViLBERT, VOLTA and mmf keep them: a pickled dictionary a picture."""

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from lxmert_viz import pickled
from lxmert_viz.errors import DatasetError, RegionError
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

    def at(place: int) -> RegionRow:
        picture = keys[place].decode("utf-8", "replace")
        try:
            value = pickled.unpickled(BytesIO(file.value(keys[place])))
            if not isinstance(value, Mapping):
                raise RegionError(f"it holds a {type(value).__name__}, not a dictionary")
            fields = {str(name): pickled.plain(part) for name, part in value.items()}
            return row_of(picture, fields, origin)
        except pickled.RefusedGlobal as error:
            raise RegionError(
                f"{path}, picture {picture!r} is a pickle that {error}, which may run anything "
                "and is not called: write it anew with plain arrays of numpy."
            ) from error
        except DatasetError as error:
            raise RegionError(f"{path}, picture {picture!r}: {error}.") from error
        except pickled.DAMAGE as error:
            raise RegionError(
                f"{path}, picture {picture!r} is no pickled dictionary ({error}); LMDB files of "
                "other makes (msgpack, lz4) are not read: write .npz files from them."
            ) from error

    return RegionFile(path, LAYOUT, [key.decode("utf-8", "replace") for key in keys], at)
