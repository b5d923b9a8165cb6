"""Traces of variants, and two of them side by side."""

import streamlit as st

from lxmert_viz.analysis.answers import changes
from lxmert_viz.figures.answers import paired_bars, statistic
from lxmert_viz.records import Regions, Trace
from lxmert_viz.ui.browser import saving, stage
from lxmert_viz.ui.frame import results
from lxmert_viz.ui.server import answers, waiting
from lxmert_viz.ui.server.variant import Variant
from lxmert_viz.ui.what_if.history import Step
from lxmert_viz.ui.wording import plain

SHOWN = 4  # answers of each side
NO_HEAD = "no answer head: use lxmert-base, lxmert-vqa or lxmert-gqa"


def regions(variant: Variant) -> Regions:
    """All regions of the picture, before any edit."""
    return waiting.result_of(
        f"look {variant.model} {variant.asked} {variant.picture.digest}",
        f"looking for regions with {variant.model}",
        lambda report: answers.regions_of(variant, report),
    )


def show_maps(one: Step, other: Step) -> None:
    """The stage of each; one stage where both are the same."""
    if one is other:
        stage.show(results.stage_payload(one.variant), key=f"stage.step {one.number}")
        return
    st.caption("Both stages move together, and their colours have one scale.")
    for column, step in zip(st.columns(2, gap="medium"), (one, other), strict=True):
        with column:
            st.markdown(f"**{plain(step.name)}**")
            against = (one.name, one.variant) if step is other else None
            stage.show(
                results.stage_payload(step.variant, against), key=f"stage.step {step.number}"
            )


def show_answers(one: tuple[str, Trace], other: tuple[str, Trace], side: str) -> None:
    """Answers and P(match) of both. side: what the other one is called, as in "after"."""
    (first_name, first), (second_name, second) = one, other
    show_match(first, second, side)
    if not first.answers or not second.answers:
        lacking = first if not first.answers else second
        st.info(f"{plain(lacking.model)} has {NO_HEAD}.")
        return
    found = changes(first.answers, second.answers, SHOWN)
    names = [first_name, second_name]
    if first_name == second_name:
        names = [f"{first_name} (1)", f"{second_name} (2)"]
    bars = paired_bars(
        [change.text for change in found],
        {
            names[0]: [change.before for change in found],
            names[1]: [change.after for change in found],
        },
        _measures(first, second),
    )
    saving.draw(bars, saving.about(first, second), "sides.answers")


def show_match(first: Trace, second: Trace, side: str) -> None:
    """The first answers of both and P(match), as they are on the other side, with the change."""
    with st.container(horizontal=True, gap="large", key="sides.match"):
        if first.answers and second.answers:
            was, now = first.answers[0], second.answers[0]
            change = _change(was.probability, dict(second.answers).get(was.text))
            st.metric(f"“{plain(was.text)}” {side}", *change, delta_color="off")
            if now.text != was.text:
                before = dict(first.answers).get(now.text)
                change = _change(before, now.probability)
                st.metric(f"“{plain(now.text)}” {side}", *change, delta_color="off")
        if first.match is not None and second.match is not None:
            change = _change(first.match, second.match)
            st.metric(f"P(match) {side}", *change, delta_color="off")
        else:
            lacking = first if first.match is None else second
            st.caption(f"P(match): {plain(lacking.model)} has no matching head.")


def _change(before: float | None, after: float | None) -> tuple[str, str | None]:
    if before is None or after is None:
        return ("none" if after is None else f"{after:.3f}"), None
    change = round(after - before, 3)
    return f"{after:.3f}", f"{change:+.3f}" if change else None


def _measures(first: Trace, second: Trace) -> str:
    measures = [statistic(found.answer_kind, len(found.answers)) for found in (first, second)]
    if measures[0] == measures[1]:
        return measures[0]
    return f"{measures[0]}, against {measures[1]}"
