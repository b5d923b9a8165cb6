"""One map or two side by side: on the picture, as a ranked list, with its proof."""

import time

import numpy as np
import streamlit as st

from lxmert_viz.analysis import faithfulness, shapley
from lxmert_viz.experiments.relevance import BLIND, METHODS, Relevance
from lxmert_viz.records import Trace
from lxmert_viz.ui.browser import linked, saving
from lxmert_viz.ui.server import relevance, waiting
from lxmert_viz.ui.server.answers import unheard
from lxmert_viz.ui.server.relevance import Asked
from lxmert_viz.ui.server.variant import Variant, key_of
from lxmert_viz.ui.why import drawn, grades, proof
from lxmert_viz.ui.why.choice import NOTHING, Choice, title
from lxmert_viz.ui.why.drawn import Side
from lxmert_viz.ui.why.naming import number, target_named
from lxmert_viz.ui.why.view import View

SHOWN_EVERY_SECONDS = 1.0  # of steps; where one takes less, more orders are drawn at once
WIDEST_GAP = 0.05  # share, from which a map is not what it says it is
MISSES = (
    "Not drawn: its numbers miss {:.0%} of what they should sum to. Choose another method, or "
    "another answer to compare with."
)
SIGNED = "Signed: orange speaks for it, purple against."
UNSIGNED = "Unsigned: how much, not whether it speaks for or against."
SAME = "Blind to the target: the same map for every answer."
STOPPED = "Stopped after {} of {} orders. The intervals below hold at whatever moment one stops."


def show(variant: Variant, found: Trace, chosen: Choice, picture: str) -> None:
    methods = [method for method in (chosen.method, chosen.beside) if method != NOTHING]
    pointed = st.container(key="why.pointed")
    sides = []
    columns = st.columns(len(methods), gap="medium")
    for column, side, method in zip(columns, ("first", "second"), methods, strict=False):
        asked = Asked(method, chosen.target, chosen.removal, chosen.pairs, chosen.stable)
        with column:
            chooses = side == "first" and not chosen.removes
            view = View(variant, found, asked, picture, side, chooses)
            sides.append(_show_side(view, len(methods) == 1))
    heading = target_named(chosen.target, sides[0].explained.value)
    if any(side.figures for side in sides):
        about = f"{key_of(variant)} {chosen.target.name}"
        with pointed:
            linked.show(drawn.linking(about, found, sides), "why.linked")
        st.download_button(
            "Save these figures as a page (HTML)",
            lambda: drawn.offline(heading, found, sides),
            "lxmert-why.html",
            "text/html",
            icon=":material/download:",
            on_click="ignore",
            help="Works offline, with pointing and locking",
        )
    if len(sides) == 2:
        _show_agreement(found, *(side.explained for side in sides))


def _show_side(view: View, is_alone: bool) -> Side:
    method = view.asked.method
    if not is_alone:
        st.markdown(f"##### {title(method)}")
    above = st.container()
    explained = _explained(view)
    if explained.gap is not None and explained.gap > WIDEST_GAP:
        st.warning(MISSES.format(explained.gap), icon=":material/warning:")
        return Side(explained, ())
    places = st.columns([11, 9], gap="medium") if is_alone else [st.container(), st.container()]
    shown = drawn.map_of(view, explained)
    with places[0]:
        saving.draw(shown.figure, view.about, f"why.map {view.side}")
    with places[1]:
        ranks = drawn.ranks_of(view, explained, _shows_all(view))
        saving.draw(ranks.figure, view.about, f"why.ranks {view.side}")
    told = [_how_to_read(method), grades.line(view.variant.model, method)]
    st.caption(" ".join(filter(None, [*told, *_told(view, explained)])))
    judged = proof.show(view.drawn(explained.orders), explained)
    for sentence in [] if judged is None else proof.no_better(judged):
        above.warning(sentence, icon=":material/report:")
    return Side(explained, (shown, ranks))


def _shows_all(view: View) -> bool:
    """Whether the list has every word and region."""
    count = len(drawn.players(view.found))
    label = f"All {count} words and regions"
    key = f"why.all {view.side}"
    return count <= drawn.ROWS or st.toggle(label, key=key, persist_state="session")


