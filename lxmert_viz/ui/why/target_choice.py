"""What is explained, and what it is held against: two boxes, or two clicks on answers.

A choice is a text: an answer's own, or one of the forms below, which no answer has.
"""

import streamlit as st

from lxmert_viz.errors import CheckpointError
from lxmert_viz.experiments import target as targets
from lxmert_viz.experiments.target import Target
from lxmert_viz.pipeline import MASK, Pipeline
from lxmert_viz.records import NO_LABEL, Trace
from lxmert_viz.ui.frame import handover
from lxmert_viz.ui.server import answers, models
from lxmert_viz.ui.server.variant import Variant

MATCH, ALONE = "=match", "=alone"
WORD, OBJECT, ATTRIBUTE = "=word", "=object", "=attribute"  # then a place and what is there
OFFERED = 50  # of the most probable answers
CLICKED = 5
FIRST, SECOND = "why.answer", "why.against"
FOIL = "why.foil"


def choose(found: Trace, variant: Variant) -> Target:
    """Stops the page where the checkpoint has nothing to be asked about."""
    pipeline, held = models.pipeline(found.model), st.session_state
    options = offered(found, variant)
    if not options:
        raise CheckpointError(
            f"{found.model} has no answers about one picture and no output head for matching, so "
            "there is nothing to explain; lxmert-base has both."
        )
    is_proposed, foil = handover.match_explained(found.tokens.text)
    if is_proposed and MATCH in options:
        held[key(FIRST, found)] = MATCH
        if foil:
            held[FOIL], held["why.pair"] = foil, True
    chosen = st.selectbox(
        "Why",
        options,
        format_func=named,
        key=key(FIRST, found),
        persist_state="session",
        width=130,
    )
    others = against(found, variant, chosen)
    if not others:
        return _made(pipeline, chosen, None)
    second = key(SECOND, found)
    if held.get(second) not in others:
        held[second] = others[0]
    other = st.selectbox(
        "rather than",
        others,
        format_func=named,
        key=second,
        persist_state="session",
        width=170,
        help="What speaks for one answer against another. Alone: for the answer's own logit, which "
        "also rises with what makes every answer of its kind likely.",
    )
    return _made(pipeline, chosen, None if other == ALONE else other)


def offer_clicks(found: Trace, variant: Variant) -> None:
    """The likely answers as buttons: the first click says why, the second rather than what."""
    shown = [answer.text for answer in found.answers[:CLICKED]]
    if len(shown) < 2 or models.pipeline(found.model).judges_pairs:
        return
    held, clicked = st.session_state, key("why.clicked", found)
    waits = held.get(f"{clicked} waits")
    both = [held.get(key(name, found)) for name in (FIRST, SECOND)]
    held[clicked] = [text for text in ([waits] if waits else both) if text in shown]
    st.pills(
        f"Why {waits} rather than …? Click another" if waits else "Or click two answers",
        shown,
        selection_mode="multi",
        key=clicked,
        on_change=_click,
        args=(found, held[clicked]),
    )


def _click(found: Trace, before: list[str]) -> None:
    held, clicked = st.session_state, key("why.clicked", found)
    (text,) = set(before) ^ set(held[clicked])
    waits = held.pop(f"{clicked} waits", None)
    if waits == text:
        return
    if waits:
        held[key(FIRST, found)], held[key(SECOND, found)] = waits, text
    else:
        held[f"{clicked} waits"] = text


def offered(found: Trace, variant: Variant) -> list[str]:
    """Of answers the likely ones, and those that were chosen before; then what else is told."""
    pipeline, held = models.pipeline(found.model), st.session_state
    known = [] if pipeline.judges_pairs else [answer.text for answer in found.answers]
    chosen = [held.get(key(name, found)) for name in (FIRST, SECOND)]
    answered = known[:OFFERED] + [text for text in known[OFFERED:] if text in chosen]
    matched = [MATCH] if found.match is not None else []
    return [*answered, *matched, *_words(found, variant), *_regions(pipeline, found)]


def against(found: Trace, variant: Variant, chosen: str) -> list[str]:
    """What a choice may be held against, the usual first; none where that is part of it."""
    kind, place, what = parts(chosen)
    if kind == MATCH:
        return []
    if kind == WORD:
        likely = [parts(one) for one in _words(found, variant)]
        return [*(piece for _, at, piece in likely if at == place and piece != what), ALONE]
    if kind in (OBJECT, ATTRIBUTE):
        names = models.pipeline(found.model).region_names
        known = names.objects if kind == OBJECT else names.attributes
        return [ALONE, *(name for name in dict.fromkeys(known) if name != what)]
    answered = [one for one in offered(found, variant) if not parts(one)[0]]
    return [*(text for text in answered if text != chosen), ALONE]


def parts(choice: str) -> tuple[str, int, str]:
    """Its form ("" for an answer), the place, and what is there."""
    kind, _, rest = choice.partition(" ")
    if kind in (MATCH, ALONE) and not rest:
        return kind, 0, ""
    place, _, what = rest.partition(" ")
    if kind in (WORD, OBJECT, ATTRIBUTE) and place.isdecimal():
        return kind, int(place), what
    return "", 0, choice


def named(choice: str) -> str:
    """As a person reads it."""
    kind, place, what = parts(choice)
    return {
        MATCH: "the text belongs to the picture",
        ALONE: "nothing: its own logit alone",
        WORD: f"“{what}” at [MASK], piece {place + 1}",
        OBJECT: f"region {place + 1} is a {what}",
        ATTRIBUTE: f"region {place + 1} is {what}",
    }.get(kind, choice)


def key(name: str, found: Trace) -> str:
    """A target belongs to one question of one picture and one model."""
    return f"{name} {found.model} {found.regions.digest} {found.tokens.text}"


def _words(found: Trace, variant: Variant) -> list[str]:
    masks = [place for place, piece in enumerate(found.tokens.pieces) if piece == MASK]
    if not masks or not targets.has_head(models.pipeline(found.model), "word"):
        return []
    likely = answers.fillings(variant, answers.unheard)
    return [
        f"{WORD} {place} {answer.text}"
        for place, own in zip(masks, likely, strict=True)
        for answer in own
    ]


def _regions(pipeline: Pipeline, found: Trace) -> list[str]:
    seen, names = found.regions, pipeline.region_names
    told = {
        "object": (OBJECT, seen.object_ids, names.objects),
        "attribute": (ATTRIBUTE, seen.attribute_ids, names.attributes),
    }
    return [
        f"{form} {place} {known[label]}"
        for kind, (form, labels, known) in told.items()
        if targets.has_head(pipeline, kind)
        for place, label in enumerate(labels.tolist())
        if NO_LABEL < label < len(known)
    ]


def _made(pipeline: Pipeline, chosen: str, other: str | None) -> Target:
    kind, place, what = parts(chosen)
    if kind == MATCH:
        return targets.match(pipeline)
    if kind == WORD:
        return targets.word(pipeline, place, what, other)
    if kind:
        return targets.region_label(pipeline, kind.removeprefix("="), place, what, other)
    return targets.answer(pipeline, what, other)
