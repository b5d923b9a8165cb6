"""Neighbouring rows of a CSV file as a table of examples, column by column: no row becomes an
object."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import pyarrow as pa

from lxmert_viz.dataset.csv_rows import Block
from lxmert_viz.dataset.example_table import SCHEMA
from lxmert_viz.dataset.remarks import ADDRESS
from lxmert_viz.records import Example

EMPTY = Example("", "", "")


def table_of_block(
    block: Block,
    name: str,
    chosen: Mapping[str, str],
    first: int,
    answers_of: Callable[[str], tuple[str, ...]],
    truth_of: Callable[[str], bool | None],
) -> pa.Table | None:
    """None where something is to be remarked of a row: then each is made by itself.

    name: of the file. chosen: kind of cell -> column. first: place of the first row in the dataset.
    answers_of, truth_of: what a cell says.
    """
    cells = {kind: [cell.strip() for cell in block.columns[of]] for kind, of in chosen.items()}
    pictures, texts = cells["picture"], cells["text"]
    if not all(pictures) or not all(texts) or any(map(ADDRESS.match, pictures)):
        return None
    nothing = [""] * block.count
    answers = _each(cells.get("answer", nothing), answers_of)
    matches = _each(cells.get("matches", nothing), truth_of)
    if any(not told and true is None for told, true in zip(answers, matches, strict=True)):
        return None
    lines = range(block.line, block.line + block.count)
    ids = cells.get("id", nothing)
    columns: dict[str, Any] = {
        "number": range(first, first + block.count),
        "id": [given or f"row {line}" for given, line in zip(ids, lines, strict=True)],
        "picture": pictures,
        "text": texts,
        "answers": answers,
        "matches": matches,
        "question_type": cells.get("question", nothing),
        "answer_type": cells.get("answer_type", nothing),
        "place": [f"{name}:{line}" for line in lines],
        "right": _each(answers, lambda told: max(told, key=told.count, default="")),
    }
    return _table(columns, block.count)


def _table(columns: dict[str, Any], count: int) -> pa.Table:
    names = SCHEMA.names
    given = {name: pa.array(columns[name], SCHEMA.field(name).type) for name in columns}
    return pa.table([given[n] if n in given else _without(n, count) for n in names], schema=SCHEMA)


def _each(cells: list[Any], told: Callable[[Any], Any]) -> list[Any]:
    """What each says; many say the same."""
    known = {cell: told(cell) for cell in {*cells}}
    return [known[cell] for cell in cells]


@lru_cache(maxsize=100)
def _without(name: str, count: int) -> pa.Array:
    """A column that no CSV file has."""
    value = "" if name.endswith("_type") else getattr(EMPTY, name)
    is_map = pa.types.is_map(SCHEMA.field(name).type)
    return pa.array([[] if is_map else value] * count, SCHEMA.field(name).type)
