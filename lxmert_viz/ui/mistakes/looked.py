"""What answers rest on, by method, and whether the network's inside tells right from wrong."""

import numpy as np
import pandas as pd
import streamlit as st

from lxmert_viz.analysis import correctness
from lxmert_viz.analysis.significance import Interval, interval_of
from lxmert_viz.experiments.relevance import METHODS
from lxmert_viz.records import RIGHT_FROM
from lxmert_viz.results.board import Board
from lxmert_viz.results.relevance import KeptRelevance, kept_methods
from lxmert_viz.ui.mistakes.inside import NONE_KEPT
from lxmert_viz.ui.mistakes.place import get
from lxmert_viz.ui.server import boards, waiting
from lxmert_viz.ui.server.boards import Internals
from lxmert_viz.ui.wording import plain

NO_MAPS = (
    "Not available: this run keeps no relevance. Whoever made it adds that on the command line: "
    "`evaluate`, asked as before with `--relevance METHOD` ({})."
)
HOW = (
    "Share of answers whose most relevant region is one that the question is about, with 95 % "
    "intervals; noise: a region drawn at random. Only questions whose objects are marked and have "
    "regions count. A method that points right as often where the answer is wrong does not tell "
    "why it is wrong."
)
MOST = 20_000  # rows, of which as many are drawn
FEW_ROWS = 2_000  # that are measured in seconds, without being asked for
STATISTICS = {
    "largest lang_from_vision": "sharpness: largest weight of words on regions, mean over heads",
    "entropy lang_from_vision": "width: entropy of words over regions, mean over heads",
}
PROBE = "a linear probe on the pooled state"
FEW = f"Not available: each kind of answer needs {correctness.FOLDS} pictures."
ON_PICTURES = (
    "Of {:,} answers to {:,} pictures. The probe is told only pictures that it never saw "
    "({} parts); intervals (95 %) draw whole pictures again. Correlation 0 and AUROC 0.5 are "
    "chance."
)


def looked(board: Board) -> None:
    st.markdown("##### Looked at the right thing")
    methods = kept_methods(board.run.path)
    if methods:
        rows = _scored(board, ["question_id", "score"])
        st.dataframe(
            pd.DataFrame([_of_method(board, rows, method) for method in methods]), hide_index=True
        )
        st.caption(HOW)
    else:
        st.info(NO_MAPS.format(", ".join(METHODS)))
    st.markdown("##### Does the inside tell right answers from wrong ones?")
    kept = boards.internals(board)
    if kept is None:
        st.info(NONE_KEPT)
    else:
        _offer_telling(board, kept)


def _offer_telling(board: Board, kept: Internals) -> None:
    """At once where it takes seconds, else when it is asked for."""
    rows = _scored(board, ["question_id", "picture", "score"])
    rows = rows[rows.question_id.isin(kept.places)]
    if len(rows) <= FEW_ROWS or st.toggle(
        "Measure it", key="mistakes.telling", persist_state="session"
    ):
        _show_telling(board, rows, kept)


def _of_method(board: Board, rows: pd.DataFrame, method: str) -> dict[str, str]:
    judged = KeptRelevance(board.run.path, method).judged().merge(rows, on="question_id")
    is_right = judged.score >= RIGHT_FROM
    shares = {"all": judged, "right answers": judged[is_right], "wrong answers": judged[~is_right]}
    told = {
        name: _percent(interval_of(float(own.looked.mean()), len(own))) + f" of {len(own):,}"
        if len(own)
        else "none"
        for name, own in shares.items()
    }
    noise = f"{judged.chance.mean():.0%}" if len(judged) else ""
    return (
        {"method": METHODS[method].title if method in METHODS else plain(method)}
        | told
        | {"noise": noise}
    )


def _show_telling(board: Board, rows: pd.DataFrame, kept: Internals) -> None:
    if len(rows) > MOST:
        rows = rows.sample(MOST, random_state=0)
    key = f"telling {board.run.path} {get('where')}"
    found = waiting.result_of(key, "measuring", lambda report: _telling(rows, kept))
    if not found:
        st.info(FEW)
        return
    st.markdown("\n".join(f"- {line}" for line in found))
    st.caption(ON_PICTURES.format(len(rows), _groups(rows).nunique(), correctness.FOLDS))


def _telling(rows: pd.DataFrame, kept: Internals) -> list[str]:
    """A line a finding; none where there are too few answers of a kind."""
    places = rows.question_id.map(kept.places).to_numpy(int)
    is_right = (rows.score >= RIGHT_FROM).to_numpy()
    groups = _groups(rows).to_numpy(str)
    probed = correctness.probe(kept.states[places], is_right, groups)
    if probed is None:
        return []
    lines = []
    for name, title in STATISTICS.items():
        if name not in kept.statistics:
            continue
        values = kept.statistics[name][places].mean(axis=1)
        there = ~np.isnan(values)
        found = correctness.sharpness(values[there], is_right[there], groups[there])
        lines.append(f"{title}: point-biserial correlation with being right **{_number(found)}**")
        lines[-1] += _chance(found, 0.0)
    lines.append(f"{PROBE}: AUROC **{_number(probed)}**{_chance(probed, 0.5)}")
    return lines


def _chance(found: Interval, nothing: float) -> str:
    return ", which may be chance" if found.low <= nothing <= found.high else ""


def _groups(rows: pd.DataFrame) -> pd.Series:
    """Pictures; a row that names none stands alone."""
    return rows.picture.fillna(rows.question_id)


def _scored(board: Board, columns: list[str]) -> pd.DataFrame:
    return board.frame(get("where"), columns).dropna(subset="score")


def _percent(found: Interval) -> str:
    return f"{found.mean:.0%} ({found.low * 100:.0f} to {found.high * 100:.0f})"


def _number(found: Interval) -> str:
    return f"{found.mean:.2f} ({found.low:.2f} to {found.high:.2f})".replace("-", "−")
