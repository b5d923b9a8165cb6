"""Two runs over the same examples: what the second fixed, what it broke, and whether by chance."""

import math

import pandas as pd
import streamlit as st

from lxmert_viz.figures.comparison import gain_points
from lxmert_viz.records import RIGHT_FROM
from lxmert_viz.results.columns import title_of
from lxmert_viz.results.row import Row
from lxmert_viz.results.two_runs import BOTH_RIGHT, BOTH_WRONG, BROKEN, CHANGES, FIXED, TwoRuns
from lxmert_viz.runs import comparison
from lxmert_viz.runs.comparison import Change
from lxmert_viz.ui.browser import saving
from lxmert_viz.ui.frame import navigation
from lxmert_viz.ui.mistakes import run_pairs
from lxmert_viz.ui.mistakes.row import open_row
from lxmert_viz.ui.server import boards, catalogue
from lxmert_viz.ui.wording import plain

ROWS = 20
MEANINGS = {
    FIXED: "Fixed",
    BROKEN: "Broken",
    BOTH_WRONG: "Wrong in both",
    BOTH_RIGHT: "Right in both",
}
CHANCE = 0.05
SHOWN = {
    "text": "Question",
    "right": "Right",
    "answer_before": "Before",
    "answer_after": "After",
    "probability_before": "Sure before",
    "probability_after": "Sure after",
}


def choose() -> tuple[str, str] | None:
    """Names of two finished runs; None where there are not two."""
    names = [name for name in catalogue.run_names() if catalogue.is_whole(name)]
    if len(names) < 2:
        st.info(
            "Two finished runs are needed, and there "
            + ("is one. " if names else "is none yet. ")
            + "Ask a model all questions of a dataset on the page Mistakes, then another model.",
            icon=":material/compare_arrows:",
        )
        navigation.link(navigation.MISTAKES, "Open Mistakes")
        return None
    chosen = run_pairs.chosen(names)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        before, after = (
            st.selectbox(
                label, names, names.index(name), width=330, format_func=catalogue.title_of_run
            )
            for label, name in zip(("Before", "After"), chosen, strict=True)
        )
        st.button(
            "Swap",
            icon=":material/swap_horiz:",
            on_click=run_pairs.choose,
            args=(after, before),
        )
    run_pairs.choose(before, after)
    return before, after


def show_numbers(runs_: TwoRuns, whole: Change) -> None:
    gain = whole.gain
    with st.container(horizontal=True, gap="medium", key="two-runs.numbers"):
        st.metric("Before", f"{whole.before:.3f}", width="content")
        st.metric("After", f"{whole.after:.3f}", width="content")
        st.metric(
            "Gain",
            f"{gain.mean:+.3f}",
            help=f"95% interval {gain.low:+.4f} to {gain.high:+.4f} (Agresti and Min's).",
            width="content",
        )
        st.metric("Fixed", f"{whole.fixed:,}", width="content")
        st.metric("Broken", f"{whole.broken:,}", width="content")
    st.markdown(sentence(whole))
    alone = " and ".join(
        f"{count:,} only {when}"
        for count, when in zip(runs_.alone, ("before", "after"), strict=True)
        if count
    )
    st.caption(
        f"Mean scores, 0 to 1, of {whole.rows:,} rows that both runs score. Fixed: wrong before "
        f"(score below {RIGHT_FROM}), right after. p: McNemar's exact test, two-sided."
        + (f" Left out: {alone}." if alone else "")
    )


def sentence(whole: Change) -> str:
    if not whole.fixed + whole.broken:
        return "**No row turned from right to wrong or back.**"
    chance = f"p = {whole.p:.2g}"
    if whole.p >= CHANCE:
        counts = f"{whole.fixed:,} fixed and {whole.broken:,} broken"
        return f"**Chance alone could explain this**: {counts} differ too little ({chance})."
    better = "more was fixed than broken" if whole.fixed > whole.broken else "more broke than not"
    return f"**This is more than chance**: {better} ({chance})."


def show_kinds(pair: TwoRuns) -> None:
    filled = pair.filled()
    if not filled:
        return
    by = st.selectbox("By", filled, format_func=title_of, width=260)
    parts = comparison.by_type(pair, by)
    notes = [
        f"{part.rows:,} rows, {part.fixed:,} fixed, {part.broken:,} broken, p = {part.p:.2g}"
        for part in parts
    ]
    figure = gain_points(
        [f"{part.value} ({part.rows:,})" for part in parts],
        [part.gain.mean for part in parts],
        [(part.gain.low, part.gain.high) for part in parts],
        notes,
    )
    told = [
        f"{when}: model {run['model']['name']}, dataset {run['data']['name']}."
        for when, run in (("Before", pair.before), ("After", pair.after))
    ]
    saving.draw(figure, told, "two-runs.kinds")
    found = [f"{plain(part.value)} (p = {part.p:.2g})" for part in parts if part.p < CHANCE]
    st.caption(
        ("More than chance: " + ", ".join(found) + ". " if found else "None is more than chance. ")
        + f"Corrected for {len(parts)} kinds (Holm)."
    )


def show_rows(pair: TwoRuns, after: str) -> None:
    """after: the run's name."""
    counts = pair.changes()
    change = st.segmented_control(
        "Rows",
        CHANGES,
        default=FIXED,
        required=True,
        format_func=lambda name: f"{MEANINGS[name]} ({counts[name]:,})",
        key="two-runs.change",
        persist_state="session",
    )
    pages = max(math.ceil(counts[change] / ROWS), 1)
    page = 1
    if pages > 1:
        page = st.number_input(
            f"Page of {pages:,}", 1, pages, key=f"two-runs.page {change}", width=160
        )
    rows = pair.page(f'change="{change}"', ROWS, (page - 1) * ROWS)
    if not len(rows):
        st.info("There is no such row.", icon=":material/check:")
        return
    name = choose_row(rows, f"{change} {page}")
    board = boards.board(after)
    open_chosen(board.row(name) if name else None, board.manifest["model"]["name"])


def choose_row(rows: pd.DataFrame, key: str) -> str | None:
    """The id of the example that is chosen."""
    table = rows[list(SHOWN)].rename(columns=SHOWN)
    table.insert(0, "Picture", rows["picture_file"].fillna("").map(boards.thumbnail_of))
    event = st.dataframe(
        table,
        column_config={
            "Picture": st.column_config.ImageColumn(width=84),
            "Question": st.column_config.TextColumn(width=370),
            "Sure before": st.column_config.NumberColumn(format="%.3f", width=86),
            "Sure after": st.column_config.NumberColumn(format="%.3f", width=80),
        },
        hide_index=True,
        row_height=56,
        height=56 * min(len(rows), 7) + 40,
        on_select="rerun",
        selection_mode="single-row",
        key=f"two-runs.rows {key}",
    )
    return next((rows["question_id"][place] for place in event.selection.rows), None)


def open_chosen(row: Row | None, model: str) -> None:
    if row is None:
        st.caption("Choose a row at its left edge to look inside the model.")
        return
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        st.markdown(f"**{plain(row.text)}**", width="content")
        if st.button("Look inside at this row", icon=":material/visibility:", type="primary"):
            open_row(row, model)


navigation.heading(navigation.TWO_RUNS)
names = choose()
if names is not None:
    pair = boards.pair(*names)
    whole = comparison.overall(pair)
    if whole is None:
        st.info("None of these rows has a right answer, so neither run is better.")
    else:
        show_numbers(pair, whole)
        show_kinds(pair)
        show_rows(pair, names[1])
