"""Files of regions in every layout, opened and written in one way."""

from collections.abc import Callable, Iterable
from pathlib import Path

from lxmert_viz.errors import DatasetError
from lxmert_viz.region_files import bottom_up_tsv, lxmert_tsv
from lxmert_viz.region_files.arrow import STREAM_START, open_arrow, write_arrow
from lxmert_viz.region_files.parquet import open_parquet, write_parquet
from lxmert_viz.region_files.rows import Origin, RegionFile, RegionRow
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
PARQUET_START = b"PAR1"


def open_regions(
    path: str | Path, origin: Origin | None = None, report: Callable[[float], None] | None = None
) -> RegionFile:
    """A file of any layout, told apart by what stands in it; nothing large is read yet.

    origin: what the published layouts do not say. report hears the share of a text file that was
    read to find its lines, the first time that it is opened. Raises DatasetError.
    """
    path, origin = Path(path), origin or Origin()
    layout = _layout_of(path)
    if layout == PARQUET:
        return open_parquet(path)
    if layout == SAFETENSORS:
        return open_safetensors(path)
    if layout == REFERENCE:
        return open_arrow(path, origin)
    return open_tsv(path, layout, TSV_LAYOUTS[layout], origin, report or (lambda share: None))


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
    try:
        with path.open("rb") as file:
            start = file.read(9)
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.") from error
    if start.startswith(PARQUET_START):
        return PARQUET
    if start.startswith(STREAM_START):
        return REFERENCE
    if start[8:] == b"{":
        return SAFETENSORS
    columns = columns_in_first_line(path)
    for name, layout in TSV_LAYOUTS.items():
        if columns == layout.columns:
            return name
    raise DatasetError(
        f"{path} holds no regions that this tool knows: its first line has {columns} columns, and "
        "region files have 10 (LXMERT) or 6 (bottom-up-attention)."
    )
