"""Examples as a table of Arrow, with what is known of the pictures that they show, and back."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.dataset.finding import Found
from lxmert_viz.records import TYPES, Example, GoldObject

TEXTS = pa.list_(pa.string())
OBJECT = pa.struct(
    [("id", pa.string()), ("name", pa.string()), ("box_unit", pa.list_(pa.float64()))]
)
PLAIN = {  # fields of Example that a column holds as they are
    "id": pa.string(),
    "picture": pa.string(),
    "second_picture": pa.string(),
    "text": pa.string(),
    "answers": TEXTS,
    "matches": pa.bool_(),
    "pair": pa.string(),
    "operations": TEXTS,
    "global_group": pa.string(),
    "local_group": pa.string(),
    "entailed": TEXTS,
    "equivalent": TEXTS,
    "valid": TEXTS,
    "plausible": TEXTS,
    "objects": pa.list_(OBJECT),
    "balanced": pa.bool_(),
    "place": pa.string(),
    "crop_px": pa.list_(pa.float64()),
    "flaw": pa.string(),
}
LATER = {"crop_px": None, "flaw": ""}  # columns that earlier versions did not write
SCHEMA = pa.schema(
    [
        ("number", pa.int64()),  # place in the dataset, from 0
        *PLAIN.items(),
        ("scores", pa.map_(pa.string(), pa.float64())),
        *((f"{name}_type", pa.string()) for name in TYPES),
        ("right", pa.string()),
    ]
)
VIEW = pa.schema(  # of a name that examples write; null where nothing is known
    [
        ("name", pa.string()),
        ("picture", pa.string()),  # its id
        ("file", pa.string()),
        ("fault", pa.string()),
        ("region_id", pa.string()),
        ("region_fault", pa.string()),
        ("lack", pa.string()),  # the kind of remark that its examples get
        ("lacking", pa.string()),  # and what it says
    ]
)
OWN = ("number", "id", "text", "place")  # columns whose values hardly ever repeat
SEEN = VIEW.names[2:6]  # columns that a shard has for each example
SHOWN = {"": "picture", "second_": "second_picture"}  # beginning of a view's columns: its name's
ROWS = 500  # that become a table at once: Python's collector looks through all that live


def repeating(schema: pa.Schema) -> list[str]:
    """Columns of which a Parquet file keeps each value once: of OWN that takes time for nothing."""
    return [path for field in schema if field.name not in OWN for path in _leaves(field)]


def _leaves(field: pa.Field, above: str = "") -> Iterator[str]:
    """Paths of what a column of Parquet holds, as Parquet writes them."""
    path, kind = f"{above}{field.name}", field.type
    if pa.types.is_list(kind):
        yield from _leaves(pa.field("element", kind.value_type), f"{path}.list.")
    elif pa.types.is_map(kind):
        for part in ("key", "value"):
            yield f"{path}.key_value.{part}"
    elif pa.types.is_struct(kind):
        for part in kind:
            yield from _leaves(part, f"{path}.")
    else:
        yield path


def tables_of(examples: Iterable[Example], first: int = 0) -> Iterator[pa.Table]:
    """Tables of SCHEMA, numbered in the order in which the examples come.

    first: the place of the first one in the dataset.
    """
    coming = iter(examples)
    while some := list(islice(coming, ROWS)):
        yield table_of(some, first)
        first += len(some)


def table_of(examples: Sequence[Example], first: int = 0) -> pa.Table:
    """first: the place of the first one in the dataset."""
    columns: dict[str, Any] = {"number": range(first, first + len(examples))}
    columns |= {name: [getattr(e, name) for e in examples] for name in PLAIN}
    columns["scores"] = [list(e.scores.items()) for e in examples]
    columns |= {f"{name}_type": [e.types.get(name, "") for e in examples] for name in TYPES}
    columns["right"] = [e.right for e in examples]
    arrays = [pa.array(columns[column.name], column.type) for column in SCHEMA]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def examples_of(table: pa.Table) -> list[Example]:
    columns = {name: _column(table, name) for name in SCHEMA.names}
    types = [columns[f"{name}_type"] for name in TYPES]
    made = []
    for place in range(table.num_rows):
        values = {name: _value(columns[name][place]) for name in PLAIN}
        objects = values.pop("objects")
        told = zip(TYPES, (column[place] for column in types), strict=True)
        made.append(
            Example(
                **values,
                scores=dict(columns["scores"][place]),
                types={name: value for name, value in told if value},
                objects=None if objects is None else tuple(map(_object, objects)),
            )
        )
    return made


def _column(table: pa.Table, name: str) -> list[Any]:
    if name in LATER and name not in table.column_names:
        return [LATER[name]] * table.num_rows
    return table.column(name).to_pylist()


def _value(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _object(found: dict[str, Any]) -> GoldObject:
    return GoldObject(found["id"], found["name"], tuple(found["box_unit"]))


def views_of(found: Found, names: Sequence[str]) -> pa.Table:
    """A table of VIEW."""
    pictures = [found.ids.get(name, name) for name in names]
    known = (found.pictures, found.picture_faults, found.region_ids, found.region_faults)
    columns = [
        [None if (value := of.get(picture)) is None else str(value) for picture in pictures]
        for of in known
    ]
    lacks = [found.lack(picture) or (None, None) for picture in pictures]
    kinds, told = zip(*lacks, strict=True)
    return pa.table([names, pictures, *columns, kinds, told], schema=VIEW)


def dataset_of(table: pa.Table, about: Dataset) -> Dataset:
    """The examples of a table of SCHEMA, with the columns of their views, as a dataset.

    about: what else is known of the dataset that they come from.
    """
    views: dict[str, dict[str, str]] = {name: {} for name in SEEN}
    for beginning, picture in SHOWN.items():
        names = table.column(picture).to_pylist()
        for column, known in views.items():
            values = table.column(f"{beginning}{column}").to_pylist()
            known.update((n, v) for n, v in zip(names, values, strict=True) if v is not None)
    return replace(
        about,
        examples=tuple(examples_of(table)),
        pictures={name: Path(file) for name, file in views["file"].items()},
        picture_faults=views["fault"],
        region_ids=views["region_id"],
        region_faults=views["region_fault"],
    )
