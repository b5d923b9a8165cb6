"""A run to hand on: its rows with what a person noted, as a table, or a page with figures."""

import base64
import csv
import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from lxmert_viz.analysis.calibration import brier, calibration_error, reliability
from lxmert_viz.analysis.mistakes import CAUSES
from lxmert_viz.analysis.significance import mean_interval
from lxmert_viz.errors import LxmertVizError
from lxmert_viz.figures.report import Bar, Section, Shown, report_page
from lxmert_viz.picture import decode
from lxmert_viz.results.board import Board

NOTED = ("verdict!=none", "tags!=none", "note!=none")  # any of them makes a row a noted one
COLUMNS = ("question_id", "picture", "text", "right", "answer", "probability", "score", "cause")
COLUMNS += ("error", "verdict", "tags", "note")
ROWS_TOGETHER = 10_000
GROUPS = {
    "question_type": "question type",
    "answer_type": "answer type",
    "structural_type": "structure",
    "semantic_type": "meaning",
}
MOST_BARS = 12
MOST_SHOWN = 60
SIDE_PX = 420
Row = dict[str, Any]


def noted_rows(board: Board) -> list[Row]:
    """Rows with a verdict, a tag or a note, in the dataset's order; each once."""
    found = {
        row["question_id"]: row
        for filter_text in NOTED
        for row in board.page(filter_text, "", False, 1_000_000, 0)
    }
    return sorted(found.values(), key=lambda row: row["file_row_number"])


def notes_as_csv(board: Board) -> str:
    return _as_csv(noted_rows(board))


def notes_as_jsonl(board: Board) -> str:
    return _as_jsonl(noted_rows(board))


def rows_as_csv(board: Board) -> str:
    """Every row, in the dataset's order, with its notes where there are any."""
    return _as_csv(_rows(board))


def rows_as_jsonl(board: Board) -> str:
    return _as_jsonl(_rows(board))


def _rows(board: Board) -> Iterator[Row]:
    for batch in board.table(COLUMNS).to_batches(max_chunksize=ROWS_TOGETHER):
        yield from batch.to_pylist()


def _as_csv(rows: Iterable[Row]) -> str:
    written = io.StringIO()
    table = csv.DictWriter(written, COLUMNS, extrasaction="ignore", lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return written.getvalue()


def _as_jsonl(rows: Iterable[Row]) -> str:
    kept = ({name: row[name] for name in COLUMNS} for row in rows)
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in kept)


def report(board: Board) -> str:
    """The whole page as HTML."""
    manifest, totals = board.manifest, board.totals()
    data, model = manifest["data"], manifest["model"]
    rows = noted_rows(board)
    facts = [
        ("Model", f"{model['name']} (SHA-256 {model['sha256'][:12]})"),
        ("Data", f"{data['name']}, {data['layout']} (SHA-256 {data['sha256'][:12]})"),
        ("Rows", f"{totals['rows']:,}, {totals['scored']:,} with a right answer"),
        ("Begun", manifest["begun"]),
    ]
    if data.get("training_note"):
        facts.append(("Mind", data["training_note"]))
    bins: list[tuple[float, float, int]] = []
    if totals["scored"]:
        sure = board.arrays("", ["probability", "score"])
        score = board.arrays("", ["score"])["score"]
        mean = mean_interval(score)
        facts.append(("Mean score", f"{mean.mean:.4f} ({mean.low:.4f} to {mean.high:.4f}, 95%)"))
        if len(sure["score"]):
            found = reliability(sure["probability"], sure["score"])
            how = f"{len(found)} bins of about equally many rows"
            facts.append(("ECE", f"{calibration_error(found):.4f}, {how}"))
            facts.append(("Brier", f"{brier(sure['probability'], sure['score']):.4f}"))
            bins = [(b.confidence, b.accuracy, b.count) for b in found]
    shown = [_shown(row) for row in rows[:MOST_SHOWN]]
    if len(rows) > len(shown):
        facts.append(("Left out", f"{len(rows) - len(shown):,} of {len(rows):,} noted rows"))
    title = f"{model['name']} on {data['name']}"
    return report_page(title, facts, list(_sections(board)), bins, shown)


def _sections(board: Board) -> Iterator[Section]:
    causes = board.causes("")
    if causes:
        yield Section(
            "Causes of mistakes",
            "One for each mistake, by the first rule that fires. Length: share of all mistakes. "
            "Gain: how much the mean score would rise if all of these were right.",
            tuple(_cause_bar(row, sum(r["rows"] for r in causes)) for row in causes),
        )
    filled = board.filled()
    for name, title in GROUPS.items():
        rows = [row for row in board.breakdown("", name) if row["value"] and row["scored"]]
        if name in filled and rows:
            yield Section(
                f"By {title}",
                "Mean score of the rows of each kind, 0 to 1; the most frequent kinds first.",
                tuple(
                    Bar(str(r["value"]), r["score"], f"{r['score']:.3f} of {r['scored']:,}")
                    for r in rows[:MOST_BARS]
                ),
            )


def _cause_bar(row: Row, total: int) -> Bar:
    meaning = CAUSES.get(row["cause"], "")
    label = f"{row['cause']}: {meaning}" if meaning else row["cause"]
    return Bar(label, row["rows"] / total, f"{row['rows']:,}, gain {row['gain']:+.4f}")


def _shown(row: Row) -> Shown:
    return Shown(
        picture=_address(row["picture_file"]),
        text=row["text"],
        answer=row["answer"] or "",
        right=row["right"] or "",
        is_right=bool(row["correct"]),
        verdict=row["verdict"] or "",
        tags=row["tags"] or "",
        note=row["note"] or "",
        id=row["question_id"],
    )


def _address(file: str | None) -> str:
    """A small copy of the picture inside of an address; "" where it cannot be read any more."""
    try:
        image = decode(Path(file or "").read_bytes())
    except (OSError, LxmertVizError):
        return ""
    image.thumbnail((SIDE_PX, SIDE_PX))
    written = io.BytesIO()
    image.save(written, "JPEG", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(written.getvalue()).decode()}"
