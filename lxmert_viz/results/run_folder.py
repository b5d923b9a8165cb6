"""A run's folder: what it was made of, its finished parts, and the table that they make.

manifest.json; examples/00000.parquet, the shards of the dataset; parts/00000.parquet and
internals/00000.parquet, what was made of each, written whole or not at all; predictions.parquet,
once every part is there; remarks.jsonl, notes.jsonl, slices.json.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lxmert_viz.dataset.remarks import Remark, Tally, read_remarks, writing_remarks
from lxmert_viz.errors import DatasetError
from lxmert_viz.records import Answer, Prediction
from lxmert_viz.results import manifest_form
from lxmert_viz.results.database import as_frame
from lxmert_viz.whole_files import reading_back, write_json, written_whole

Json = dict[str, Any]
TABLE = "predictions.parquet"
MANIFEST = "manifest.json"
LOCK = "running.lock"
RAY_LOG = "ray.log"  # what a cluster said
REMARKS = "remarks.jsonl"
BEFORE = (LOCK, RAY_LOG, REMARKS)  # files that are there before a run begins
MUST_AGREE = ("model", "source", "settings")  # a run goes on only with the same of each
OTHER_VERSION = (
    "{} was begun by an earlier version, which cut the dataset otherwise: go on with that version, "
    "or begin again in a new folder."
)
LOGITS = ("match_logits", "blank_logits")  # earlier versions did not write them
PREDICTION = pa.schema(
    [
        ("question_id", pa.string()),
        ("answers", pa.list_(pa.string())),
        ("probabilities", pa.list_(pa.float32())),
        ("match", pa.float32()),
        ("match_logits", pa.list_(pa.float32())),
        ("blank_logits", pa.list_(pa.float32())),
        ("regions", pa.int32()),
        ("missed", pa.int32()),
        ("seconds", pa.float32()),
        ("without_picture", pa.string()),
        ("without_question", pa.string()),
        ("error", pa.string()),
        ("machine", pa.bool_()),
    ]
)


class RunFolder:
    """Reads and writes below one folder; every file appears whole."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.examples = path / "examples"  # the shards of its dataset

    def check(self, manifest: Json) -> None:
        """Raises DatasetError where the folder holds something else, or a run of other things.

        A run without any answer, which an option stopped at once, may begin otherwise.
        """
        if self.is_whole or self.finished_parts():
            self.compare(manifest)
            return
        is_free = self.is_begun or not self.path.exists()
        if not is_free and any(not _is_before(path) for path in self.path.iterdir()):
            raise DatasetError(f"{self.path} holds other files; name a new folder for the run.")

    def begin(self, manifest: Json) -> None:
        """Raises DatasetError as `check` does."""
        self.check(manifest)
        if not self.is_whole and not self.finished_parts():
            for name in ("parts", "internals"):
                (self.path / name).mkdir(parents=True, exist_ok=True)
            write_json(self.path / MANIFEST, manifest)

    def describe(self, **told: Any) -> None:
        """Adds to the manifest what was not known when the run began."""
        write_json(self.path / MANIFEST, self.manifest() | told)

    def compare(self, manifest: Json) -> None:
        """Raises DatasetError where it was begun with others of what must agree."""
        before = self.manifest()
        is_older = before.get("format") != manifest["format"]
        if is_older and not self.is_whole:
            raise DatasetError(OTHER_VERSION.format(self.path))
        for name in MUST_AGREE:
            if name not in before and is_older:
                continue
            old, new = before.get(name, {}), json.loads(json.dumps(manifest[name]))
            if old != new:
                differing = sorted(k for k in {*old, *new} if old.get(k) != new.get(k))
                raise DatasetError(
                    f"{self.path} was begun with another {name}: {', '.join(differing)} differ. "
                    "Ask as before to go on, or name a new folder."
                )

    def is_of(self, manifest: Json) -> bool:
        """Whether it was begun with the same of what must agree."""
        try:
            self.compare(manifest)
        except DatasetError:
            return False
        return True

    def manifest(self, needed: tuple[str, ...] = ()) -> Json:
        """Raises DatasetError for a folder that is not a run, or lacks what is needed of it."""
        path = self.path / MANIFEST
        try:
            with reading_back(path, "name another run"):
                told = json.loads(path.read_bytes())
        except FileNotFoundError as error:
            raise DatasetError(f"{self.path} is not a run: it has no {MANIFEST}.") from error
        if wrong := manifest_form.fault(told, needed):
            raise DatasetError(f"{path} is not the manifest of a run: {wrong}.")
        return told

    @property
    def is_begun(self) -> bool:
        return (self.path / MANIFEST).is_file()

    @property
    def is_whole(self) -> bool:
        return (self.path / TABLE).is_file()

    def finished_parts(self) -> set[int]:
        return {int(path.stem) for path in self._parts()}

    def failed_parts(self) -> set[int]:
        """Those with a row that has an error."""
        return {
            int(path.stem)
            for path in self._parts()
            if any(read_table(path, ["error"])["error"].to_pylist())
        }

    def machine_faults(self) -> list[str]:
        """Errors of the rows that failed because of a machine, not of what was asked."""
        faults: list[str] = []
        for path in self._parts():
            rows = read_table(path, ["error", "machine"])
            if "machine" in rows.column_names:  # older runs do not tell
                faults += rows.filter(pc.field("machine"))["error"].to_pylist()
        return faults

    def _parts(self) -> list[Path]:
        return sorted((self.path / "parts").glob("[0-9]*.parquet"))

    def check_there(self) -> None:
        """Raises DatasetError where the folder was removed since the run began."""
        if not self.is_begun:
            raise DatasetError(
                f"{self.path} was removed or emptied while its run was made; begin the run again."
            )

    def write_part(
        self, number: int, predictions: Sequence[Prediction], internals: pa.Table | None
    ) -> None:
        """The internals first: a part counts as finished once its predictions are there.

        Raises DatasetError where the folder was removed meanwhile.
        """
        self.check_there()
        inside = self.path / "internals" / f"{number:05d}.parquet"
        if internals is None:
            inside.unlink(missing_ok=True)  # of a part that is made again
        else:
            write_table(inside, internals)
        write_table(self.path / "parts" / f"{number:05d}.parquet", as_table(predictions))

    def part(self, number: int) -> pa.Table:
        """The predictions of a finished part, as `as_table` gives them."""
        return read_table(self.path / "parts" / f"{number:05d}.parquet")

    def predictions(self) -> Iterator[Prediction]:
        """Those of all finished parts, in the order in which they were made."""
        for number in sorted(self.finished_parts()):
            yield from as_predictions(self.part(number))

    def kept(self, number: int, names: Sequence[str]) -> pa.Table | None:
        """Columns of a part's internals, those that it has; None where it has none at all."""
        path = self.path / "internals" / f"{number:05d}.parquet"
        return read_table(path, names) if path.exists() else None

    def internals(self, names: Sequence[str] | None = None) -> pd.DataFrame | None:
        """States and statistics of heads, a row an example; None where the run has none.

        A column beside question_id has an array a row, or None. names: the columns that are read;
        those that a part lacks are left out or None.
        """
        paths = sorted((self.path / "internals").glob("[0-9]*.parquet"))
        tables = [read_table(path, names) for path in paths]  # one open at a time of thousands
        return as_frame(pa.concat_tables(tables, promote_options="default")) if tables else None

    def write_remarks(self, remarks: Iterable[Remark]) -> Tally:
        with writing_remarks(self.path / REMARKS) as book:
            for remark in remarks:
                book.add(remark)
        return book.tally

    def remarks(self, most: int | None = None) -> list[Remark]:
        """The first ones, or all."""
        return list(islice(read_remarks(self.path / REMARKS), most))

    def count_remarks(self) -> int:
        path = self.path / REMARKS
        if not path.exists():
            return 0
        with path.open("rb") as lines:
            return sum(1 for _ in lines)


