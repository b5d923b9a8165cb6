"""The panel that judges one map on its own example; computed when it is opened."""

import streamlit as st

from lxmert_viz.experiments.proof import DRAWS, FEWEST, NOISE, Curves, Proof
from lxmert_viz.experiments.relevance import METHODS, Relevance
from lxmert_viz.figures.relevance import removal_curves
from lxmert_viz.ui.browser import saving
from lxmert_viz.ui.server import relevance, waiting
from lxmert_viz.ui.why import choice
from lxmert_viz.ui.why.naming import number, removal_named
from lxmert_viz.ui.why.view import View
from lxmert_viz.ui.wording import plain

NO_BETTER = "This map does no better than random here"
NOT_PROVEN = "Whether this map does better than random cannot be told here"
RANDOM = (
    "{}: as regions leave in its order, the target keeps {} logits on average. Of {} random orders "
    "{} make it fall as far or further (95 % of them keep {} to {})."
)
CAPTION = (
    "Removed: {}. {:,} forwards of the network. One example proves nothing of others: "
    "`check explanations` grades every method on many whose causes are known."
)
TOO_FEW = f"Fewer than {FEWEST} regions: no order of theirs can be tested."


def show(view: View, found: Relevance) -> Proof | None:
    """What it found; None while it is closed."""
    with st.expander(
        "Is it true here? Its proof",
        icon=":material/science:",
        on_change="rerun",
        key=f"why.proof {view.side}",
    ) as panel:
        if not panel.open:
            return None
        if view.chooses_removal:
            with st.container(horizontal=True):
                choice.choose_removal()
        judged = waiting.result_of(
            f"prove {view.key}",
            f"proving {METHODS[view.asked.method].title}",
            lambda report: relevance.proof(view.variant, view.asked, report),
        )
        if judged.curves is None:
            st.info(TOO_FEW)
        else:
            _show_curves(view, judged, judged.curves, found)
        st.markdown("\n".join(_lines(judged, found)))
        st.caption(CAPTION.format(removal_named(judged.removal), judged.forwards))
        return judged


def no_better(curves: Curves) -> str:
    """What is to be said of a map whose area is not below those of random orders."""
    mean, low, high = curves.random_areas
    area = curves.area(curves.positive)
    verdict = NO_BETTER if area >= mean - NOISE else NOT_PROVEN
    return RANDOM.format(verdict, number(area), DRAWS, curves.as_good, number(low), number(high))


def _show_curves(view: View, judged: Proof, curves: Curves, found: Relevance) -> None:
    mean, low, high = curves.random_areas
    lines = {
        f"most relevant first, area {number(curves.area(curves.positive))}": curves.positive,
        f"least relevant first, area {number(curves.area(curves.negative))}": curves.negative,
        f"fastest fall (greedy), area {number(curves.area(curves.oracle))}": curves.oracle,
        f"mean of {DRAWS} random orders, area {number(mean)} "
        f"({number(low)} to {number(high)})": curves.random.mean(axis=0),
    }
    statistic = [
        f"{choice.title(found.method)}: {found.target.name}, logits",
        f"Removed: {removal_named(judged.removal)}; words stay",
    ]
    figure = removal_curves(curves.shares, lines, curves.band, "As regions leave", statistic)
    saving.draw(figure, view.about, f"why.curves {view.side}")


def _lines(judged: Proof, found: Relevance) -> list[str]:
    signs = "removing them makes the target rise, which an unsigned map cannot say."
    if METHODS[found.method].is_signed:
        signs = "their sign is not that of what removing them does."
    lines = [
        f"- Comprehensiveness **{number(judged.comprehensiveness)} logits**: mean fall without the "
        "top 1, 5, 10, 20 and 50 % of words and regions. More is better.",
        f"- Sufficiency **{number(judged.sufficiency)} logits**: mean fall with these alone. "
        "Less is better.",
        f"- Sign violations **{judged.violations:.0%}** of words and regions: {signs}",
        f"- Complexity **{number(judged.complexity)}**: 0 is one word or region, 1 all alike.",
    ]
    if judged.another_target is not None:
        lines.append(
            f"- Rank correlation with the map for *{plain(judged.another)}*: "
            f"**{number(judged.another_target)}**. Near 1, it tells nothing of this answer."
        )
    if judged.retest is not None:
        lines.append(
            f"- Test-retest: rank correlation with other orders **{number(judged.retest)}**."
        )
    if found.gap is not None:
        lines.append(f"- Completeness gap **{found.gap:.2%}** of the whole effect.")
    return lines
