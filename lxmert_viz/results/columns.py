"""The columns of a run's table, as Row has them: Arrow's types, headings and meanings."""

from dataclasses import Field, dataclass, fields
from types import NoneType
from typing import Any, get_args, get_type_hints

import pyarrow as pa

from lxmert_viz.results.row import Row, WrittenRow

MATCH, NO_MATCH = "true of the picture", "not true of it"  # answers to captions
BASELINES = ("without_picture", "without_question", "prior")  # answers without looking or reading
ARROW = {
    str: pa.string(),
    float: pa.float32(),
    int: pa.int32(),
    bool: pa.bool_(),
    tuple[str, ...]: pa.list_(pa.string()),
}


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: pa.DataType
    title: str
    meaning: str


def _arrow(hint: Any) -> pa.DataType:
    """Of a column with values of this type, or None."""
    (known,) = (part for part in get_args(hint) or (hint,) if part is not NoneType)
    return ARROW[known]


def _column(written: Field) -> Column:
    told = written.metadata
    return Column(written.name, TYPES[written.name], told["title"], told["meaning"])


TYPES = {name: _arrow(hint) for name, hint in get_type_hints(Row).items()}  # of all of Row
COLUMNS = tuple(_column(written) for written in fields(WrittenRow))
BY_NAME = {column.name: column for column in COLUMNS}
SCHEMA = pa.schema([(column.name, column.type) for column in COLUMNS])
FILTERED = {name: kind for name, kind in TYPES.items() if name != "people"}  # single values


def title_of(name: str) -> str:
    """Of a column that a person reads; other columns are called by their name."""
    return BY_NAME[name].title if name in BY_NAME else name.capitalize()


def meaning_of(name: str) -> str | None:
    """In words; None for a column that a run brought along."""
    return BY_NAME[name].meaning if name in BY_NAME else None