def _is_before(path: Path) -> bool:
    return path.name in BEFORE or path.name.partition(".")[0] == "examples"


def as_table(predictions: Sequence[Prediction]) -> pa.Table:
    rows = [
        {
            "question_id": p.id,
            "answers": [answer.text for answer in p.answers],
            "probabilities": [answer.probability for answer in p.answers],
            "match": p.match,
            "match_logits": p.match_logits,
            "blank_logits": p.blank_logits,
            "regions": p.regions,
            "missed": p.missed,
            "seconds": p.seconds,
            "without_picture": p.without_picture,
            "without_question": p.without_question,
            "error": p.error,
            "machine": p.machine,
        }
        for p in predictions
    ]
    return pa.Table.from_pylist(rows, schema=PREDICTION)


def as_predictions(table: pa.Table) -> list[Prediction]:
    made = []
    for row in table.to_pylist():
        answers = tuple(map(Answer, row.pop("answers"), row.pop("probabilities")))
        for name in LOGITS:
            told = row.get(name)
            row[name] = None if told is None else tuple(told)
        made.append(Prediction(id=row.pop("question_id"), answers=answers, **row))
    return made


def write_table(path: Path, table: pa.Table) -> None:
    with written_whole(path) as unfinished:
        pq.write_table(table, unfinished)


def read_table(path: Path, names: Sequence[str] | None = None) -> pa.Table:
    """names: those that the file lacks are left out. Raises DatasetError for a damaged file."""
    with _opened(path) as file:
        there = file.schema_arrow.names
        wanted = there if names is None else [name for name in names if name in there]
        return file.read(wanted, use_threads=False)  # a file is small, and there are many


def names_in(path: Path) -> list[str]:
    """Of the columns. Raises DatasetError for a damaged file."""
    with _opened(path) as file:
        return file.schema_arrow.names


@contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    remedy = "take it out of its folder, and what it held is made again when the same is asked"
    with reading_back(path, remedy), pq.ParquetFile(path) as file:
        yield file
