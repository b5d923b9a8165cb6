"""The board's views of many rows: groups, confusion, causes, certainty."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import streamlit as st

from lxmert_viz.analysis import calibration
from lxmert_viz.analysis.mistakes import CAUSES
from lxmert_viz.analysis.significance import interval_of
from lxmert_viz.checkpoints import folder
from lxmert_viz.figures import mistakes as figures
from lxmert_viz.records import RIGHT_FROM, Report
from lxmert_viz.results.board import BIN_WIDTHS, SHARES, Board
from lxmert_viz.results.columns import FILTERED, title_of
from lxmert_viz.results.row_filter import spelled, with_term
from lxmert_viz.ui.browser import saving
from lxmert_viz.ui.mistakes.place import TABLE, filter_by, get, put, show_only
from lxmert_viz.ui.server import boards, models, waiting

GROUPS = (
    "question_type",
    "answer_type",
    "structural_type",
    "semantic_type",
    "detailed_type",
    "operation",
    "object",
    "right",
    "answer",
    "steps",
    "words",
    "regions",
    "probability",
    "match",
    "missed",
    "cause",
    "global_group",
    "local_group",
    "tail",
    "cluster",
    "verdict",
)
MOST_BARS = 20
MOST_ANSWERS = 14
MOST_OTHERS = 4  # answers that are no right one of these
NEEDS = {  # cause: columns of which one is enough, and what fills them
    "vocabulary": (("known",), "the model's answers"),
    "wrong kind": (("valid", "answer_type"), "GQA's choices or VQA's answer types"),
    "implausible": (("plausible",), "GQA's choices"),
    "not seen": (("missed",), "scene graphs beside the questions"),
    "prior": (("without_picture",), "a run with baselines"),
    "looked away": (("looked",), "the model to be asked again, and objects that are marked"),
    "looked right": (("looked",), "the model to be asked again, and objects that are marked"),
    "logic": (("consistency",), "entailed questions"),
}
NOT_SCORED = "Not available: none of these rows has a right answer to compare with."
RISKS = (0.01, 0.05, 0.1, 0.2)


def about(board: Board) -> list[str]:
    """The caption of what is saved."""
    told, where = board.manifest, get("where")
    rows = f"Rows: {where}." if where else "All rows."
    return [f"Model {told['model']['name']}, dataset {told['data']['name']}. {rows}"]


def groups(board: Board) -> None:
    where = get("where")
    filled = set(board.filled())
    offered = [name for name in GROUPS if name in filled]
    by = st.selectbox(
        "Group by",
        offered,
        format_func=title_of,
        key="mistakes.by",
        persist_state="session",
        width=260,
    )
    found = board.breakdown(where, by).dropna(subset="score")
    if not len(found):
        st.info(NOT_SCORED)
        return
    shown = found.nlargest(MOST_BARS, "scored")
    # numbers keep their order
    shown = shown.sort_index() if _is_number(by) else shown.sort_values("score", kind="stable")
    values = [None if pd.isna(value) else value for value in shown["value"].tolist()]
    event = saving.draw(
        _bars(by, values, shown, board.totals(where).score),
        about(board),
        f"mistakes.bars {by} {where}",
        on_select="rerun",
        selection_mode="points",
    )
    if len(found) > MOST_BARS:
        st.caption(f"The {MOST_BARS} largest of {len(found):,} groups.")
    for point in event.selection.points:
        _filter_by_group(by, values[int(point["customdata"])])


def _bars(by: str, values: list[Any], shown: pd.DataFrame, overall: float) -> figures.go.Figure:
    scores, counts = shown["score"].tolist(), shown["scored"].tolist()
    intervals = [interval_of(*pair) for pair in zip(scores, counts, strict=True)]
    return figures.group_bars(
        [label(by, value) for value in values],
        scores,
        [(interval.low, interval.high) for interval in intervals],
        counts,
        overall,
        "in order" if _is_number(by) else "lowest first",
    )


def _filter_by_group(by: str, value: Any) -> None:
    if by in BIN_WIDTHS and value is not None:
        above = with_term(get("where"), by, float(value), ">=")
        end = float(value) + BIN_WIDTHS[by]
        last = by in SHARES and end > 1 - BIN_WIDTHS[by] / 2
        filter_by(above if last else with_term(above, by, end, "<"))
        put(view=TABLE)
    else:
        show_only(by, value)
    st.rerun()


def label(by: str, value: Any) -> str:
    """A value as a person reads it; "count: count" says one thing twice."""
    if value is None:
        return "(none)"
    if by in BIN_WIDTHS:
        return f"{value:.2f} to {value + BIN_WIDTHS[by]:.2f}"
    text = spelled(value).strip('"')
    kind, _, form = text.partition(": ")
    return kind if kind == form else text


def _is_number(by: str) -> bool:
    return not pa.types.is_string(FILTERED[by])


def confusion(board: Board) -> None:
    where = get("where")
    if not board.totals(where).scored:
        st.info(NOT_SCORED)
        return
    cells = board.confusion(where, MOST_ANSWERS)
    if not len(cells):
        st.info("Every answer to these questions is the right one.")
        return
    right = sorted(cells["gold"].unique())
    others = cells[~cells["answer"].isin(right)]
    others = others.sort_values("rows", ascending=False, kind="stable")
    extra = others["answer"].unique()[:MOST_OTHERS].tolist()
    answered = [*right, *extra]
    table = cells.pivot(index="gold", columns="answer", values="rows")
    counts = table.reindex(index=right, columns=answered).fillna(0).to_numpy(int)
    event = saving.draw(
        figures.confusion(counts, right, answered),
        about(board),
        f"mistakes.confusion {where}",
        on_select="rerun",
        selection_mode="points",
    )
    st.caption(
        f"The {len(right)} right answers that were missed most"
        + (" and the most frequent other answers to them." if extra else ".")
        + " Answers that people disagree on are rows of their most frequent one."
    )
    for point in event.selection.points:
        row, column = (int(place) for place in point["customdata"])
        text = with_term(get("where"), "right", right[row])
        filter_by(with_term(text, "answer", answered[column]))
        put(view=TABLE)
        st.rerun()


def causes(board: Board) -> None:
    where = get("where")
    found = board.causes(where)
    totals = board.totals(where)
    if not totals.scored:
        st.info(NOT_SCORED)
        return
    st.caption(
        f"Each mistake (score below {RIGHT_FROM}) has the first cause that fits, in the order of "
        "the list. Gain: how much the mean score would rise if the mistakes of this cause alone "
        "were right. “Looked away” and “looked right” are judged on request: the model is asked "
        "again."
    )
    _judge_looks(board)
    by_name = {cause.cause: cause for cause in found.itertuples()}
    for name in CAUSES:
        if name in by_name:
            _cause(name, by_name[name], board)
    others = [name for name in CAUSES if name not in by_name]
    if others:
        with st.expander(f"Causes of none of these mistakes ({len(others)})"):
            for name in others:
                st.markdown(f"**{name}**: {CAUSES[name]}{_unknown(name, board)}")


def _cause(name: str, found: Any, board: Board) -> None:
    """A line about a cause, behind a button that shows its rows."""
    with st.container(horizontal=True, vertical_alignment="center", key=f"line.cause {name}"):
        st.button(
            f"{found.rows:,}",
            key=f"causes.show {name}",
            on_click=show_only,
            args=("cause", name),
            width=84,
        )
        gain = f" Gain if fixed: **+{found.gain:.3f}**."
        st.markdown(f"**{name}**: {CAUSES[name]}{gain}{_unknown(name, board)}")


def _judge_looks(board: Board) -> None:
    """A button for the rules that ask the model again, where the page can do it."""
    where = get("where")
    count, wanted = len(board.unexplained(where)), boards.begun(get("run"))
    if not count:
        return
    if wanted is None:
        st.caption(
            "Where the model looked is judged by `python -m lxmert_viz evaluate`, asked as before "
            "with `--looked`."
        )
        return
    asked = st.button(
        f"Judge {count:,} mistakes by where the model looked",
        icon=":material/center_focus_strong:",
        help="Each region is left out once. A mistake looked away where nothing that the question "
        "is about is among the regions without which its answer loses most (5 of 36).",
    )
    if asked:
        name = get("run")
        waiting.result_of(f"looks {name} {where}", "looking", _looks(board, wanted, where))
        st.rerun()


def _looks(board: Board, wanted: boards.Wanted, where: str) -> Callable[[Report], int]:
    def work(report: Report) -> int:
        from lxmert_viz.runs.occlusion import judge_looks

        model = models.pipeline(wanted.model), folder.find(wanted.model)
        return judge_looks(*model, boards.read(wanted), board, where, report)

    return work


def _unknown(name: str, board: Board) -> str:
    """What a rule would need that this run's files do not tell."""
    columns, needed = NEEDS.get(name, ((), ""))
    lacking = columns and not set(columns) & set(board.filled())
    return f" :gray[Not available: it needs {needed}.]" if lacking else ""


