"""Every head off once."""

from typing import Any

import numpy as np
import streamlit as st

from lxmert_viz.analysis.layer_names import place_named
from lxmert_viz.config import LxmertConfig
from lxmert_viz.experiments import head_slots
from lxmert_viz.experiments.atlas import RANKINGS, Atlas, Judged
from lxmert_viz.experiments.head_slots import Slot, flat
from lxmert_viz.figures import causes as figures
from lxmert_viz.ui.browser import saving
from lxmert_viz.ui.causes import choice, keeping, linked, off_heads
from lxmert_viz.ui.causes.choice import Asked
from lxmert_viz.ui.causes.linked import Option, one_of
from lxmert_viz.ui.server import causes, models, waiting
from lxmert_viz.ui.server.causes import Off

CURVES = "heads-curves"  # key of the address
WAYS = ("keeping", "removing")


def show(asked: Asked) -> None:
    off = off_heads.choose(asked.variant.model)
    found = waiting.result_of(
        f"atlas {asked.key} {off}",
        "switching every head off",
        lambda report: causes.atlas(asked.variant, asked.target, off, report),
    )
    config = models.pipeline(asked.variant.model).network.config
    between = "<br>" if off.set else " "
    done = f"A head alone {off_heads.named(off)}.{between}Target: {asked.target.name}, "
    done += f"{found.value:.2f} logits"
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
        _show_rankings(asked, off)
    st.caption(_told(found))
    keeping.offer(asked, asked.cause("atlas", off.told(asked.variant.model)))


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


def _show_rankings(asked: Asked, off: Off) -> None:
    judged = [
        waiting.result_of(
            f"judge {asked.key} {off} {ranking}",
            f"keeping the top heads by {RANKINGS[ranking]}",
            lambda report, ranking=ranking: causes.judged(
                asked.variant, asked.target, off, ranking, report
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
