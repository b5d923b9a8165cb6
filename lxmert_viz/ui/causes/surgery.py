"""Heads switched off together, chosen in a drawing of the model, beside as many random ones."""

from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from lxmert_viz.analysis.layer_names import place_named
from lxmert_viz.experiments import head_slots
from lxmert_viz.experiments.head_slots import Slot, flat
from lxmert_viz.figures import causes as figures
from lxmert_viz.figures import model_drawing as drawings
from lxmert_viz.figures.model_drawing import WHOLE
from lxmert_viz.records import FAMILIES, Trace
from lxmert_viz.rounding import probability
from lxmert_viz.ui.browser import saving
from lxmert_viz.ui.causes import keeping, linked, off_heads
from lxmert_viz.ui.causes.choice import Asked
from lxmert_viz.ui.frame import address
from lxmert_viz.ui.server import causes, models, waiting
from lxmert_viz.ui.server.answers import unheard
from lxmert_viz.ui.server.causes import Off

HEADS = "heads-off"  # key of the address: family.layer.head, counted from 1, between commas
LASSO = "heads-lasso"  # and this
LONGEST = 1500  # characters of it
SINGLE, DRAWN = "causes.single", "causes.drawn"
TOP = 4  # heads that are switched off until a person chooses
NOTHING = "Choose at least one head to switch off."


def show(asked: Asked) -> None:
    pipeline = models.pipeline(asked.variant.model)
    every = head_slots.slots(pipeline.network.config)
    off = off_heads.choose(asked.variant.model)
    left, right = st.columns([11, 9], gap="large")
    with left:
        chosen = _choose_heads(asked, every)
    with right:
        if chosen:
            _show_effect(asked, chosen, off)
        else:
            st.info(NOTHING, icon=":material/toggle_off:")


def _show_effect(asked: Asked, chosen: tuple[Slot, ...], off: Off) -> None:
    found, after = waiting.result_of(
        f"operate {asked.key} {off} {chosen}",
        f"asking without {len(chosen)} heads",
        lambda report: causes.operation(asked.variant, asked.target, chosen, off, report),
    )
    low, high = found.band
    place = "of the same families" if found.same_family else "of all families"
    figure = figures.before_after(
        found.before,
        found.after,
        found.controls,
        f"{len(chosen)} head{'s' * (len(chosen) > 1)} off",
        f"Target: {asked.target.name}, logits. Control: {len(found.controls)} random sets of as "
        f"many heads {place}<br>(95 % of them leave {low:.2f} to {high:.2f})",
    )
    saving.draw(figure, asked.about, "causes.operation")
    _show_answers(asked.found, after)
    verdict = "do no more than"
    if found.is_special:
        verdict = "do more for the target than" if found.after < low else "do less for it than"
    moved = max(
        float(np.abs(after.attention[name] - maps).max(initial=0))
        for name, maps in asked.found.attention.items()
    )
    st.caption(
        f"These heads {verdict} random ones. A head that is off {off_heads.named(off)}. Of all "
        f"maps after them, the weight that moves most moves by {moved:.2f}."
    )
    options = {"heads": [list(slot) for slot in chosen], **off.told(asked.variant.model)}
    keeping.offer(asked, asked.cause("surgery", options))


def _show_answers(before: Trace, after: Trace) -> None:
    """The first answers of both runs, and the match."""
    shares = [{a.text: a.probability for a in trace.answers} for trace in (before, after)]
    shown = dict.fromkeys(a.text for trace in (before, after) for a in trace.answers[:3])
    rows = [(text, *(probability(share[text], 3) for share in shares)) for text in shown]
    if before.match is not None and after.match is not None:
        rows.append(("P(match)", probability(before.match, 3), probability(after.match, 3)))
    table = pd.DataFrame(rows, columns=["answer", "with every head", "without the chosen"])
    st.dataframe(table, hide_index=True, width=460)


def _chosen(asked: Asked, every: list[Slot]) -> list[Slot]:
    """What the address tells, or those that seem to matter most, until a person chooses."""
    held = st.session_state
    if SINGLE not in held:
        held[SINGLE] = _from_address(every) or _first(asked, every)
    held[SINGLE] = [slot for slot in held[SINGLE] if slot in every]
    return held[SINGLE]