def _how_to_read(method: str) -> str:
    line = SIGNED if METHODS[method].is_signed else UNSIGNED
    return f"{line} {SAME}" if method in BLIND else line


def _explained(view: View) -> Relevance:
    if view.asked.method == "shapley":
        return _drawn(view)
    return waiting.result_of(
        f"explain {view.key}",
        f"explaining by {METHODS[view.asked.method].title}",
        lambda report: relevance.explained(view.variant, view.asked, report),
    )


def _drawn(view: View) -> Relevance:
    """Shapley values, shown as they become better; after a cancel those that there are."""
    orders, all_of_it = 2 * view.asked.pairs, f"draw {view.key} "
    if waiting.cancelled().startswith(all_of_it):
        so_far = relevance.drawn_so_far(view.variant, view.asked, unheard)
        if so_far is not None:
            st.info(STOPPED.format(so_far.orders, orders), icon=":material/front_hand:")
            waiting.offer_again("Go on")
            return so_far
    place, pairs, more = st.empty(), 0, 1
    while True:
        pairs, began = min(pairs + more, view.asked.pairs), time.monotonic()
        step = waiting.result_of(
            f"{all_of_it}{pairs}",
            f"Shapley values, {orders} orders",
            lambda report, pairs=pairs: relevance.drawn(view.variant, view.asked, pairs, report),
        )
        if pairs == view.asked.pairs or is_enough(step, view.asked.stable):
            place.empty()
            return step
        if time.monotonic() - began < SHOWN_EVERY_SECONDS:
            more *= 2
            continue
        with place.container():
            st.caption(f"After {step.orders} of {orders} orders:")
            key = f"why.step {view.side} {pairs}"
            st.plotly_chart(
                drawn.map_of(view, step).figure, config={"displayModeBar": False}, key=key
            )


def _told(view: View, explained: Relevance) -> list[str]:
    told = []
    if explained.orders:
        told.append(
            f"{explained.orders} orders; whiskers are 95 % confidence sequences, which hold at "
            f"every moment (of contributions cut at ±{explained.bound:.1f} logits; wide ones run "
            "out of the figure). " + _stability(explained, view.asked.stable)
        )
    elif view.asked.method == "shapley":
        told.append("Exact: every coalition was asked, nothing was drawn.")
    if view.asked.method == "shapley":
        values = np.concatenate([explained.words, explained.regions])
        words, regions = shapley.shares(values, len(explained.words))
        told.append(f"Of all magnitude words carry {words:.0%} and regions {regions:.0%}.")
    elif explained.gap is not None:
        told.append(f"Completeness gap {explained.gap:.2%}.")
    return told


def is_enough(step: Relevance, stable: float) -> bool:
    """Exact values have no orders, and no intervals."""
    return step.width is None or step.width < stable


def _stability(explained: Relevance, stable: float) -> str:
    if is_enough(explained, stable):
        return f"**Stable**: the widest is {explained.width:.1f} logits, below {stable:g}."
    return f"**Not stable yet**: the widest is {explained.width:.1f} logits, not below {stable:g}."


def _show_agreement(found: Trace, one: Relevance, other: Relevance) -> None:
    players = drawn.players(found)
    first, second = (np.concatenate([m.words, m.regions])[players] for m in (one, other))
    st.markdown("##### How far they agree")
    most = min(len(first), 10)
    k = st.slider("Of their strongest", 1, most, min(3, most), key="why.top", width=320)
    shared = faithfulness.agreement(first, second, k)
    lines = [
        f"- **{shared.feature:.0%}** are among the {k} strongest of both",
        f"- **{shared.rank:.0%}** are at the same place in both",
    ]
    unsigned = [title(m.method) for m in (one, other) if not METHODS[m.method].is_signed]
    if unsigned:
        lines.append(f"- of signs nothing can be said: unsigned is {' and '.join(unsigned)}")
    else:
        lines.append(f"- **{shared.sign:.0%}** are among them with the same sign")
    alike = faithfulness.similarity(first, second)
    lines.append(f"- Spearman's rank correlation over all {len(first)}: **{number(alike)}**")
    st.markdown("\n".join(lines))
