"""Whatever happened to a file: a row is whole, or says why not, and nothing else is raised."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lxmert_viz.errors import DatasetError
from lxmert_viz.region_files.opening import LAYOUTS, open_regions, write_rows
from lxmert_viz.region_files.rows import RegionRow
from tests.helpers.feature_files import WRITERS
from tests.region_files.test_lxmert_tsv import regions

ROWS = [RegionRow.of(f"scene_{n}", regions(3, seed=n)) for n in range(3)]
CHECKSUMMED = ("npz", "parquet")
TEXT = ("lxmert", "bottom-up")
ALL = (*LAYOUTS, *WRITERS)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every layout -> a file or folder with the same three pictures."""
    folder = tmp_path_factory.mktemp("written")
    paths = {kind: write(folder, ROWS) for kind, write in WRITERS.items()}
    for layout in LAYOUTS:
        paths[layout] = folder / f"of {layout}"
        write_rows(paths[layout], layout, ROWS)
    return paths


def file_of(path: Path) -> Path:
    """The file itself, in a folder the last one."""
    return path if path.is_file() else max(path.glob("*[!k].[nm][pd][yzb]"))


def read(path: Path, content: bytes) -> dict[str, RegionRow]:
    """Rows that can be read after a file got this content."""
    file, found = file_of(path), {}
    whole = file.read_bytes()
    try:
        file.write_bytes(content)
        stored = open_regions(path)
        for picture in stored:
            try:
                found[picture] = stored.row(picture)
            except DatasetError:
                continue
    except DatasetError:
        return {}
    finally:
        file.write_bytes(whole)
    return found


def is_one_of_the_written(row: RegionRow) -> bool:
    return any(
        row.regions.feats.tobytes() == own.regions.feats.tobytes()
        and np.allclose(row.regions.boxes_unit, own.regions.boxes_unit, atol=1e-6)
        for own in ROWS
    )


@pytest.mark.parametrize("kind", ALL)
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_bytes_that_changed_give_whole_rows_or_a_sentence(
    written: dict[str, Path], kind: str, data: st.DataObject
) -> None:
    content = bytearray(file_of(written[kind]).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    for row in read(written[kind], bytes(content)).values():
        row.regions.checked()
        if kind in CHECKSUMMED and row.picture.startswith("scene_"):
            assert row.regions.feats.shape == (3, 16)


@pytest.mark.parametrize("kind", ALL)
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_a_file_that_was_cut_gives_only_rows_that_were_written(
    written: dict[str, Path], kind: str, data: st.DataObject
) -> None:
    """A lone row of text may be cut where features end: nothing but their number tells it."""
    content = file_of(written[kind]).read_bytes()
    least = content.index(b"\n") if kind in TEXT else 0
    cut = content[: data.draw(st.integers(least, len(content) - 1))]
    assert all(map(is_one_of_the_written, read(written[kind], cut).values()))


@pytest.mark.parametrize("kind", TEXT)
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_lines_that_were_mixed_give_each_picture_its_own_regions(
    written: dict[str, Path], kind: str, data: st.DataObject
) -> None:
    """Rows in any order, twice, cut, with empty lines, marks around cells, other line ends.

    One is whole, as in the test above.
    """
    lines = written[kind].read_bytes().splitlines()
    chosen = data.draw(st.lists(st.sampled_from(lines), min_size=1, max_size=8))
    made = [lines[0]]
    for line in chosen:
        how = data.draw(st.sampled_from(["whole", "cut", "quoted", "bytes", "empty before"]))
        start, end = {"quoted": (b'"', b'"'), "bytes": (b"b'", b"'")}.get(how, (b"", b""))
        cells = b"\t".join(start + cell + end for cell in line.split(b"\t"))
        made += [b""] if how == "empty before" else []
        made.append(cells[: data.draw(st.integers(12, len(cells)))] if how == "cut" else cells)
    newline = data.draw(st.sampled_from([b"\n", b"\r\n"]))
    for picture, row in read(written[kind], newline.join(made)).items():
        (own,) = (own for own in ROWS if own.picture == picture)
        assert row.regions.feats.tobytes() == own.regions.feats.tobytes()
        assert row.boxes_px.tobytes() == own.boxes_px.tobytes()


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=400), st.sampled_from(["", ".h5", ".npz", ".npy", ".lmdb", ".tsv"]))
def test_any_bytes_are_refused_in_a_sentence(content: bytes, ending: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"file{ending}"
        path.write_bytes(content)
        try:
            assert not [stored for stored in open_regions(path) if stored is None]
        except DatasetError as error:
            assert str(path) in str(error)
        assert os.listdir(folder) == [path.name]