def certainty(board: Board) -> None:
    found = board.frame(get("where"), ["probability", "score"]).dropna()
    sure, score = found.to_numpy(np.float64).T
    if len(sure) < calibration.BINS:
        st.info(f"Not available: {len(sure)} of these rows have a probability and a right answer.")
        return
    bins = calibration.reliability(sure, score)
    coverage, risk = calibration.risk_coverage(sure, score)
    area = calibration.area_under_risk(coverage, risk)
    reliability = figures.reliability(
        [b.confidence for b in bins],
        [b.accuracy for b in bins],
        [b.count for b in bins],
        calibration.calibration_error(bins),
    )
    left, right = st.columns(2)
    with left:
        saving.draw(reliability, about(board), "mistakes.reliability")
    with right:
        saving.draw(
            figures.risk_coverage(coverage, risk, area), about(board), "mistakes.risk-coverage"
        )
    reach = [calibration.coverage_at_risk(coverage, risk, most) for most in RISKS]
    listed = [f"{share:.0%} at {most:.0%}" for share, most in zip(reach, RISKS, strict=True)]
    st.markdown(
        f"{_calibration_errors(sure, score)}\n"
        f"- **Coverage at risk**: share that can be answered with at most this risk: "
        f"{', '.join(listed)}."
    )


def _calibration_errors(sure: np.ndarray, score: np.ndarray) -> str:
    found = calibration.calibration(sure, score)
    return (
        f"- **Calibration error** (ECE): {found.equal_mass:.3f} with bins of about equally many, "
        f"{found.equal_width:.3f} with bins of equal width, {calibration.BINS} at most. "
        f"**Brier score** {found.brier:.3f}.\n"
        f"- **Temperature** {found.temperature:.2f} on the top answer's logit, fitted on a random "
        f"half of these rows, turns the other half's error from {found.before:.3f} into "
        f"{found.after:.3f}."
    )
