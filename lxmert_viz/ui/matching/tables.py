"""Tables of scores: drawn, sorted by a click on a column, saved as CSV."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from lxmert_viz.analysis import matching_tables as tables
from lxmert_viz.figures.saving import table_as_csv

HELP = {
    tables.SCORE: "l1 − l0 of the output head for matching",
    tables.P_MATCH: "The same as a probability",
    tables.BLANK: "The score of the words alone, without any region",
    tables.SEEN: "Score with the picture less the score without",
    tables.FOIL_SCORE: "l1 − l0 of the foil",
    tables.GAP: "The caption's score less its foil's: above 0 they are told apart",
}
ROW_PX, HEAD_PX, MOST_PX = 35, 40, 640


def show(
    table: pd.DataFrame, about: str, key: str, pictures: Sequence[str] | None = None
) -> list[int]:
    """The labels of the chosen rows. pictures: addresses of thumbnails, in the table's order."""
    shown = table if pictures is None else table.assign(**{"": list(pictures)})
    columns = list(shown.columns)
    if pictures is not None:
        columns = ["", *table.columns]
    numbers = [name for name in table.columns if pd.api.types.is_float_dtype(table[name])]
    formats = {
        name: st.column_config.NumberColumn(
            format="%.3f" if name == tables.P_MATCH else "%.2f", help=HELP.get(name)
        )
        for name in numbers
    }
    if pictures is not None:
        formats[""] = st.column_config.ImageColumn(width="small")
    event = st.dataframe(
        shown,
        hide_index=True,
        column_config=formats,
        column_order=columns,
        height=min(HEAD_PX + ROW_PX * len(shown), MOST_PX),
        on_select="rerun",
        selection_mode="multi-row",
        key=key,
    )
    st.download_button(
        "Save the table (CSV)",
        table_as_csv(table, about).encode(),
        "lxmert-matching.csv",
        "text/csv",
        icon=":material/table:",
        on_click="ignore",
        key=f"match-table.save {key}",
    )
    return [int(table.index[place]) for place in event.selection.rows]
