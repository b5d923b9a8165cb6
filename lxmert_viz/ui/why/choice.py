"""What is to be explained and how: widgets, and keys of the page's address."""

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from lxmert_viz.experiments.relevance import METHODS, PAIRS
from lxmert_viz.experiments.removal import REGION_REMOVALS, USUAL, WORD_REMOVALS, Removal
from lxmert_viz.experiments.target import Target
from lxmert_viz.records import Trace
from lxmert_viz.ui.frame import address
from lxmert_viz.ui.server.relevance import MOST_PAIRS
from lxmert_viz.ui.server.variant import Variant
from lxmert_viz.ui.why import target_choice
from lxmert_viz.ui.why.target_choice import ALONE, FIRST, MATCH, SECOND, key, named
from lxmert_viz.ui.wording import plain

ANSWER, AGAINST, METHOD, BESIDE = "why", "rather", "method", "beside"  # keys of the address
REGIONS_GONE, WORDS_GONE, ORDERS = "regions-gone", "words-gone", "orders"
STABLE = "stable"
DEFAULT = "bimodal"  # as fast as one answer
NOTHING = ""
WIDTHS = (0.5, 1.0, 2.0, 4.0)  # logits
USUAL_WIDTH = 2.0
ORDER_COUNTS = [2 * pairs for pairs in (4, PAIRS, 16, 32, MOST_PAIRS)]
UNKNOWN = "This link asks for {} that this version or checkpoint does not have: {}."


@dataclass(frozen=True, slots=True)
class Choice:
    target: Target
    method: str  # of METHODS
    beside: str  # another of them, or NOTHING
    removal: Removal
    pairs: int  # of orders
    stable: float  # logits: intervals that narrow are enough

    @property
    def removes(self) -> bool:
        """Whether one of the maps does; their proofs all do."""
        return any(METHODS[name].removes for name in (self.method, self.beside) if name)


def choose(found: Trace, variant: Variant) -> Choice:
    """Stops the page where the checkpoint has nothing to be asked about."""
    _follow(found, variant)
    held = st.session_state
    controls = st.container(horizontal=True, vertical_alignment="bottom", key="why.controls")
    with controls:
        target = target_choice.choose(found, variant)
        st.selectbox(
            "Method",
            list(METHODS),
            format_func=title,
            key="why.method",
            persist_state="session",
            width=310,
        )
        if held["why.beside"] == held["why.method"]:
            held["why.beside"] = NOTHING
        st.selectbox(
            "Beside it",
            [NOTHING, *(name for name in METHODS if name != held["why.method"])],
            format_func=title,
            key="why.beside",
            persist_state="session",
            width=310,
        )
        target_choice.offer_clicks(found, variant)
    chosen = _held(target)
    with controls:
        if chosen.removes:
            choose_removal()
        if "shapley" in (chosen.method, chosen.beside):
            _choose_orders()
    _state(found, variant, chosen)
    return chosen


def _held(target: Target) -> Choice:
    """What the widgets hold, in sight or not."""
    held = st.session_state
    removal = Removal(held["why.gone regions"], held["why.gone words"])
    methods, pairs = (held["why.method"], held["why.beside"]), held["why.orders"] // 2
    return Choice(target, *methods, removal, pairs, held["why.stable"])


def _choose_orders() -> None:
    st.select_slider(
        "Orders, at most", ORDER_COUNTS, key="why.orders", persist_state="session", width=200
    )
    st.selectbox(
        "Stable at",
        WIDTHS,
        format_func=lambda width: f"{width:g} logits",
        key="why.stable",
        persist_state="session",
        width=130,
        help="No more orders are drawn once every interval is narrower than this.",
    )


def choose_removal() -> None:
    """Drawn once a page: beside the method where it removes, else in its proof."""
    for kind, known, width in (("regions", REGION_REMOVALS, 420), ("words", WORD_REMOVALS, 300)):
        st.selectbox(
            f"Removed {kind} are",
            list(known),
            format_func=known.get,
            key=f"why.gone {kind}",
            persist_state="session",
            width=width,
        )


def _follow(found: Trace, variant: Variant) -> None:
    """Once for each address: what it names. Then the widgets hold it."""
    told, held = address.told(), st.session_state
    if held.get("why.followed") == address.readings():
        return
    held["why.followed"] = address.readings()
    every = {answer.text for answer in found.answers}
    known = every | {*target_choice.offered(found, variant)}
    others = every | {*target_choice.against(found, variant, told.get(ANSWER, "")), ALONE}
    offered = {
        METHOD: ("why.method", METHODS, DEFAULT, "a method"),
        BESIDE: ("why.beside", METHODS, NOTHING, "a method"),
        REGIONS_GONE: ("why.gone regions", REGION_REMOVALS, USUAL.regions, "a removal"),
        WORDS_GONE: ("why.gone words", WORD_REMOVALS, USUAL.words, "a removal"),
        ORDERS: ("why.orders", {str(n): n for n in ORDER_COUNTS}, 2 * PAIRS, "a number of orders"),
        STABLE: ("why.stable", {f"{n:g}": n for n in WIDTHS}, USUAL_WIDTH, "a width"),
        ANSWER: (key(FIRST, found), known, None, "an answer"),
        AGAINST: (key(SECOND, found), others, None, "an answer"),
    }
    for name, (widget, values, usual, kind) in offered.items():
        value = told.get(name, "")
        if value and value not in values:
            address.say_missing(UNKNOWN.format(kind, plain(value)))
        if value and value in values:
            held[widget] = values[value] if name in (ORDERS, STABLE) else value
        elif usual is not None:
            held[widget] = usual
    address.begin_again_to_say_it()


def _state(found: Trace, variant: Variant, chosen: Choice) -> None:
    """What is not as usual."""
    held, offered = st.session_state, target_choice.offered(found, variant)
    answer, against = (held.get(key(name, found), "") for name in (FIRST, SECOND))
    usual = offered[:2] == [answer, against]
    orders = str(2 * chosen.pairs) if chosen.pairs != PAIRS else ""
    address.put(
        {
            ANSWER: "" if usual else answer,
            AGAINST: "" if usual or answer == MATCH else against,
        },
        of_question=True,
    )
    address.put(
        {
            METHOD: "" if chosen.method == DEFAULT else chosen.method,
            BESIDE: chosen.beside,
            REGIONS_GONE: "" if chosen.removal.regions == USUAL.regions else chosen.removal.regions,
            WORDS_GONE: "" if chosen.removal.words == USUAL.words else chosen.removal.words,
            ORDERS: orders,
            STABLE: "" if chosen.stable == USUAL_WIDTH else f"{chosen.stable:g}",
        }
    )


def in_words(told: Mapping[str, str]) -> str:
    """What an address asks of this page; "" where it is as usual."""
    chosen = [title(told[name]) for name in (METHOD, BESIDE) if told.get(name) in METHODS]
    sides = [named(told[name]) for name in (ANSWER, AGAINST) if name in told]
    parts = [" rather than ".join(sides), " beside ".join(chosen)]
    return ", ".join(part for part in parts if part)


def title(method: str) -> str:
    """ "" is no method."""
    known = METHODS[method].title if method else "nothing"
    return known[:1].upper() + known[1:]
