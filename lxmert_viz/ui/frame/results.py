"""What the model makes of the choices, or what to do first when there is nothing to make it of."""

import streamlit as st

from lxmert_viz.picture import Picture
from lxmert_viz.records import Answer, Regions, Trace
from lxmert_viz.ui.frame import bar, handover
from lxmert_viz.ui.frame.workbench import Choice
from lxmert_viz.ui.server import answers, models, waiting
from lxmert_viz.ui.server.turns import Together
from lxmert_viz.ui.server.variant import RegionsAsked, Variant, key_of

NO_PICTURE = "No picture yet. Click the picture in the bar above to give one or to take a scene."
LOST_PICTURE = (
    "This address names a picture that is not kept here: it was given on another machine, or more "
    "than a day ago. Upload it again and the same view comes back (its SHA-256 begins with {})."
)
NO_TEXT = "No question yet. Type one above and press Enter, or choose a suggested one."


def picture(choice: Choice) -> Picture:
    """The chosen picture; stops the page where none is chosen."""
    if choice.picture is None and choice.lost:
        st.warning(LOST_PICTURE.format(choice.lost[:12]), icon=":material/link_off:")
        st.stop()
    if choice.picture is None:
        st.info(NO_PICTURE, icon=":material/add_photo_alternate:")
        st.stop()
    return choice.picture


def regions(choice: Choice) -> Regions:
    chosen = picture(choice)
    return _regions(choice.model, chosen, choice.asked)


def _regions(model: str, picture: Picture, asked: RegionsAsked) -> Regions:
    return waiting.result_of(
        f"look {model} {asked} {picture.digest}",
        f"looking for regions with {model}",
        lambda report: answers.regions(model, picture, asked, report),
    )


def variant(choice: Choice) -> Variant:
    """What is asked; stops the page without a picture or a text."""
    return Variant(choice.model, choice.asked, picture(choice), text(choice))


def trace(choice: Choice) -> Trace:
    """What the model computed for the chosen picture and text; stops the page without them."""
    return trace_of(variant(choice))


def trace_of(asked: Variant) -> Trace:
    """Looking is a piece of work of its own, so that what follows is quick, and asked together."""
    _regions(asked.model, asked.picture, asked.asked)
    return waiting.result_of(
        f"ask {key_of(asked)}",
        f"asking {asked.model}",
        lambda report: answers.trace(asked, report),
        Together(asked, answers.traces),
    )


def fillings_of(asked: Variant) -> list[tuple[Answer, ...]]:
    return waiting.result_of(
        f"fill {key_of(asked)}",
        f"asking {asked.model} for the masked words",
        lambda report: answers.fillings(asked, report),
    )


def stage_payload(asked: Variant, other: tuple[str, Variant] | None = None) -> bytes:
    """The trace as the stage draws it. other: the name and the making of what it may differ from.

    Where all words and regions are others, nothing is sent of it.
    """
    return waiting.result_of(
        f"stage {key_of(asked)} {other and other[0]}",
        "preparing the maps",
        lambda report: answers.stage_payload(asked, other, report),
    )


def tell(choice: Choice, found: Trace, *others: Trace, against: Variant | None = None) -> None:
    """What the bar says of the chosen picture and question, once they are answered.

    others: what else the page shows, which can have warnings too. against: what it is compared
    with.
    """
    show_answer(choice, found)
    warn(choice, found, *others)
    bar.offer_to_keep(variant(choice), against)


def show_answer(choice: Choice, found: Trace) -> None:
    right = handover.marked_right(found.regions.digest, found.tokens.text) or choice.right or ""
    bar.show_answer(found, right)


def warn(choice: Choice, *found: Trace) -> None:
    """What the reader of the results must know."""
    told = [note for trace in found for note in trace.notes]
    for model in {trace.model: None for trace in found}:
        warning = models.pipeline(model).scope.warning
        if choice.own and warning:
            told.insert(0, warning)
    bar.show_warnings(told)


def text(choice: Choice) -> str:
    """The question or caption; stops the page where none is asked."""
    if not choice.text:
        st.info(NO_TEXT, icon=":material/edit:")
        st.stop()
    return choice.text
