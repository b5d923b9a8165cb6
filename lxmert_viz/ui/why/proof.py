"""The panel that judges one map on its own example; computed when it is opened."""

import streamlit as st

from lxmert_viz.experiments.proof import DRAWS, EDITS, FEWEST, NOISE, SMALL, Curves, Proof
from lxmert_viz.experiments.relevance import METHODS, Relevance
from lxmert_viz.figures.removal import removal_curves
from lxmert_viz.ui.browser import saving
from lxmert_viz.ui.server import relevance, waiting
from lxmert_viz.ui.why import choice
from lxmert_viz.ui.why.naming import number, removal_named
from lxmert_viz.ui.why.view import View
from lxmert_viz.ui.wording import plain

NO_BETTER = "This map does no better than random here"
NOT_PROVEN = "Whether this map does better than random cannot be told here"
RANDOM = (
    "{}: as {} leave in its order, the target keeps {} logits on average. Of {} random orders "
    "{} make it fall as far or further (95 % of them keep {} to {})."
)
CAPTION = (
    "Removed: {}. {:,} forwards of the network. One example proves nothing of others: "
    "`check explanations` grades every method on many whose causes are known."
)
STAY = {"regions": "words", "words": "regions"}
TOO_FEW = "Fewer than {} {}: no order of theirs can be tested."


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
        for things, curves in curves_by_kind(judged).items():
            if curves is None:
                st.info(TOO_FEW.format(FEWEST, things))
            else:
                _show_curves(view, judged, things, curves, found)
        st.markdown("\n".join(_lines(judged, found)))
        st.caption(CAPTION.format(removal_named(judged.removal), judged.forwards))
        return judged


def no_better(judged: Proof) -> list[str]:
    """What is to be said of a map whose areas are not below those of random orders."""
    return [
        _no_better(things, curves)
        for things, curves in curves_by_kind(judged).items()
        if curves is not None and not curves.beats_random
    ]


def curves_by_kind(judged: Proof) -> dict[str, Curves | None]:
    return {"regions": judged.regions, "words": judged.words}


def _no_better(things: str, curves: Curves) -> str:
    mean, low, high = curves.random_areas
    area = curves.area(curves.positive)
    verdict = NO_BETTER if area >= mean - NOISE else NOT_PROVEN
    numbers = number(area), DRAWS, curves.as_good, number(low), number(high)
    return RANDOM.format(verdict, things, *numbers)


def _show_curves(view: View, judged: Proof, things: str, curves: Curves, found: Relevance) -> None:
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
        f"Removed: {removal_named(judged.removal)}; {STAY[things]} stay",
    ]
    figure = removal_curves(curves.shares, lines, curves.band, things, statistic)
    saving.draw(figure, view.about, f"why.curves {things} {view.side}")


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
            f"**{number(judged.another_target)}**. Near 1, it tells nothing of this target alone."
        )
    lines.append(
        f"- Rank correlation with the map after the output head was shuffled: "
        f"**{number(judged.random_head)}**. Near 1, it does not rest on what that learnt."
    )
    if judged.sensitivity is not None:
        lines.append(
            f"- Max-sensitivity **{judged.sensitivity:.0%}**: the largest relative change of the "
            f"map in {EDITS} small edits, each moving every region's features by {SMALL:.0%} of "
            "their length. Less is better."
        )
    if judged.retest is not None:
        lines.append(
            f"- Test-retest: rank correlation with other orders **{number(judged.retest)}**."
        )
    if found.gap is not None:
        lines.append(f"- Completeness gap **{found.gap:.2%}** of the whole effect.")
    return lines
