"""A finished run of a few rows, written without any model."""

from pathlib import Path

import pyarrow as pa

from lxmert_viz.results.columns import SCHEMA
from lxmert_viz.results.run_folder import MANIFEST, TABLE, write_table
from lxmert_viz.whole_files import write_json

TYPES = ("x", "x", "x", "y", "y", "y", "y", "y")


def put_run(
    folder: Path, scores: list[float | None], first: int = 0, picture: Path | None = None
) -> Path:
    """One row a score: the surer, the later; types x and y; picture: of every row."""
    rows = [
        {
            "question_id": str(first + number),
            "picture_file": str(picture) if picture else None,
            "text": f"question {number}?",
            "right": "right",
            "answer": "right" if score == 1 else f"answer {score}",
            "probability": 0.5 + number / 100,
            "score": score,
            "ceiling": None if score is None else 1.0,
            "cause": "no rule" if score is not None and score < 0.5 else None,
            "question_type": TYPES[number % len(TYPES)],
        }
        for number, score in enumerate(scores)
    ]
    folder.mkdir(parents=True)
    write_table(folder / TABLE, pa.Table.from_pylist(rows, schema=SCHEMA))
    put_manifest(folder)
    return folder


def put_manifest(folder: Path) -> None:
    about = {"name": "toy", "layout": "table", "sha256": "0" * 64, "training_note": ""}
    model = {"name": folder.name, "sha256": "1" * 64}
    write_json(folder / MANIFEST, {"model": model, "data": about, "begun": "today"})
