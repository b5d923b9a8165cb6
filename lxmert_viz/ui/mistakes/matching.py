"""Captions and foils of a run by their datasets' own measures, and the pairs that are lost."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import streamlit as st

from lxmert_viz.analysis import foil_metrics, foils
from lxmert_viz.analysis.foil_metrics import LENGTH, Counted, Items
from lxmert_viz.analysis.match_calibration import match_calibration
from lxmert_viz.figures import matching as figures
from lxmert_viz.figures import mistakes as bars
from lxmert_viz.results.board import Board
from lxmert_viz.results.columns import MATCH, NO_MATCH
from lxmert_viz.ui.browser import saving
from lxmert_viz.ui.frame import handover, navigation
from lxmert_viz.ui.mistakes import place
from lxmert_viz.ui.mistakes.row import open_row
from lxmert_viz.ui.mistakes.views import about
from lxmert_viz.ui.wording import plain

SCORE, RAW, BLANK = "l1 − l0", "raw l1", "no picture"
COLUMNS = (
    *("question_id", "picture", "text", "right", "pair", "question_type", "local_group"),
    *("match", "match_score", "match_logit", "blank_score"),
)
NONE = "Not available: none of these rows is a caption or a foil that was asked."
SHOWN = 10  # lost pairs a page
MOST_KINDS = 30
RULES = (
    "A tie is wrong. Intervals: 95%, by drawing pictures again. **No picture**: the same by the "
    "score of the words alone, without any region. **Length alone**: always the shorter or always "
    "the longer text, whichever is better."
)


def matching(board: Board) -> None:
    frame = board.frame(place.get("where"), COLUMNS)
    frame = frame[frame["right"].isin((MATCH, NO_MATCH))].reset_index(drop=True)
    scores = _scores(frame)
    if not len(frame) or np.isnan(scores[SCORE]).all():
        st.info(NONE)
        return
    items = items_of(frame)
    found = foil_metrics.beside(items, scores)
    _show_measures(items, scores, found)
    left, right = st.columns(2, gap="medium")
    known = ~np.isnan(scores[SCORE])
    with left:
        figure = figures.distributions(
            scores[SCORE][items.matches & known], scores[SCORE][~items.matches & known]
        )
        saving.draw(figure, about(board), "mistakes.matching scores")
    with right:
        _show_calibration(board, items, scores[SCORE])
    _show_kinds(board, items, scores[SCORE], found[SCORE])
    _show_lost(board, frame, items, scores[SCORE])


def items_of(frame: pd.DataFrame) -> Items:
    texts = {name: frame[name].fillna("").astype(str).tolist() for name in COLUMNS[1:7]}
    return Items(
        texts["text"],
        texts["picture"],
        (frame["right"] == MATCH).to_numpy(bool),
        texts["pair"],
        texts["question_type"],
        texts["local_group"],
    )


def _scores(frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """Runs of earlier versions, and models elsewhere, tell P(match) alone."""
    known = {name: frame[name].to_numpy(np.float64) for name in COLUMNS[7:]}
    share = np.clip(known["match"], 1e-9, 1 - 1e-9)
    told = np.isnan(known["match_score"])
    score = np.where(told, np.log(share / (1 - share)), known["match_score"])
    found = {SCORE: score}
    for name, column in ((RAW, "match_logit"), (BLANK, "blank_score")):
        if not np.isnan(known[column]).all():
            found[name] = known[column]
    return found


def _show_measures(
    items: Items, scores: Mapping[str, np.ndarray], found: Mapping[str, list[Counted]]
) -> None:
    rows = []
    by_name = {kind: {c.name: c for c in counted} for kind, counted in found.items()}
    whole = {kind: foil_metrics.classified(items, values) for kind, values in scores.items()}
    for kind, counted in whole.items():
        if kind != RAW:
            by_name[kind][counted.name] = counted
    for name, own in by_name[SCORE].items():
        low, high = own.interval()
        beside = {kind: by_name[kind][name].share for kind in by_name if name in by_name[kind]}
        rows.append(
            {
                "measure": name,
                "value": own.share,
                "from": low,
                "to": high,
                "units": len(own.right),
                "ties": own.tie_rate,
                "mean of kinds": own.macro,
                "by raw l1": beside.get(RAW),
                "no picture": beside.get(BLANK),
                "length alone": beside.get(LENGTH),
                "chance": own.chance,
                "rule": own.rule,
            }
        )
    table = pd.DataFrame(rows).dropna(axis=1, how="all")
    numbers = [n for n in table.columns if n not in ("measure", "rule", "units")]
    formats = {name: st.column_config.NumberColumn(format="%.4f") for name in numbers}
    st.dataframe(table, hide_index=True, column_config=formats, key="matching-board.measures")
    area = foil_metrics.auroc(scores[SCORE], items.matches)
    both = foil_metrics.valse_accuracy(items, scores[SCORE])
    st.markdown(
        f"**AUROC** {_number(area)} · **acc** (VALSE: captions above 0 and foils below, each half) "
        f"{_number(both)} · acc_r is *pairwise*, by l1 − l0 and *by raw l1*."
    )
    st.caption(RULES)


def _number(value: float) -> str:
    return "not available" if np.isnan(value) else f"{value:.4f}"


def _show_calibration(board: Board, items: Items, scores: np.ndarray) -> None:
    known = ~np.isnan(scores)
    asked = [name for name, is_known in zip(items.pictures, known, strict=True) if is_known]
    found = match_calibration(scores[known], items.matches[known], asked)
    if found is None:
        st.info("Calibration: not available, it needs 15 captions and foils in each half.")
        return
    figure = bars.reliability(
        [b.confidence for b in found.bins],
        [b.accuracy for b in found.bins],
        [b.count for b in found.bins],
        found.before,
    )
    saving.draw(figure, about(board), "mistakes.matching calibration")
    st.caption(
        f"P(match) against the share that is true, on half of the pictures. Fitted on the other "
        f"half: slope {found.line.slope:.2f} (below 1: too sure) and offset "
        f"{found.line.offset:+.2f} turn its error from {found.before:.3f} into "
        f"{found.after_line:.3f}; temperature {found.temperature:.2f} alone into "
        f"{found.after_temperature:.3f}."
    )


def _show_kinds(board: Board, items: Items, scores: np.ndarray, found: list[Counted]) -> None:
    """Each phenomenon as a bar, and how its captions and foils are called."""
    if len({*items.kinds}) < 2:
        return
    first = found[0] if found else foil_metrics.classified(items, scores)
    shares = sorted(first.by_kind().items(), key=lambda kind: kind[1][0])[:MOST_KINDS]
    kinds = np.array(first.kinds)
    pictures = np.array(first.pictures)
    ends = [
        foil_metrics.bootstrap(first.right[kinds == kind], pictures[kinds == kind])
        for kind, _ in shares
    ]
    figure = bars.group_bars(
        [kind or "(none)" for kind, _ in shares],
        [share for _, (share, _) in shares],
        ends,
        [count for _, (_, count) in shares],
        first.share,
        f"{first.name}, lowest first",
    )
    event = saving.draw(
        figure,
        about(board),
        f"mistakes.matching kinds {place.get('where')}",
        on_select="rerun",
        selection_mode="points",
    )
    for point in event.selection.points:
        place.show_only("question_type", shares[int(point["customdata"])][0] or None)
        st.rerun()
    with st.expander("How captions and foils of each kind are called", icon=":material/grid_on:"):
        st.dataframe(_called(items, scores), hide_index=True, key="matching-board.called")


def _called(items: Items, scores: np.ndarray) -> pd.DataFrame:
    """Counts at l1 - l0 = 0."""
    told = pd.DataFrame({"kind": items.kinds, "true": items.matches, "score": scores}).dropna()
    told["called"] = np.where(told["score"] > 0, "called match", "called no match")
    told["is"] = np.where(told["true"], "captions", "foils")
    counts = told.groupby(["kind", "is", "called"]).size().unstack(["is", "called"], fill_value=0)
    counts.columns = [f"{kind} {called}" for kind, called in counts.columns]
    return counts.reset_index()


def lost(items: Items, scores: np.ndarray) -> list[tuple[int, int, float]]:
    """Caption, best foil of the same picture and the gap between them, the largest loss first."""
    groups: dict[tuple[str, str], list[int]] = {}
    for n, (pair, picture) in enumerate(zip(items.pairs, items.pictures, strict=True)):
        if pair and not np.isnan(scores[n]):
            groups.setdefault((pair, picture), []).append(n)
    found = []
    for places in groups.values():
        captions = [n for n in places if items.matches[n]]
        false = [n for n in places if not items.matches[n]]
        if captions and false:
            best = max(false, key=lambda n: scores[n])
            gap = float(scores[captions[0]] - scores[best])
            if gap <= 0:
                found.append((captions[0], best, gap))
    return sorted(found, key=lambda pair: pair[2])


def _show_lost(board: Board, frame: pd.DataFrame, items: Items, scores: np.ndarray) -> None:
    pairs = lost(items, scores)
    if not pairs:
        return
    st.markdown(f"#### Pairs that are lost ({len(pairs):,})")
    pages = -(-len(pairs) // SHOWN)
    page = 1
    if pages > 1:
        page = st.number_input(
            f"Page, of {pages:,}", 1, pages, key="matching-board.page", width=140
        )
    for caption, foil, gap in pairs[SHOWN * (page - 1) : SHOWN * page]:
        _show_pair(board, frame, (caption, foil), gap)


def _show_pair(board: Board, frame: pd.DataFrame, pair: tuple[int, int], gap: float) -> None:
    texts = [str(frame["text"][n]) for n in pair]
    parts = foils.differing(*texts)
    told = [
        "".join(f"**{plain(p.text)}**" if p.differs else plain(p.text) for p in one)
        for one in parts
    ]
    name = str(frame["question_id"][pair[0]])
    with st.container(horizontal=True, vertical_alignment="center", key=f"line.pair {name}"):
        wanted = st.button(
            f"{gap:.2f}",
            icon=navigation.MATCHING.icon,
            key=f"matching-board.open {name}",
            help="The gap l1 − l0 of caption less foil. Open both on the page Matching",
            width=110,
        )
        st.markdown(f"{told[0]}  \n:gray[foil:] {told[1]}")
    row = board.row(name) if wanted else None
    if row is not None:
        handover.hold_against(row.text, texts[1])
        open_row(row, board.manifest["model"]["name"], navigation.MATCHING)
