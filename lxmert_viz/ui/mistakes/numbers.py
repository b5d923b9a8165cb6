"""What the rows that a filter leaves come to: the score, its baselines, and all metrics."""

from dataclasses import asdict
from typing import NamedTuple

import streamlit as st

from lxmert_viz.analysis.gqa_metrics import distribution
from lxmert_viz.analysis.significance import interval_of
from lxmert_viz.results.board import Board
from lxmert_viz.ui.mistakes import place

BASELINES = (
    ("without_picture", "No picture", "The score when every region is removed."),
    ("without_question", "No question", "The score when the text is “?” alone."),
    (
        "prior",
        "Prior",
        "The score if each question had the most frequent right answer to the other questions "
        "of its type.",
    ),
)


class Metric(NamedTuple):
    key: str  # of Totals, or what is measured apart
    title: str
    meaning: str
    needs: str  # without which it is not available


METRICS = (
    Metric("score", "Score", "mean, 0 to 1; VQA's soft accuracy, GQA's accuracy", "right answers"),
    Metric("ceiling", "Ceiling", "the best score that any answers could have", "right answers"),
    Metric("known", "Vocabulary", "right answers that the model can give", "the model's answers"),
    Metric("open", "Open questions", "score where GQA's structure is “query”", "GQA's types"),
    Metric("closed", "Closed questions", "score where it is another", "GQA's types"),
    Metric("valid", "Validity", "answers of the kind that is asked for", "GQA's choices"),
    Metric("plausible", "Plausibility", "answers ever true of such a thing", "GQA's choices"),
    Metric(
        "consistency",
        "Consistency",
        "how much of what follows from right answers is right",
        "entailed questions in the same file",
    ),
    Metric(
        "distribution",
        "Distribution",
        "chi-square of the answers of each global group, over 100; lower is better",
        "GQA's global groups",
    ),
    Metric(
        "grounding",
        "Grounding",
        "words' attention to the regions of what the question is about, mean over layers and heads",
        "scene graphs beside the questions and a run that keeps internals",
    ),
    Metric("tail", "Rare answers", "score in GQA-OOD's tail, alpha 0.2", "GQA's local groups"),
    Metric("head", "Frequent answers", "score in GQA-OOD's head", "GQA's local groups"),
    Metric("gap", "Gap", "(head − tail) / tail", "GQA's local groups"),
    Metric("says_yes", "Says yes", "yes among answers to yes/no questions", "yes/no questions"),
    Metric("is_yes", "Is yes", "yes among the right answers to them", "yes/no questions"),
    Metric("pairs", "Pairs", "captions ranked above their foil by P(match)", "captions and foils"),
    Metric(
        "statements",
        "Statements",
        "sentences judged right of all their pairs of pictures",
        "NLVR2's identifiers",
    ),
    Metric("without_picture", "No picture", BASELINES[0][2], "a run with baselines"),
    Metric("without_question", "No question", BASELINES[1][2], "a run with baselines"),
    Metric("prior", "Prior", BASELINES[2][2], "right answers"),
)


def show(board: Board) -> None:
    where = place.get("where")
    totals = board.totals(where)
    st.metric("Rows", f"{totals.rows:,}", width="content")
    if not totals.scored:
        return
    interval = interval_of(totals.score, totals.scored)
    st.metric(
        "Score",
        f"{interval.mean:.3f}",
        help=f"Mean over {totals.scored:,} scored rows, 0 to 1; 95% interval "
        f"{interval.low:.3f} to {interval.high:.3f}.",
        width="content",
    )
    for key, title, meaning in BASELINES:
        value = getattr(totals, key)
        if value is not None:
            st.metric(title, f"{value:.3f}", help=meaning, width="content")
    if totals.errors:
        why = "Counted as wrong. Filter by error!=none: the column says why."
        st.metric("Not answered", f"{totals.errors:,}", help=why, width="content")


def metrics(board: Board) -> None:
    """Every metric over the rows that the filter leaves, or what it would need."""
    where = place.get("where")
    totals = board.totals(where)
    values = asdict(totals) | {
        "distribution": _distribution(board, where),
        "pairs": board.pairs(where),
        "statements": board.statements(where),
        "gap": totals.gap,
    }
    rows = "\n".join(_line(metric, values[metric.key]) for metric in METRICS)
    st.markdown(f"| metric | value | meaning |\n| --- | ---: | --- |\n{rows}")


def _line(metric: Metric, value: float | None) -> str:
    if value is None:
        return f"| {metric.title} | | :gray[not available: it needs {metric.needs}] |"
    return f"| {metric.title} | {value:.3f} | {metric.meaning} |"


def _distribution(board: Board, where: str) -> float | None:
    names = ("answer", "right", "global_group")
    found = board.frame(where, names).dropna()
    return distribution(*(found[name].tolist() for name in names)) if len(found) else None
