"""A run to hand on: its rows with what a person noted, as a table, or a page with figures."""

import base64
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from lxmert_viz.analysis.calibration import brier, calibration_error, reliability
from lxmert_viz.analysis.mistakes import CAUSES
from lxmert_viz.analysis.significance import mean_interval
from lxmert_viz.errors import LxmertVizError
from lxmert_viz.figures.report import Bar, Section, Shown, report_page
from lxmert_viz.going_out import as_csv
from lxmert_viz.picture import decode
from lxmert_viz.results.board import Board
from lxmert_viz.results.row import Row, rows_of

COLUMNS = ("question_id", "picture", "text", "right", "answer", "probability", "score", "cause")
COLUMNS += ("error", "verdict", "tags", "note")
GROUPS = {
    "question_type": "question type",
    "answer_type": "answer type",
    "structural_type": "structure",
    "semantic_type": "meaning",
}
MOST_BARS = 12
MOST_SHOWN = 60
SIDE_PX = 420


def notes_as_csv(board: Board) -> str:
    return as_csv(board.noted(COLUMNS))


def notes_as_jsonl(board: Board) -> str:
    return _as_jsonl(board.noted(COLUMNS))


def rows_as_csv(board: Board) -> str:
    """Every row, in the dataset's order, with its notes where there are any."""
    return as_csv(board.frame(columns=COLUMNS))


def rows_as_jsonl(board: Board) -> str:
    return _as_jsonl(board.frame(columns=COLUMNS))


def _as_jsonl(rows: pd.DataFrame) -> str:
    return rows.to_json(orient="records", lines=True, force_ascii=False)


def report(board: Board) -> str:
    """The whole page as HTML."""
    manifest, totals = board.manifest, board.totals()
    data, model = manifest["data"], manifest["model"]
    rows = rows_of(board.noted())
    facts = [
        ("Model", f"{model['name']} (SHA-256 {model['sha256'][:12]})"),
        ("Data", f"{data['name']}, {data['layout']} (SHA-256 {data['sha256'][:12]})"),
        ("Rows", f"{totals.rows:,}, {totals.scored:,} with a right answer"),
        ("Begun", manifest["begun"]),
    ]
    if data.get("training_note"):
        facts.append(("Mind", data["training_note"]))
    bins: list[tuple[float, float, int]] = []
    if totals.scored:
        scored = board.frame(columns=["probability", "score"]).dropna(subset="score")
        sure, score = scored.dropna().to_numpy(np.float64).T
        mean = mean_interval(scored["score"].to_numpy(np.float64))
        facts.append(("Mean score", f"{mean.mean:.4f} ({mean.low:.4f} to {mean.high:.4f}, 95%)"))
        if len(sure):
            found = reliability(sure, score)
            how = f"{len(found)} bins of about equally many rows"
            facts.append(("ECE", f"{calibration_error(found):.4f}, {how}"))
            facts.append(("Brier", f"{brier(sure, score):.4f}"))
            bins = [(b.confidence, b.accuracy, b.count) for b in found]
    shown = [_shown(row) for row in rows[:MOST_SHOWN]]
    if len(rows) > len(shown):
        facts.append(("Left out", f"{len(rows) - len(shown):,} of {len(rows):,} noted rows"))
    title = f"{model['name']} on {data['name']}"
    return report_page(title, facts, list(_sections(board)), bins, shown)


def _sections(board: Board) -> Iterator[Section]:
    causes = board.causes("")
    if len(causes):
        yield Section(
            "Causes of mistakes",
            "One for each mistake, by the first rule that fires. Length: share of all mistakes. "
            "Gain: how much the mean score would rise if all of these were right.",
            tuple(
                _cause_bar(cause, rows, rows / causes["rows"].sum(), gain)
                for cause, rows, gain in causes.itertuples(index=False)
            ),
        )
    filled = board.filled()
    for name, title in GROUPS.items():
        kinds = board.breakdown("", name).dropna(subset=["value", "score"])[:MOST_BARS]
        if name in filled and len(kinds):
            yield Section(
                f"By {title}",
                "Mean score of the rows of each kind, 0 to 1; the most frequent kinds first.",
                tuple(
                    Bar(kind.value, kind.score, f"{kind.score:.3f} of {kind.scored:,}")
                    for kind in kinds.itertuples()
                ),
            )


def _cause_bar(cause: str, rows: int, share: float, gain: float) -> Bar:
    """share: of all mistakes."""
    meaning = CAUSES.get(cause, "")
    label = f"{cause}: {meaning}" if meaning else cause
    return Bar(label, share, f"{rows:,}, gain {gain:+.4f}")


def _shown(row: Row) -> Shown:
    return Shown(
        picture=_address(row.picture_file),
        text=row.text,
        answer=row.answer or "",
        right=row.right or "",
        is_right=bool(row.correct),
        verdict=row.verdict or "",
        tags=row.tags or "",
        note=row.note or "",
        id=row.question_id,
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
