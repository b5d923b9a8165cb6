"""Files of regions in every layout, opened and written in one way."""

from collections.abc import Callable, Iterable
from pathlib import Path

from lxmert_viz.box_frames import FRAMES
from lxmert_viz.errors import DatasetError
from lxmert_viz.region_files import bottom_up_tsv, lxmert_tsv
from lxmert_viz.region_files.arrow import STREAM_START, open_arrow, write_arrow
from lxmert_viz.region_files.parquet import open_parquet, write_parquet
from lxmert_viz.region_files.picture_ids import pictures_below
from lxmert_viz.region_files.read_only import hdf5, lmdb, lmdb_pages, numpy_files
from lxmert_viz.region_files.rows import DAMAGE, Origin, RegionFile, RegionRow, why
from lxmert_viz.region_files.safetensors import open_safetensors, write_safetensors
from lxmert_viz.region_files.tsv import columns_in_first_line, open_tsv, write_tsv

LXMERT, BOTTOM_UP, REFERENCE = "lxmert", "bottom-up", "reference"
PARQUET, SAFETENSORS = "parquet", "safetensors"
TSV_LAYOUTS = {LXMERT: lxmert_tsv.LAYOUT, BOTTOM_UP: bottom_up_tsv.LAYOUT}
LAYOUTS = (LXMERT, BOTTOM_UP, REFERENCE, PARQUET, SAFETENSORS)
ENDINGS = {
    ".tsv": LXMERT,
    ".arrow": REFERENCE,
    ".datasets": REFERENCE,
    ".parquet": PARQUET,
    ".safetensors": SAFETENSORS,
}
READ_ENDINGS = (*ENDINGS, ".h5", ".hdf5", ".lmdb")  # of files with many pictures
STARTS = {
    b"PAR1": PARQUET,
    STREAM_START: REFERENCE,
    b"\x89HDF\r\n\x1a\n": hdf5.LAYOUT,
    b"PK\x03\x04": numpy_files.NPZ,
    b"\x93NUMPY": numpy_files.NPY,
}
NOT_READ = {  # how other files begin: what they are, and the way
    b"\x1f\x8b": "is packed with gzip; unpack it first: gunzip FILE",
    b"\xfd7zXZ": "is packed with xz; unpack it first: unxz FILE",
    b"7z\xbc\xaf": "is packed with 7z; unpack it first",
    b"\x80": "is a pickle, which may run anything when it is read",
    b"ARROW1": "is an Arrow file and no stream; write its rows with pyarrow.ipc.new_stream",
    b"MATLAB": "is a MATLAB file",
    b"\xff\xfe": "is text in UTF-16; save it as UTF-8",
    b"\xfe\xff": "is text in UTF-16; save it as UTF-8",
    b"{": "is JSON",
    b"[": "is JSON",
    b"version https://git-lfs": "is a place holder of git-lfs; fetch the file itself: git lfs pull",
}
IN_PYTHON = (
    "In Python, Regions.from_arrays takes boxes and features from anywhere, and "
    "region_files.opening.write_rows writes them."
)
START_BYTES = 64


def open_regions(
    path: str | Path, origin: Origin | None = None, report: Callable[[float], None] | None = None
) -> RegionFile:
    """A file or folder of any layout, told apart by what is in it; nothing large is read yet.

    origin: what the published layouts do not say. report hears the share of a text file that was
    read to find its lines, the first time that it is opened. Raises DatasetError.
    """
    path, origin = Path(path), origin or Origin()
    if origin.boxes and origin.boxes not in FRAMES:
        raise DatasetError(f"There are no boxes {origin.boxes!r}; use {', '.join(FRAMES)}.")
    layout = _layout_of(path)
    try:
        return _opened(path, layout, origin, report or (lambda share: None))
    except DatasetError:
        raise
    except DAMAGE as error:
        raise DatasetError(
            f"{path} is no whole file of regions ({layout}): {why(error)}."
        ) from error


def _opened(path: Path, layout: str, origin: Origin, report: Callable[[float], None]) -> RegionFile:
    if layout in (PARQUET, SAFETENSORS):
        if origin.boxes:
            raise DatasetError(f"{path} says itself what its boxes are; leave {origin.boxes} out.")
        return open_parquet(path) if layout == PARQUET else open_safetensors(path)
    if layout in TSV_LAYOUTS:
        return open_tsv(path, layout, TSV_LAYOUTS[layout], origin, report)
    if layout in (numpy_files.NPZ, numpy_files.NPY):
        return numpy_files.open_numpy(path, layout, origin)
    open_ = {REFERENCE: open_arrow, hdf5.LAYOUT: hdf5.open_hdf5, lmdb.LAYOUT: lmdb.open_lmdb}
    return open_[layout](path, origin)


def holds_regions(folder: Path) -> bool:
    """Whether a folder is one of the layouts, and not one of pictures."""
    return _layout_of_folder(folder) is not None and not pictures_below(folder)


def write_rows(path: Path, layout: str, rows: Iterable[RegionRow], newline: str = "\n") -> None:
    """Rows one after the other; the file appears under its name once it is whole.

    newline: of text files. Raises DatasetError for what the layout cannot hold.
    """
    if layout in TSV_LAYOUTS:
        write_tsv(path, TSV_LAYOUTS[layout], rows, newline)
    else:
        write = {
            PARQUET: write_parquet,
            SAFETENSORS: write_safetensors,
            REFERENCE: write_arrow,
        }[layout]
        write(path, rows)


def layout_for(path: Path) -> str:
    """What a new file's ending asks for. Raises DatasetError."""
    if path.suffix not in ENDINGS:
        raise DatasetError(f"{path} ends in none of {', '.join(ENDINGS)}; name a layout instead.")
    return ENDINGS[path.suffix]


def _layout_of(path: Path) -> str:
    if path.is_dir():
        layout = _layout_of_folder(path)
        if layout is None:
            raise DatasetError(
                f"{path} is a folder without files of regions; one would hold {lmdb.DATA} (LMDB), "
                "or a picture's .npz or .npy each."
            )
        return layout
    try:
        with path.open("rb") as file:
            start = file.read(START_BYTES)
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.") from error
    if start[8:9] == b"{":
        return SAFETENSORS
    if start[lmdb_pages.MAGIC_AT :].startswith(lmdb_pages.MAGIC):
        return lmdb.LAYOUT
    known = next((layout for mark, layout in STARTS.items() if start.startswith(mark)), None)
    return known or _layout_of_text(path, start)


def _layout_of_text(path: Path, start: bytes) -> str:
    columns = columns_in_first_line(path)
    for name, layout in TSV_LAYOUTS.items():
        if columns == len(layout.columns):
            return name
    for mark, what in NOT_READ.items():
        if start.startswith(mark):
            raise DatasetError(f"{path} {what}. {IN_PYTHON}")
    raise DatasetError(
        f"{path} holds no regions that this tool knows: its first line has {columns} columns, and "
        f"region files have 10 (LXMERT) or 6 (bottom-up-attention). {IN_PYTHON}"
    )


def _layout_of_folder(folder: Path) -> str | None:
    if (folder / lmdb.DATA).is_file():
        return lmdb.LAYOUT
    kinds = (numpy_files.NPZ, numpy_files.NPY)
    return next((kind for kind in kinds if any(folder.rglob(f"*.{kind}"))), None)
