"""Every head off once, and any of them together."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from lxmert_viz.config import LxmertConfig
from lxmert_viz.experiments import head_slots
from lxmert_viz.experiments.atlas import MEAN, OFF, RANKINGS, ZERO, Atlas, Judged
from lxmert_viz.experiments.head_slots import Slot, flat, place_named
from lxmert_viz.figures import causes as figures
from lxmert_viz.records import FAMILIES, Trace
from lxmert_viz.ui.browser import saving
from lxmert_viz.ui.causes import choice, keeping, linked
from lxmert_viz.ui.causes.choice import Asked
from lxmert_viz.ui.causes.linked import Option, one_of
from lxmert_viz.ui.frame import address
from lxmert_viz.ui.server import causes, models, waiting
from lxmert_viz.ui.server.answers import unheard

HEADS = "heads-off"  # key of the address: family.layer.head, counted from 1, between commas
OFF_KEY, CURVES = "heads-write", "heads-curves"  # keys of the address
WAYS = ("keeping", "removing")
TOP = 4  # heads that are switched off until a person chooses


def show_atlas(asked: Asked) -> None:
    off = _choose_off()
    found = waiting.result_of(
        f"atlas {asked.key} {off}",
        "switching every head off",
        lambda report: causes.atlas(asked.variant, asked.target, off, report),
    )
    config = models.pipeline(asked.variant.model).network.config
    done = f"A head alone {OFF[off]}. Target: {asked.target.name}, {found.value:.2f} logits"
    left, right = st.columns([11, 9], gap="large")
    with left:
        figure = _cells(found, config, done)
        event = saving.draw(
            figure, asked.about, "causes.atlas", on_select="rerun", selection_mode="points"
        )
        _offer_operation(event, config)
    with right:
        names = [slot.name for slot in head_slots.slots(config)]
        titled = "Which heads look, and which matter"
        figure = figures.looks_and_matters(
            flat(found.looks), flat(found.exact), names, titled, done
        )
        saving.draw(figure, asked.about, "causes.looks")
        _show_rankings(asked, found)
    st.caption(_told(found))
    keeping.offer(asked, asked.cause("atlas", {"off": off}))


def _cells(found: Atlas, config: LxmertConfig, done: str) -> figures.go.Figure:
    """A row a layer, a column a head."""
    exact = flat(found.exact)
    reach = float(np.abs(exact).max()) or 1.0
    layers = [place_named(*key) for key in head_slots.layer_keys(config)]
    return figures.cells(
        exact.reshape(len(layers), -1),
        layers,
        [f"head {n + 1}" for n in range(config.num_attention_heads)],
        "How far the target falls without each head",
        f"{done}.<br>Orange: it falls. Colours end at ±{reach:.2f} logits",
        reach=reach,
        unit="logits",
        can_be_chosen=True,
    )


def _offer_operation(event: Any, config: LxmertConfig) -> None:
    """event: which cells are clicked."""
    every, heads = head_slots.slots(config), config.num_attention_heads
    cells = [point["customdata"] for point in event.selection.points if "customdata" in point]
    picked = [every[int(row) * heads + int(column)] for row, column in cells]
    if not picked:
        st.caption("Click a head, more with Shift, to switch them off together.")
        return
    label = f"Switch off together: {', '.join(slot.name for slot in picked[:3])}"
    label += f" and {len(picked) - 3} more" if len(picked) > 3 else ""
    st.button(label, icon=":material/toggle_off:", on_click=_operate_on, args=(picked,))


def _operate_on(picked: list[Slot]) -> None:
    st.session_state["causes.single"] = picked
    choice.turn_to("off")


def _show_rankings(asked: Asked, found: Atlas) -> None:
    judged = [
        waiting.result_of(
            f"judge {asked.key} {found.off} {ranking}",
            f"keeping the top heads by {RANKINGS[ranking]}",
            lambda report, ranking=ranking: causes.judged(
                asked.variant, asked.target, found.off, ranking, report
            ),
        )
        for ranking in RANKINGS
    ]
    way = linked.choose(
        Option("causes.way", CURVES, one_of(WAYS), WAYS[0]),
        st.segmented_control,
        "Curves of",
        WAYS,
        format_func=lambda name: f"{name} the top heads",
        label_visibility="collapsed",
        required=True,
    )
    lines = {_named(one): getattr(one, way) for one in judged}
    figure = figures.ranking_curves(
        judged[0].sizes,
        lines,
        f"{way.capitalize()} the top heads of each ranking",
        "Share of the target: 0 without any head, 1 with all; by number of heads. Control: random",
    )
    saving.draw(figure, asked.about, "causes.rankings")


def _named(one: Judged) -> str:
    dead = f", {one.dead} that cannot matter among its first" if one.dead else ""
    return f"{RANKINGS[one.ranking]}: CPR {one.cpr:.2f}, CMD {one.cmd:.2f}{dead}"


def _told(found: Atlas) -> str:
    exact, guess = flat(found.exact), flat(found.estimate)
    likeness = float(np.corrcoef(exact, guess)[0, 1]) if exact.std() and guess.std() else 0.0
    return (
        f"{exact.size} heads; cross-attention shares its weights between both directions, and each "
        "direction is a head here. The regions' heads of the last layer have exactly no effect on "
        f"answers: only words are read after it. Gradients correlate with the effects at "
        f"{likeness:.2f}. CPR is the area under the curve of keeping (high is good), CMD its "
        "distance from 1 (low is good). One head off understates heads that others stand in for."
    )


def show_operation(asked: Asked) -> None:
    pipeline = models.pipeline(asked.variant.model)
    every = head_slots.slots(pipeline.network.config)
    off = _choose_off()
    chosen = _choose_heads(asked, every)
    if not chosen:
        st.info("Choose at least one layer or head to switch off.", icon=":material/toggle_off:")
        return
    found, after = waiting.result_of(
        f"operate {asked.key} {off} {chosen}",
        f"asking without {len(chosen)} heads",
        lambda report: causes.operation(asked.variant, asked.target, chosen, off, report),
    )
    before = asked.found
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
    _show_answers(before, after)
    verdict = "do more or less than" if found.is_special else "do no more than"
    moved = max(
        float(np.abs(after.attention[name] - maps).max(initial=0))
        for name, maps in before.attention.items()
    )
    st.caption(
        f"These heads {verdict} random ones. A head that is off {OFF[off]}. Of all maps after "
        f"them, the weight that moves most moves by {moved:.2f}."
    )
    options = {"heads": [list(slot) for slot in chosen], "off": off}
    keeping.offer(asked, asked.cause("surgery", options))


def _show_answers(before: Trace, after: Trace) -> None:
    """The first answers of both runs, and the match."""
    shares = [{a.text: a.probability for a in trace.answers} for trace in (before, after)]
    shown = dict.fromkeys(a.text for trace in (before, after) for a in trace.answers[:3])
    rows = [(text, *(share[text] for share in shares)) for text in shown]
    if before.match is not None and after.match is not None:
        rows.append(("P(match)", before.match, after.match))
    table = pd.DataFrame(rows, columns=["answer", "with every head", "without the chosen"])
    st.dataframe(table.round(3), hide_index=True, width=460)


def _choose_off() -> str:
    return linked.choose(
        Option("causes.off", OFF_KEY, one_of(OFF), ZERO),
        st.segmented_control,
        "A head that is off",
        list(OFF),
        format_func={ZERO: "writes nothing", MEAN: "writes its mean"}.get,
        help=f"It {OFF[ZERO]}, or it {OFF[MEAN]}.",
        required=True,
    )


def _choose_heads(asked: Asked, every: list[Slot]) -> tuple[Slot, ...]:
    """Whole layers and single heads, together."""
    keys = list(dict.fromkeys(slot[:2] for slot in every))
    held = st.session_state
    if "causes.single" not in held:
        told = _from_address(every)
        held["causes.single"] = told or _first(asked, every)
    held["causes.single"] = [slot for slot in held["causes.single"] if slot in every]
    layers = st.multiselect(
        "Whole layers", keys, format_func=lambda key: place_named(*key), key="causes.layers"
    )
    single = st.multiselect(
        "Heads",
        every,
        format_func=lambda slot: slot.name,
        key="causes.single",
        persist_state="session",
    )
    chosen = tuple(slot for slot in every if slot in single or slot[:2] in layers)
    told = ",".join(f"{s.family}.{s.layer + 1}.{s.head + 1}" for s in chosen)
    address.put({HEADS: told if len(told) < 1500 else ""})
    return chosen


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
