"""Plain tables, CSV, TSV or JSONL, whose columns a person maps."""

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from lxmert_viz.dataset.datasets import Dataset, kind_of_ids, without_duplicates
from lxmert_viz.dataset.remarks import Remark
from lxmert_viz.errors import DatasetError
from lxmert_viz.records import Example

ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson")
TYPED = ENDINGS[2:]  # these tell a number from a text
NEEDED = ("picture", "text")
COLUMNS = {  # what a column can hold: names that it often has
    "picture": ("picture", "image", "image_id", "imageid", "img_id", "image_file", "file", "path"),
    "text": ("text", "question", "sent", "sentence", "caption"),
    "id": ("id", "question_id", "questionid", "qid"),
    "answer": ("answer", "answers", "label", "gold", "multiple_choice_answer"),
    "matches": ("matches", "match", "is_true"),
    "question": ("question_type", "type", "category"),
    "answer_type": ("answer_type",),
}
BETWEEN_ANSWERS = "|"  # several people's answers in one cell
TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def columns_of(path: Path) -> tuple[str, ...]:
    """The columns of a table, from its first row. Raises DatasetError."""
    _, first = next(_rows(path), (0, {}))
    return tuple(name for name in first if name)


def guessed(columns: tuple[str, ...]) -> dict[str, str]:
    """What each column probably holds: kind -> column, only those that are plain from the name."""
    by_name = {name.strip().lower(): name for name in reversed(columns)}
    found = {k: next((by_name[n] for n in ns if n in by_name), "") for k, ns in COLUMNS.items()}
    return {kind: column for kind, column in found.items() if column}


def read_table(path: Path, mapping: Mapping[str, str] | None = None) -> Dataset:
    """mapping: kind of COLUMNS -> column; guessed without it. Raises DatasetError."""
    columns = columns_of(path)
    chosen = dict(mapping) if mapping is not None else guessed(columns)
    _check(path, columns, chosen)
    examples, remarks, ids = [], [], []
    for line, row in _rows(path):
        if "" in row:
            remarks.append(Remark("broken", path.name, line, str(row[""])))
            continue
        cells = {kind: row.get(column) for kind, column in chosen.items()}
        ids.append(cells.get("id"))
        empty = [kind for kind in NEEDED if _text(cells[kind]) == ""]
        if empty:
            remarks.append(
                Remark("broken", path.name, line, f"It has no {' and no '.join(empty)}.")
            )
            continue
        example = _example(cells, path, line)
        examples.append(example)
        if not example.answers and example.matches is None:
            remarks.append(
                Remark("no answer", path.name, line, f"{example.id} has no right answer.")
            )
    kept, twice = without_duplicates(examples)
    return Dataset(
        name=path.stem,
        layout=f"table ({path.suffix.lstrip('.').upper()})",
        files=(path,),
        examples=kept,
        ids=kind_of_ids(ids) if path.suffix in TYPED else "",
        remarks=(*remarks, *twice),
    )


def _example(cells: dict[str, Any], path: Path, line: int) -> Example:
    given = cells.get("answer")
    answers = given if isinstance(given, list) else _text(given).split(BETWEEN_ANSWERS)
    types = {"question": _text(cells.get("question")), "answer": _text(cells.get("answer_type"))}
    return Example(
        id=_text(cells.get("id")) or f"row {line}",
        picture=PurePosixPath(_text(cells["picture"])).name,
        text=_text(cells["text"]),
        answers=tuple(text for answer in answers if (text := _text(answer))),
        matches=TRUTHS.get(_text(cells.get("matches")).lower()),
        types={name: value for name, value in types.items() if value},
        place=f"{path.name}:{line}",
    )


def _check(path: Path, columns: tuple[str, ...], chosen: Mapping[str, str]) -> None:
    if not columns:
        raise DatasetError(f"{path} has no rows.")
    unknown = sorted({*chosen} - {*COLUMNS})
    absent = sorted({*chosen.values()} - {*columns})
    missing = [kind for kind in NEEDED if kind not in chosen]
    if unknown:
        raise DatasetError(f"{unknown[0]!r} is nothing to map; choose from {', '.join(COLUMNS)}.")
    if absent:
        raise DatasetError(f"{path} has no column {absent[0]!r}; it has {', '.join(columns)}.")
    if missing:
        raise DatasetError(
            f"{path} has the columns {', '.join(columns)}: say which holds the {missing[0]}."
        )


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Lines from 1 with their cells; a row that cannot be read has its reason under ""."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _json_rows(file) if path.suffix in TYPED else _cells(file, path.suffix)
    except OSError as error:
        raise DatasetError(f"{path} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path} is not UTF-8 text: {error.reason}.") from error


def _cells(file: Any, suffix: str) -> Iterator[tuple[int, dict[str, Any]]]:
    rows = csv.reader(file, delimiter="\t" if suffix == ".tsv" else ",")
    header = next(rows, [])
    before = rows.line_num
    for row in rows:
        line, before = before + 1, rows.line_num
        if len(row) == len(header):
            yield line, dict(zip(header, row, strict=True))
        elif row:
            yield line, {"": f"It has {len(row)} cells, and the header {len(header)}."}


def _json_rows(file: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    for line, text in enumerate(file, start=1):
        if not text.strip():
            continue
        try:
            row = json.loads(text)
        except json.JSONDecodeError as error:
            yield line, {"": f"It is not JSON: {error.msg}."}
            continue
        yield line, row if isinstance(row, dict) else {"": "It is no JSON object."}


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()
