"""A CSV file read by columns gives the examples and remarks that its rows give one by one."""

import csv
import random
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pyarrow as pa
import pytest

from lxmert_viz.dataset import csv_rows as rows_of_csv
from lxmert_viz.dataset.csv_rows import Block, csv_pieces, csv_rows
from lxmert_viz.dataset.datasets import Told
from lxmert_viz.dataset.example_table import tables_of
from lxmert_viz.dataset.remarks import Remark
from lxmert_viz.dataset.tables import read_table

HEADER = "id,image,question,answer,question_type,matches\n"
CELLS = (
    *("1", " 2 ", "", "a", "cat.jpg", "is it red?", "yes|no|yes", "|", "true", "0", "é\u2003"),
    *(
        '"a, b"',
        '"two\nlines"',
        '"a ""word"""',
        'a"b',
        '"open',
        "https://x.org/a",
        "\x1f",
        "\r",
    ),
)


def drawn(seed: int) -> str:
    """A file of which most rows are as they should be."""
    draw = random.Random(seed)
    lines = ["first,a,is it red?,yes,,"]
    for number in range(draw.randrange(30)):
        row = [
            f"q{number}",
            f"p{number % 3}.jpg",
            "is it red?",
            draw.choice(["yes", "a|b"]),
            "",
            "",
        ]
        if draw.random() < 0.25:
            row[draw.randrange(6)] = draw.choice(CELLS)
        if draw.random() < 0.05:
            row.pop()
        lines.append(",".join(row) if draw.random() > 0.03 else "")
    return HEADER + draw.choice(["\n", "\r\n"]).join(lines) + draw.choice(["", "\n"])


def one_by_one(text: str) -> Iterator[tuple[int, dict[str, str] | None]]:
    """Line and cells, None for a row that cannot be read, as the standard library alone tells."""
    file = StringIO(text, newline="")
    reader = csv.reader(file, strict=True)
    header = next(reader)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error:
            yield line, None
            continue
        if row is None:
            return
        if row:
            yield line, dict(zip(header, row, strict=True)) if len(row) == len(header) else None


@pytest.fixture(params=[1, 3, 4096])
def lines_at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(rows_of_csv, "LINES", request.param)
    return request.param


def test_rows_lines_and_faults_are_those_of_the_standard_library(lines_at_once: int) -> None:
    faults = 0
    for seed in range(300):
        text = drawn(seed)
        found = list(csv_rows(StringIO(text, newline=""), "file"))
        told = [(row.line, None if row.fault else row.cells) for row in found]
        assert told == list(one_by_one(text)), text
        faults += sum(bool(row.fault) for row in found)
    assert faults > 50


def test_what_is_regular_comes_in_blocks_and_what_is_not_does_not_change_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rows_of_csv, "LINES", 3)
    text = "a,b\n" + "1,2\n" * 3 + '3,"x\ny\nz\n"\n' + "5,6\n" * 4
    pieces = list(csv_pieces(StringIO(text, newline=""), "file"))
    kinds = [piece.count if isinstance(piece, Block) else "row" for piece in pieces]
    assert kinds == [3, "row", 3, 1]  # its four lines were more than were parsed at once
    assert [piece.line for piece in pieces] == [2, 5, 9, 12]


def test_tables_by_columns_are_those_of_the_examples(lines_at_once: int, tmp_path: Path) -> None:
    path, by_columns = tmp_path / "some.csv", 0
    for seed in range(60):
        path.write_bytes(drawn(seed).encode())
        reading = (
            read_table(path) if seed % 2 else read_table(path, {"picture": "image", "text": "id"})
        )
        remarks: tuple[list[Remark], list[Remark]] = ([], [])
        here = list(reading.tables(Told(remarks[0].append)))
        there = list(tables_of(reading.examples(Told(remarks[1].append))))
        assert [*map(str, remarks[0])] == [*map(str, remarks[1])]
        if there or here:
            assert pa.concat_tables(here).equals(pa.concat_tables(there)), path.read_text()
        by_columns += sum(table.num_rows for table in here)
    assert by_columns > 300


def test_a_file_of_objects_has_the_same_tables(tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl"
    path.write_text('{"image": "a", "question": "red?", "answer": ["yes", "no"]}\n[]\n' * 3)
    reading, remarks = read_table(path), []
    (here,) = reading.tables(Told(remarks.append))
    (there,) = tables_of(reading.examples(Told(lambda remark: None)))
    assert here.equals(there) and here.num_rows == 3 and len(remarks) == 3
