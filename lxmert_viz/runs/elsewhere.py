"""Predictions that another program made, as a run: any model's mistakes can be studied."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.dataset.remarks import JsonFile, Remark
from lxmert_viz.dataset.tables import columns_of, rows_of
from lxmert_viz.errors import DatasetError
from lxmert_viz.records import Answer, Prediction
from lxmert_viz.results.run_folder import RunFolder
from lxmert_viz.runs.manifest import FORMAT, data_of, file_hash
from lxmert_viz.runs.preparing import prepared_for
from lxmert_viz.runs.table import finish

ID_NAMES = ("question_id", "questionId", "id", "identifier", "uid")
ANSWER_NAMES = ("answer", "prediction")
SURE_NAMES = ("probability", "confidence", "score")
NOT_THERE = "The file of predictions has no answer to this question."


def take_predictions(file: Path, dataset: Dataset, folder: Path) -> RunFolder:
    """VQA's [{question_id, answer}], GQA's [{questionId, prediction}], or a CSV with such columns.

    Raises DatasetError.
    """
    remarks: list[Remark] = []
    found: dict[str, Prediction] = {}
    for name, answer, sure, line in _entries(file):
        if not name or not answer:
            remarks.append(Remark("broken", file.name, line, "It lacks an id or an answer."))
        elif name in found:
            remarks.append(Remark("duplicate", file.name, line, f"{name} is answered twice."))
        else:
            found[name] = Prediction(name, (Answer(answer, sure),))
    asked = {example.id for example in dataset.examples}
    strangers = len(found.keys() - asked)
    if strangers == len(found):
        raise DatasetError(
            f"None of the {len(found)} predictions in {file} belongs to a question of "
            f"{dataset.name}: their ids differ."
        )
    if strangers:
        what = f"{strangers} predictions are for questions that are not in the dataset."
        remarks.append(Remark("note", file.name, 0, what))
    run = RunFolder(folder)
    manifest = _manifest(file, dataset)
    run.begin(manifest)
    run.write_remarks([*dataset.remarks, *remarks])
    prepared = prepared_for(run, dataset, manifest["data"])
    for shard in prepared.shards:
        asked = shard.dataset(prepared.about).examples
        made = [found.get(e.id, Prediction(e.id, error=NOT_THERE)) for e in asked]
        run.write_part(shard.number, made, None)
    finish(run, prepared, ())
    return run


def _manifest(file: Path, dataset: Dataset) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "model": {"name": file.stem, "sha256": file_hash(file)},
        "data": data_of(dataset),
        "ids": dataset.ids,
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
    read = JsonFile(file)
    if not isinstance(read.content, list):
        raise DatasetError(f"{file} is not a list of predictions, as VQA and GQA have it.")
    for entry in read.content:
        row = entry if isinstance(entry, dict) else {}
        name = _first(row, ID_NAMES)
        yield name, _first(row, ANSWER_NAMES), _sure(row), read.last_line(name)


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
