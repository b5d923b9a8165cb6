"""Traces of variants, and two of them side by side."""

from typing import NamedTuple

import streamlit as st

from lxmert_viz.analysis.answers import changes
from lxmert_viz.figures.answers import paired_bars, statistic
from lxmert_viz.records import Regions, Trace
from lxmert_viz.rounding import probability
from lxmert_viz.ui.browser import saving, stage
from lxmert_viz.ui.frame import results
from lxmert_viz.ui.server import answers, waiting
from lxmert_viz.ui.server.variant import Variant
from lxmert_viz.ui.what_if.history import Step
from lxmert_viz.ui.wording import plain

SHOWN = 4  # answers of each side
NO_HEAD = "no output head for answers: use lxmert-base, lxmert-vqa or lxmert-gqa"


class Side(NamedTuple):
    step: Step
    found: Trace


def regions(variant: Variant) -> Regions:
    """All regions of the picture, before any edit."""
    return waiting.result_of(
        f"look {variant.model} {variant.asked} {variant.picture.digest}",
        f"looking for regions with {variant.model}",
        lambda report: answers.regions_of(variant, report),
    )


def show(one: Side, other: Side, side: str) -> None:
    """Both stages, which move together, and between them what the model answers to each.

    side: what the other one is called, as in "after".
    """
    left, middle, right = st.columns([5, 3, 5], gap="medium")
    with left:
        _head(one)
        stage.show(results.stage_payload(one.step.variant), key=f"stage.step {one.step.number}")
    with middle:
        show_answers((one.step.name, one.found), (other.step.name, other.found), side)
    with right:
        _head(other)
        payload = results.stage_payload(other.step.variant, (one.step.name, one.step.variant))
        with st.container(key="stage.follower"):  # moved by the controls of the first
            stage.show(payload, key=f"stage.step {other.step.number}")


def show_alone(step: Step) -> None:
    stage.show(results.stage_payload(step.variant), key=f"stage.step {step.number}")


def _head(of: Side) -> None:
    """Its name, what was asked, the first answer and who gave it, in two lines."""
    found = of.found
    first = f" → **{plain(found.answers[0].text)}**" if found.answers else ""
    asked = "" if of.step.name == found.tokens.text else f"{plain(found.tokens.text)}{first} · "
    name = f"**{plain(of.step.name)}**{'' if asked else first}"
    st.markdown(f"{name}  \n:small[{asked}{plain(found.model)}]")


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
    with st.container(horizontal=True, gap="medium", key="sides.match"):
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
            st.caption(f"P(match): {plain(lacking.model)} has no output head for matching.")


def _change(before: float | None, after: float | None) -> tuple[str, str | None]:
    if before is None or after is None:
        return ("none" if after is None else probability(after, 3)), None
    change = round(after - before, 3)
    return probability(after, 3), f"{change:+.3f}" if change else None


def _measures(first: Trace, second: Trace) -> str:
    measures = [statistic(found.answer_kind, len(found.answers)) for found in (first, second)]
    if measures[0] == measures[1]:
        return measures[0]
    return f"{measures[0]}, against {measures[1]}"
