"""Finished runs of a few rows, written without any model."""

from pathlib import Path

import pyarrow as pa

from lxmert_viz.results.columns import MATCH, NO_MATCH, SCHEMA
from lxmert_viz.results.run_folder import MANIFEST, TABLE, write_table
from lxmert_viz.whole_files import write_json

PAIRS = 60
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


def put_captions(folder: Path, picture: Path) -> None:
    """Colours are told apart but for one tie; of sides every third pair is lost by 1."""
    rows = []
    for n in range(PAIRS):
        kind = "color" if n % 2 else "side"
        gap = -1.0 if kind == "side" and n % 3 == 0 else 0.0 if n == 1 else 2.0
        for right, text, score in (
            (MATCH, "a red ball", 1.0),
            (NO_MATCH, "a blue ball", 1.0 - gap),
        ):
            rows.append(
                {
                    "question_id": f"{n}:{right == MATCH}",
                    "picture": f"p{n}",
                    "picture_file": str(picture),
                    "part": "15 40 65 90" if n == 6 else None,
                    "text": text,
                    "right": right,
                    "answer": MATCH if score > 0 else NO_MATCH,
                    "pair": str(n),
                    "question_type": kind,
                    "match": 0.5,
                    "match_score": score,
                    "match_logit": 0.0,
                    "blank_score": 0.25,
                    "score": float((score > 0) == (right == MATCH)),
                }
            )
    folder.mkdir(parents=True)
    write_table(folder / TABLE, pa.Table.from_pylist(rows, schema=SCHEMA))
    put_manifest(folder)


def put_manifest(folder: Path) -> None:
    about = {"name": "toy", "layout": "table", "sha256": "0" * 64, "training_note": ""}
    model = {"name": folder.name, "sha256": "1" * 64}
    write_json(folder / MANIFEST, {"model": model, "data": about, "begun": "today"})
