"""What a person asks for among rows, as one line of text, and its SQL.

Terms are joined by "and": correct=no, structural_type=query, probability>0.9, right~"hot dog",
cause=none (no value), or a word alone, which is looked for in question and answers.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from lxmert_viz.errors import DatasetError

TERM = re.compile(
    r"""(?P<column>\w+)(?P<operator>!=|<=|>=|=|<|>|~)(?:"(?P<quoted>[^"]*)"|(?P<bare>[^\s"]*))"""
    r"""|"(?P<phrase>[^"]+)"|(?P<word>[^\s"]+)"""
)
NOTHING = "none"
TRUTHS = {"yes": True, "no": False}
SEARCHED = ("text", "right", "answer", "answer_before", "answer_after")


@dataclass(frozen=True, slots=True)
class Where:
    """A condition in SQL with its values."""

    sql: str
    values: tuple[Any, ...] = ()


def where(text: str, columns: Mapping[str, pa.DataType]) -> Where:
    """Raises DatasetError for a column that is not there or a value that does not fit it."""
    parts, values = [], []
    for found in TERM.finditer(text):
        if found["column"]:
            value = found["quoted"] if found["quoted"] is not None else found["bare"]
            made = _term(found["column"], found["operator"], value, columns)
        else:
            made = _search(found["phrase"] or found["word"], columns)
        parts.append(f"({made.sql})")
        values += made.values
    return Where(" AND ".join(parts) or "TRUE", tuple(values))


def terms(text: str) -> list[str]:
    """The terms of a filter, each as it can stand alone."""
    return [found.group() for found in TERM.finditer(text)]


def with_term(text: str, column: str, value: object, operator: str = "=") -> str:
    """The filter with one more term; one that says otherwise of the same column leaves."""
    kept = [t for t in terms(text) if operator != "=" or not t.startswith(f"{column}=")]
    return " ".join([*kept, f"{column}{operator}{spelled(value)}"])


def without_term(text: str, term: str) -> str:
    return " ".join(one for one in terms(text) if one != term)


def spelled(value: object) -> str:
    """A value as a term has it."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    text = str(value).replace('"', "")
    return f'"{text}"' if re.search(r"\s", text) or text in ("", NOTHING) else text


def _term(name: str, operator: str, value: str, columns: Mapping[str, pa.DataType]) -> Where:
    if name not in columns:
        raise DatasetError(f"There is no column {name!r}; there are {', '.join(columns)}.")
    kind, column = columns[name], f'"{name}"'
    if value == NOTHING and operator in ("=", "!="):
        return Where(f"{column} IS {'NOT ' if operator == '!=' else ''}NULL")
    if operator == "~":
        return Where(f"contains(lower(CAST({column} AS VARCHAR)), ?)", (value.lower(),))
    if pa.types.is_string(kind):
        if operator not in ("=", "!="):
            raise DatasetError(f"{name} holds text: compare it with =, != or ~, not {operator}.")
        return Where(f"{column} {_sql(operator)} ?", (value,))
    if pa.types.is_boolean(kind):
        if value not in TRUTHS or operator not in ("=", "!="):
            raise DatasetError(f"{name} is yes or no, or none; {operator}{value} does not fit.")
        return Where(f"{column} {_sql(operator)} ?", (TRUTHS[value],))
    try:
        number = float(value)
    except ValueError as error:
        raise DatasetError(f"{name} holds numbers; {value!r} is none.") from error
    if pa.types.is_float32(kind):  # 0.8 in 32 bits is not 0.8 in 64, and would be greater
        number = float(np.float32(number))
    return Where(f"{column} {_sql(operator)} ?", (number,))


def _sql(operator: str) -> str:
    """Rows without a value are other than any value."""
    return {"=": "=", "!=": "IS DISTINCT FROM"}.get(operator, operator)


def _search(text: str, columns: Iterable[str]) -> Where:
    searched = [column for column in columns if column in SEARCHED]
    looked = " OR ".join(f'contains(lower("{column}"), ?)' for column in searched)
    return Where(looked, (text.lower(),) * len(searched))


def joined(parts: Iterable[str]) -> str:
    return " ".join(part for part in parts if part)