def _choose_heads(asked: Asked, every: list[Slot]) -> tuple[Slot, ...]:
    """By clicks in the drawing of the model, a lasso over it, or by name."""
    before = _chosen(asked, every)
    is_lasso = linked.toggle("causes.lasso", LASSO, "Draw a line around heads")
    key = f"causes.drawing {is_lasso} {st.session_state.get(DRAWN, 0)}"
    saving.draw(
        _drawing(asked, before, is_lasso),
        asked.about,
        key,
        on_select=partial(_follow_click, key, every),
        selection_mode="lasso" if is_lasso else "points",
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        single = st.multiselect(
            "Heads",
            every,
            format_func=lambda slot: slot.name,
            key=SINGLE,
            persist_state="session",
        )
        st.selectbox(
            "Add a whole layer or family",
            _groups(every),
            format_func=lambda group: group[0],
            index=None,
            key="causes.add",
            on_change=_add,
            width=230,
        )
    chosen = tuple(slot for slot in every if slot in single)
    told = ",".join(f"{s.family}.{s.layer + 1}.{s.head + 1}" for s in chosen)
    address.put({HEADS: told if len(told) < LONGEST else ""})
    return chosen


def _drawing(asked: Asked, off: list[Slot], is_lasso: bool) -> drawings.go.Figure:
    """is_lasso: dragging selects; a click then does nothing, as Plotly's page has it."""
    estimate = causes.estimate(asked.variant, asked.target, unheard)
    way = "Drag a line around heads" if is_lasso else "Click a head, or a layer's name"
    figure = drawings.model_drawing(
        estimate,
        [tuple(slot) for slot in off],
        "Which heads are off",
        f"{way}.<br>Colour: the target's fall without the head, by its gradient, logits",
        "logits by gradient",
    )
    return figure.update_layout(dragmode="lasso" if is_lasso else False)


def _groups(every: list[Slot]) -> list[tuple[str, tuple[Slot, ...]]]:
    """Families, then layers: the name of each, and its heads."""
    families = dict.fromkeys(slot.family for slot in every)
    layers = dict.fromkeys(slot[:2] for slot in every)
    found = [
        (f"all of: {FAMILIES[name].title}", tuple(s for s in every if s.family == name))
        for name in families
    ]
    return found + [(place_named(*k), tuple(s for s in every if s[:2] == k)) for k in layers]


def _add() -> None:
    picked = st.session_state["causes.add"]
    if picked:
        st.session_state["causes.add"] = None
        _switch(list(picked[1]), to_off=True)


def _follow_click(key: str, every: list[Slot]) -> None:
    """A click turns a head or a layer over; a lasso switches off what it holds, or on again."""
    event = st.session_state[key].selection
    told = [point["customdata"] for point in event.points if "customdata" in point]
    is_lasso = bool(event.get("lasso"))
    picked = [
        slot
        for family, layer, head in told
        for slot in every
        if slot[:2] == (family, int(layer))
        and (slot.head == head or (head == WHOLE and not is_lasso))
    ]
    if picked:
        _switch(picked, to_off=not set(picked) <= set(st.session_state[SINGLE]))


def _switch(picked: list[Slot], to_off: bool) -> None:
    """The drawing is made anew, so that nothing stays selected in it."""
    held = st.session_state
    others = [slot for slot in held[SINGLE] if slot not in picked]
    held[SINGLE] = others + picked if to_off else others
    held[DRAWN] = held.get(DRAWN, 0) + 1


def _first(asked: Asked, every: list[Slot]) -> list[Slot]:
    """Those that matter most, as gradients estimate it."""
    estimate = flat(causes.estimate(asked.variant, asked.target, unheard))
    return [every[place] for place in np.argsort(-np.abs(estimate), kind="stable")[:TOP]]


def _from_address(every: list[Slot]) -> list[Slot]:
    found = []
    for part in address.told().get(HEADS, "").split(","):
        family, *numbers = part.split(".")
        counted = [address.number(text) for text in numbers]
        if family in FAMILIES and len(counted) == 2 and None not in counted:
            found.append(Slot(family, counted[0] - 1, counted[1] - 1))
    return [slot for slot in found if slot in every]
