"""Which experiment, and on which target: widgets, and keys of the page's address."""

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from lxmert_viz.errors import CheckpointError
from lxmert_viz.experiments import target as targets
from lxmert_viz.experiments.cause_files import Cause
from lxmert_viz.experiments.target import Target
from lxmert_viz.records import Trace
from lxmert_viz.ui.browser import saving
from lxmert_viz.ui.causes import linked
from lxmert_viz.ui.frame import address, handover
from lxmert_viz.ui.server import models
from lxmert_viz.ui.server.variant import Variant, key_of
from lxmert_viz.ui.wording import plain

VIEWS = {  # key of the address: what it is called
    "heads": "Every head",
    "off": "Heads off",
    "edges": "Edges cut",
    "patching": "Patching",
    "knowing": "Knowing",
    "steering": "Steering",
    "edits": "Edits",
    "flow": "Flow",
}
OF_THE_ANSWER = ("edges", "steering", "knowing")
VIEW, ANSWER, AGAINST = "cause", "cause-answer", "cause-against"  # keys of the address
MATCH = "=match"  # beside answers' texts, which have no such form
OFFERED = 50  # of the most probable answers
UNKNOWN = "This link asks for {} that this version or checkpoint does not have: {}."
NO_ANSWERS = (
    "{} has no answers about one picture, so there is nothing whose cause could be found; "
    "lxmert-base has them."
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What every view is about."""

    variant: Variant
    found: Trace
    target: Target

    @property
    def key(self) -> str:
        return f"{key_of(self.variant)} {self.target}"

    @property
    def question(self) -> str:
        return _of(self.found)

    @property
    def about(self) -> list[str]:
        """Lines of a saved figure's caption."""
        return [*saving.about(self.found), f"Target: {self.target.name}, logits"]

    def cause(self, kind: str, options: dict[str, object], *others: tuple) -> Cause:
        first = (self.found.regions, self.found.tokens.text)
        return Cause(kind, self.target, (first, *others), options)


def choose(variant: Variant, found: Trace) -> tuple[str, Asked]:
    """The view and what it is about. Raises CheckpointError without answers."""
    pipeline = models.pipeline(found.model)
    if pipeline.judges_pairs or not found.answers:
        raise CheckpointError(NO_ANSWERS.format(found.model))
    known = [answer.text for answer in found.answers]
    answer_key, against_key = (f"{name} {_of(found)}" for name in ("causes.for", "causes.against"))
    _follow(found, answer_key, against_key)
    is_match, foil = handover.match_explained(found.tokens.text)
    if is_match and found.match is not None:
        st.session_state[answer_key] = MATCH
        st.session_state[f"causes.text {_of(found)}"] = foil
    proposed = handover.proposed()
    if proposed in VIEWS:
        st.session_state["causes.view"] = proposed
    with st.container(horizontal=True, key="causes.choice"):  # the first stays in its place
        view = st.segmented_control(
            "Experiment",
            list(VIEWS),
            format_func=VIEWS.get,
            key="causes.view",
            persist_state="session",
            label_visibility="collapsed",
            required=True,
        )
        is_given = view in OF_THE_ANSWER
        answer, against = _choose_target(found, answer_key, against_key, is_given)
    usual = [answer, against] == known[:2]
    address.put(
        {
            ANSWER: "" if usual else answer,
            AGAINST: "" if usual else against or "",
        },
        of_question=True,
    )
    address.put({VIEW: "" if view == next(iter(VIEWS)) else view})
    if answer == MATCH:
        return view, Asked(variant, found, targets.match(pipeline))
    return view, Asked(variant, found, targets.answer(pipeline, answer, against))


def in_words(told: Mapping[str, str]) -> str:
    """What an address asks of this page; "" where it is as usual."""
    sides = [told[name] for name in (ANSWER, AGAINST) if name in told]
    parts = [VIEWS.get(told.get(VIEW, ""), ""), " rather than ".join(sides)]
    return ", ".join(part for part in parts if part)


def turn_to(view: str) -> None:
    """From a callback: what the page shows next."""
    st.session_state["causes.view"] = view


def _choose_target(
    found: Trace, answer_key: str, against_key: str, is_given: bool
) -> tuple[str, str | None]:
    """is_given: the view is about the answer on top, so there is nothing to choose."""
    held, known = st.session_state, [answer.text for answer in found.answers]
    if is_given:
        return known[0], known[1] if len(known) > 1 else None
    offered = [*known[:OFFERED], *(t for t in known[OFFERED:] if t == held.get(answer_key))]
    answer = st.selectbox(
        "Target",
        [*offered, MATCH] if found.match is not None else offered,
        format_func=lambda text: "the text belongs to the picture" if text == MATCH else text,
        key=answer_key,
        persist_state="session",
        width=130,
    )
    if answer == MATCH:
        return MATCH, None
    others = [text for text in offered if text != answer]
    if held.get(against_key) not in others:
        held[against_key] = others[0] if others else None
    against = st.selectbox(
        "rather than", others, key=against_key, persist_state="session", width=130
    )
    return answer, against


def _follow(found: Trace, answer_key: str, against_key: str) -> None:
    """What a new address names. Then the widgets hold it."""
    known = {answer.text for answer in found.answers}
    if not linked.begin(_of(found)):
        return
    told, held = address.told(), st.session_state
    held["causes.view"] = next(iter(VIEWS))
    offered = {
        VIEW: ("causes.view", set(VIEWS), "an experiment"),
        ANSWER: (answer_key, {*known, MATCH}, "an answer"),
        AGAINST: (against_key, known, "an answer"),
    }
    for name, (key, values, kind) in offered.items():
        value = told.get(name, "")
        if value and value not in values:
            address.say_missing(UNKNOWN.format(kind, plain(value)))
        elif value:
            held[key] = value
    address.begin_again_to_say_it()


def _of(found: Trace) -> str:
    """A target belongs to one question of one picture and one model."""
    return f"{found.model} {found.regions.digest} {found.tokens.text}"
