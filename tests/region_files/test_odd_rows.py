"""Text files of regions as people have them: headers, empty lines, marks around cells, cut rows."""

from pathlib import Path

import pytest

from lxmert_viz.__main__ import main
from lxmert_viz.errors import DatasetError
from lxmert_viz.region_files.lxmert_tsv import write_regions
from lxmert_viz.region_files.opening import open_regions
from tests.region_files.test_lxmert_tsv import regions

NAMES = "img_id img_h img_w objects_id objects_conf attrs_id attrs_conf num_boxes boxes features"
HEADER = "\t".join(NAMES.split()).encode()


@pytest.fixture
def rows(tmp_path: Path) -> list[bytes]:
    write_regions(
        tmp_path / "whole.tsv", [(name, regions(2, seed=n)) for n, name in enumerate("ab")]
    )
    return (tmp_path / "whole.tsv").read_bytes().splitlines()


def wrapped(row: bytes, start: bytes, end: bytes) -> bytes:
    return b"\t".join(start + cell + end for cell in row.split(b"\t"))


def variants(a: bytes, b: bytes) -> dict[str, bytes]:
    return {
        "header": b"\n".join([HEADER, a, b]),
        "quoted header": b"\n".join([wrapped(HEADER, b'"', b'"'), a, b, b""]),
        "empty lines": b"\n".join([b"", a, b"", b"", b, b"", b""]),
        "CRLF": b"\r\n".join([HEADER, a, b"", b, b""]),
        "BOM": b"\xef\xbb\xbf" + b"\n".join([a, b]),
        "bytes of Python 3": b"\n".join([wrapped(a, b"b'", b"'"), wrapped(b, b"b'", b"'")]),
        "quoted bytes": b"\n".join([wrapped(a, b"\"b'", b"'\""), wrapped(b, b'"', b'"')]),
    }


@pytest.mark.parametrize("kind", variants(b"", b"").keys())
def test_what_stands_around_rows_and_cells_is_no_part_of_them(
    rows: list[bytes], tmp_path: Path, kind: str
) -> None:
    (tmp_path / "odd.tsv").write_bytes(variants(*rows)[kind])
    stored, whole = open_regions(tmp_path / "odd.tsv"), open_regions(tmp_path / "whole.tsv")
    assert list(stored) == ["a", "b"]
    for name in "ab":
        assert stored[name].feats.tobytes() == whole[name].feats.tobytes()
    again = open_regions(tmp_path / "odd.tsv")  # by the index that was kept
    assert again["b"].feats.tobytes() == whole["b"].feats.tobytes()


def test_a_broken_row_is_named_by_its_line_in_the_file(rows: list[bytes], tmp_path: Path) -> None:
    (tmp_path / "odd.tsv").write_bytes(b"\n".join([HEADER, b"", rows[0], rows[1][:-90]]))
    for _ in range(2):
        with pytest.raises(DatasetError, match="line 4 is not a line of LXMERT"):
            open_regions(tmp_path / "odd.tsv")["b"]


def test_a_conversion_goes_on_after_a_broken_row_and_lists_it(
    rows: list[bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "odd.tsv").write_bytes(b"\n".join([rows[0][:-90], rows[1], rows[1]]))
    out = tmp_path / "out.parquet"
    assert main(["regions", str(tmp_path / "odd.tsv"), "-o", str(out)]) == 0
    assert list(open_regions(out)) == ["b"]
    said = capsys.readouterr().out
    assert "regions of 1 picture in" in said and "failed: 1" in said
    assert "1 stand more than once, 'b' first" in said
    (line,) = (tmp_path / "out.parquet.failed.tsv").read_text().splitlines()
    assert line.startswith("a\t") and "line 1 is not a line" in line


def test_where_every_row_is_broken_nothing_is_written_and_the_first_reason_is_said(
    rows: list[bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "odd.tsv").write_bytes(rows[0][:-90])
    out = tmp_path / "out.parquet"
    assert main(["regions", str(tmp_path / "odd.tsv"), "-o", str(out)]) == 2
    assert "line 1 is not a line" in capsys.readouterr().err and not out.exists()
