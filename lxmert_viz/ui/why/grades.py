"""How every method does where the causes are known: one line of the chosen one, and all of them."""

import numpy as np
import pandas as pd
import streamlit as st

from lxmert_viz.experiments.relevance import METHODS
from lxmert_viz.going_out import as_csv
from lxmert_viz.runs.grades import GRADES, MEANS, RANDOM, SHARES, SIGN_PAIRS
from lxmert_viz.runs.known_causes import ALL, CONTENDED, ONE_LESS
from lxmert_viz.ui.server import relevance
from lxmert_viz.ui.why.choice import title
from lxmert_viz.ui.wording import plain

TITLE = "Where the cause is known: every method graded"
NONE = (
    "Nobody graded the methods on {name} yet. `check explanations --model {name} --dataset DATASET "
    "--out FOLDER/{file}` does it, on a dataset whose files mark objects; FOLDER is the model's."
)
HOW = (
    "{count} examples count for “all”: the model answers right, a region shows each object that "
    "the question is about, and the answer changes when all of these are left out. Elsewhere the "
    "cause cannot be seen: a “no” rests on no object. ✗: not beyond a map of noise (95 % interval)."
)
COUNTS = (
    "**Counts.** The runner-up of a count is mostly one more, and what speaks for five rather than "
    "six is not the five: occlusion points at a counted object in {:.0%} of {} counts against the "
    "runner-up, and in {:.0%} against one less. Ask a count *rather than one less*."
)
GRADIENTS = (
    "**Integrated gradients** point right in {:.0%} of {} comparisons, occlusion in {:.0%}. Their "
    "path begins where every word is [MASK] and every region's features are zero, and both cost: "
    "on the miniature's 27 comparisons the same gradients with all words in place point right in "
    "78%, and occlusion that zeroes regions, which then still stand there, in 85%."
)
SIGNS = (
    "**Signs.** In the {count} questions of the type “{kind}” another object of the same shape "
    "would have another answer, which the model gives once the right object is left out. So that "
    "object speaks against the answer, and its number should be negative. Unsigned methods cannot "
    "say so."
)


def line(model: str, method: str) -> str:
    """The grade of one method; "" where there is none."""
    table = relevance.grades(model)
    if table is None:
        return ""
    rows = table.set_index(["method", "type"])
    if (method, ALL) not in rows.index:
        return ""
    own, noise = rows.loc[(method, ALL)], rows.loc[(RANDOM, ALL)]
    told = (
        f"Graded on {own.examples:,} questions whose cause is known: its top region is right in "
        f"**{_share(own, 'points_right')}** (noise: {noise.points_right:.0%})"
    )
    if METHODS[method].is_signed and (method, CONTENDED) in rows.index:
        signs = rows.loc[(method, CONTENDED)]
        told += f", its sign of a competitor in **{_share(signs, 'sign_right')}**"
        told += f" ({2 * SIGN_PAIRS} orders)" if method == "shapley" else ""
    return f"{told}."


def show(model: str) -> None:
    """Every method and type of question, as `check explanations` found them."""
    with st.expander(
        TITLE, icon=":material/fact_check:", on_change="rerun", key="why.grades"
    ) as at:
        if not at.open:
            return
        table = relevance.grades(model)
        if table is None:
            st.info(NONE.format(name=plain(model), file=GRADES))
            return
        _show_table(table[table.method != ""])
        _show_left_out(table[table.method == ""])
        st.download_button(
            "All of it (CSV)",
            as_csv(table, "%.6g"),
            GRADES,
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
        )


def _show_table(graded: pd.DataFrame) -> None:
    st.markdown("**Share of examples whose top region is one that the question is about**")
    st.dataframe(by_type(graded), width="stretch")
    rows = graded.set_index(["method", "type"])
    st.caption(HOW.format(count=f"{rows.loc[(RANDOM, ALL)].examples:,}"))
    told = []
    for kind in graded.type.unique():
        other = f"{kind}, {ONE_LESS}"
        if other in set(graded.type):
            one, less = rows.loc[("occlusion", kind)], rows.loc[("occlusion", other)]
            told.append(COUNTS.format(one.points_right, one.examples, less.points_right))
    if ("integrated-gradients", "comparison") in rows.index:
        own, other = (
            rows.loc[(name, "comparison")] for name in ("integrated-gradients", "occlusion")
        )
        told.append(GRADIENTS.format(own.points_right, own.examples, other.points_right))
    if (RANDOM, CONTENDED) in rows.index:
        count = rows.loc[(RANDOM, CONTENDED)].examples
        told.append(SIGNS.format(count=f"{count:,}", kind=CONTENDED))
    st.markdown("  \n".join(told))
    kinds = [ALL, *(kind for kind in graded.type.unique() if kind != ALL)]
    kind = st.selectbox("All numbers of one type of question", kinds, key="why.grades type")
    st.dataframe(of_type(graded, kind), width="stretch")
    meant = [f"*{name.replace('_', ' ')}*: {said}" for name, said in (SHARES | MEANS).items()]
    st.caption("; ".join(meant) + ". Other maps are compared by Spearman's rank correlation.")


def by_type(graded: pd.DataFrame) -> pd.DataFrame:
    """Methods down, types across: "97 % (93 to 99)", with ✗ where noise may do as well."""
    noise = graded[graded.method == RANDOM].set_index("type").points_right
    cells = graded.assign(
        method=[_named(method) for method in graded.method],
        cell=[
            _share(row, "points_right") + _mark(row, noise[row.type]) for row in graded.itertuples()
        ],
    )
    found = cells.pivot(index="method", columns="type", values="cell")
    kinds, methods = list(graded.type.unique()), list(cells.method.unique())
    first = graded[graded.method == RANDOM].set_index("type")
    found.loc["examples"] = [f"{first.examples[kind]:,}" for kind in found.columns]
    found.loc["of all, the cause is seen in"] = [
        f"{first.seen[kind]:.0%}" for kind in found.columns
    ]
    return found.loc[["examples", "of all, the cause is seen in", *methods], kinds]


def of_type(graded: pd.DataFrame, kind: str) -> pd.DataFrame:
    """A row a method, a column a number."""
    own = graded[graded.type == kind]
    found = pd.DataFrame(index=[_named(method) for method in own.method])
    for name in SHARES:
        found[name.replace("_", " ")] = [_share(row, name) for row in own.itertuples()]
    for name in MEANS:
        shown = own[name].map("{:.2f}".format if name != "forwards" else "{:.0f}".format)
        found[name.replace("_", " ")] = shown.where(own[name].notna(), "").to_numpy()
    return found


def _show_left_out(left: pd.DataFrame) -> None:
    st.markdown("**Examples that do not count, and why**")
    reasons = left.pivot_table(
        index="left_out", columns="type", values="examples", aggfunc="sum", fill_value=0
    )
    st.dataframe(reasons.rename_axis("", axis=0), width="stretch")


def _named(method: str) -> str:
    return "noise" if method == RANDOM else title(method)


def _share(row: pd.Series, name: str) -> str:
    share, low, high = (getattr(row, f"{name}{end}") for end in ("", "_low", "_high"))
    return "" if np.isnan(share) else f"{share:.0%} ({low * 100:.0f} to {high * 100:.0f})"


def _mark(row: pd.Series, noise: float) -> str:
    return " ✗" if row.method != RANDOM and row.points_right_low <= noise else ""
