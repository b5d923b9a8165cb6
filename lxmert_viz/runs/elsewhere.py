"""Predictions that another program made, as a run: any model's mistakes can be studied."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.dataset.json_entries import JsonEntries, outlines
from lxmert_viz.dataset.opening import Source
from lxmert_viz.dataset.remarks import Remark
from lxmert_viz.dataset.shelf import Shelf
from lxmert_viz.dataset.tables import columns_of, rows_of
from lxmert_viz.errors import DatasetError
from lxmert_viz.records import Answer, Prediction
from lxmert_viz.results.run_folder import RunFolder
from lxmert_viz.runs.evaluation import taken
from lxmert_viz.runs.manifest import FORMAT, described, file_hash, identity_of, source_of
from lxmert_viz.runs.preparing import Shard, prepared_for
from lxmert_viz.runs.table import finish

ID_NAMES = ("question_id", "questionId", "id", "identifier", "uid")
ANSWER_NAMES = ("answer", "prediction")
SURE_NAMES = ("probability", "confidence", "score")
NOT_THERE = "The file of predictions has no answer to this question."


def take_predictions(file: Path, dataset: Source | Dataset, folder: Path) -> RunFolder:
    """VQA's [{question_id, answer}], GQA's [{questionId, prediction}], or a CSV with such columns.

    Raises DatasetError.
    """
    source = source_of(dataset)
    remarks: list[Remark] = []
    told = Shelf(_answers(file, remarks))
    for name, line in told.repeated():
        remarks.append(Remark("duplicate", file.name, line, f"{name} is answered twice."))
    with taken(folder) as run:
        manifest = _manifest(file, source, run.examples)
        run.check(manifest)
        prepared = prepared_for(run, source, manifest["source"])
        if not any(told.get(name) for shard in prepared.shards for name in _ids(shard)):
            raise DatasetError(
                f"None of the predictions in {file} belongs to a question of "
                f"{source.reading.name}: their ids differ."
            )
        run.begin(manifest | described(prepared))
        for shard in prepared.shards:
            made = [_made(name, told.get(name)) for name in _ids(shard)]
            run.write_part(shard.number, made, None)
        if strangers := told.unasked():
            what = f"{strangers} predictions are for questions that are not in the dataset."
            remarks.append(Remark("note", file.name, 0, what))
        tally = run.write_remarks(chain(prepared.remarks(), remarks))
        run.describe(remarks=tally.told())
        finish(run, prepared, ())
    return run


def _ids(shard: Shard) -> list[str]:
    return shard.table()["id"].to_pylist()


def _made(name: str, told: tuple[str, float | None] | None) -> Prediction:
    return Prediction(name, error=NOT_THERE) if told is None else Prediction(name, (Answer(*told),))


def _answers(
    file: Path, remarks: list[Remark]
) -> Iterator[tuple[str, tuple[str, float | None], int]]:
    """Id, answer with its probability, and line."""
    for name, answer, sure, line in _entries(file):
        if name and answer:
            yield name, (answer, sure), line
        else:
            remarks.append(Remark("broken", file.name, line, "It lacks an id or an answer."))


def _manifest(file: Path, source: Source, folder: Path) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "model": {"name": file.stem, "sha256": file_hash(file)},
        "source": identity_of(source, folder),
        "settings": {"predictions": file.name},
        "answer_kind": "",
        "begun": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _entries(file: Path) -> Iterator[tuple[str, str, float | None, int]]:
    """Id, answer, probability where there is one, and line."""
    if not file.is_file():
        raise DatasetError(f"There is no file of predictions at {file}.")
    if file.suffix.lower() == ".csv":
        yield from _csv_entries(file)
        return
    if not all(isinstance(outline, list) for outline in outlines(file)):
        raise DatasetError(f"{file} is not a list of predictions, as VQA and GQA have it.")
    for entry in JsonEntries(file):
        row = entry.content if isinstance(entry.content, dict) else {}
        yield _first(row, ID_NAMES), _first(row, ANSWER_NAMES), _sure(row), entry.line


def _csv_entries(file: Path) -> Iterator[tuple[str, str, float | None, int]]:
    columns = set(columns_of(file))
    if not columns & set(ID_NAMES) or not columns & set(ANSWER_NAMES):
        raise DatasetError(
            f"{file} has the columns {', '.join(sorted(columns))}; it needs question_id and "
            "answer, and may have probability."
        )
    for line, row, _ in rows_of(file):
        yield _first(row, ID_NAMES), _first(row, ANSWER_NAMES), _sure(row), line


def _first(row: dict[str, object], names: tuple[str, ...]) -> str:
    return next((str(row[n]).strip() for n in names if row.get(n) not in (None, "")), "")


def _sure(row: dict[str, object]) -> float | None:
    text = _first(row, SURE_NAMES)
    try:
        sure = float(text) if text else None
    except ValueError:
        return None
    return sure if sure is not None and 0 <= sure <= 1 else None
