"""Knowing and using: what probes read in states by layer, beside what patching them moves."""

import pandas as pd
import streamlit as st

from lxmert_viz.figures.knowing import by_depth
from lxmert_viz.runs import knowing as runs
from lxmert_viz.ui.browser import saving
from lxmert_viz.ui.causes.choice import Asked
from lxmert_viz.ui.server import causes
from lxmert_viz.ui.wording import plain

USED = 0.1  # effect, below which a state is not used
NONE = (
    "Nobody measured {model} yet. `cause DATASET --view knowing --model {model} --table "
    "FOLDER/{file}` does it, on a dataset whose files mark objects (`make-scenes 200`); FOLDER is "
    "the model's."
)
CAPTION = (
    "{count} questions, which ask one property of one marked object and are answered right, of a "
    "set and not of the question above. Target: the right answer rather than that of the region "
    "whose features the asked one has in the corrupted run. Probes are linear, and each state is "
    "read by one that never saw its picture; the most frequent value is right in {majority:.0%}. "
    "Bands: 95 % intervals. Control: mean of patching every other region, or word. No file of this "
    "experiment is saved: it is of a set, and `cause DATASET --view knowing` measures it again."
)


def show(asked: Asked) -> None:
    model = asked.variant.model
    table = causes.measured(model, runs.KNOWING, runs.COLUMNS)
    if table is None:
        st.info(NONE.format(model=plain(model), file=runs.KNOWING), icon=":material/help:")
        return
    with st.container(key="figure.wide"):
        saving.draw(by_depth(table, model), [f"Model {model}"], "causes.knowing")
    for row in known_and_unused(table).itertuples():
        st.markdown(f"**{_told(row)}**")
    first = table.iloc[0]
    st.caption(CAPTION.format(count=first.examples, majority=first.majority))


def known_and_unused(table: pd.DataFrame) -> pd.DataFrame:
    """Of each place, the last depth where a probe reads what patching does not move."""
    is_known = table["probe_low"] > table["majority"]
    found = table[is_known & (table["effect_high"] < USED)]
    return found.groupby("place", sort=False).tail(1)


def _told(row: object) -> str:
    low = round(row.effect_low, 2) + 0.0  # no minus before a nought
    return (
        f"At {row.depth} the {row.place} is known and not used: a probe is right in "
        f"{row.probe:.0%} ({row.probe_low:.0%} to {row.probe_high:.0%}), and patching moves "
        f"{row.effect:.2f} ({low:.2f} to {row.effect_high:.2f}) of the answer."
    )
