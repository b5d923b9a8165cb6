"""One row above every page that asks: picture, question, answer, model, warnings, keep.

Its answer, warnings and keep are filled in by the page, once the model has answered.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lxmert_viz.analysis.answers import spelled
from lxmert_viz.picture import Picture
from lxmert_viz.records import Trace
from lxmert_viz.rounding import probability
from lxmert_viz.ui.frame import address, admission, handover, navigation
from lxmert_viz.ui.frame.navigation import Page
from lxmert_viz.ui.server import keeping, pictures
from lxmert_viz.ui.server.variant import Variant
from lxmert_viz.ui.wording import GLOSSARY, NOT_PROOF, WHAT_IT_IS, plain

SLOTS = "bar.slots"
SUGGESTED = "question.suggested"
WHAT_IS_KEPT = (
    "Every number, both sides where two are compared, the steps of *What if?*, boxes and locks, "
    "and the picture without its metadata. It opens again on the page *Keep*, and in Python."
)
RIGHT, WRONG = ":green[:material/check_circle:]", ":red[:material/cancel:]"


@dataclass(frozen=True, slots=True)
class Slots:
    """The parts that others fill in."""

    picture: DeltaGenerator
    model: DeltaGenerator
    answer: DeltaGenerator
    warnings: DeltaGenerator
    keep: DeltaGenerator
    page: Page


def begin(page: Page, suggested: Sequence[str]) -> Slots:
    """Draws what is known before anything is computed. suggested: questions, one click away."""
    row = handover.row_in_sight()
    with st.container(
        key="bar.row", horizontal=True, vertical_alignment="center", gap="small", wrap=False
    ):
        if row:
            with st.container(key="bar.back", width="content"):
                back = f"Back to {plain(row)} among the mistakes"
                st.page_link(
                    navigation.MISTAKES.path, label=back, icon=":material/arrow_back:", help=back
                )
        picture = st.popover("Picture", key=f"bar.picture {handover.picks()}", help="The picture")
        _ask(suggested)
        answer = st.container(
            key="bar.answer", horizontal=True, width="content", vertical_alignment="center"
        )
        with st.container(
            key="bar.tools", horizontal=True, width="content", gap="xsmall", wrap=False
        ):
            model = st.popover(
                plain(handover.model()),
                icon=":material/deployed_code:",
                key="bar.model",
                help="The checkpoint, and how it finds regions",
            )
            warnings = st.container(key="bar.warnings", width="content")
            keep = st.container(key="bar.keep", width="content")
            _about(page)
    slots = Slots(picture, model, answer, warnings, keep, page)
    st.session_state[SLOTS] = slots
    return slots


def _ask(suggested: Sequence[str]) -> None:
    with (
        st.form("question.form", border=False),
        st.container(horizontal=True, vertical_alignment="center", gap="xsmall", wrap=False),
    ):
        st.text_input(
            "Question or caption",
            key=handover.TYPED,
            placeholder="What color is the large cube?",
            label_visibility="collapsed",
            persist_state="session",
        )
        st.form_submit_button("Ask", key="question.ask", on_click=handover.ask_typed)
    asked = spelled(handover.asked())
    others = [text for text in suggested if spelled(text) != asked]
    if others:
        st.menu_button(
            "Suggested questions",
            others,
            key=SUGGESTED,
            format_func=plain,
            icon=":material/lightbulb:",
            help="Other questions about this picture",
            on_click=_ask_suggested,
        )


def _ask_suggested() -> None:
    handover.ask(st.session_state[SUGGESTED])


def _about(page: Page) -> None:
    with st.popover(
        "About this page", icon=":material/help:", key="bar.about", help="About this page"
    ):
        st.markdown(f"**lxmert-viz.** {WHAT_IT_IS}")
        navigation.link(navigation.WALK, "See how, in seven stations")
        st.markdown(f"#### {page.title}\n{page.about}")
        st.markdown(NOT_PROOF)
        with st.expander("What the words mean", icon=":material/dictionary:"):
            st.markdown("\n".join(f"- **{term.name}**: {term.meaning}" for term in GLOSSARY))
        admission.show_person()


def show_picture(picture: Picture | None) -> None:
    """As the face of the drawer's button."""
    if picture is not None:
        address = pictures.thumbnail(picture)
        st.html(f'<style>.stApp {{ --bar-picture: url("{address}") }}</style>')


def show_answer(found: Trace, right: str) -> None:
    """right: the right answer; "" where nobody knows it."""
    with _slots().answer:
        if found.answers:
            first = found.answers[0]
            is_right = spelled(first.text) == spelled(right)
            mark = (RIGHT if is_right else WRONG) if right else ""
            st.markdown(f"**{plain(first.text)}** {probability(first.probability)} {mark}")
            if right and not is_right:
                st.caption(f"right: {plain(right)}", width="content")
        if found.match is not None:
            st.caption(f"P(match) {probability(found.match)}", width="content")


def show_warnings(told: Sequence[str]) -> None:
    """What the reader of the results must know, each once."""
    once = list(dict.fromkeys(told))
    if once:
        with (
            _slots().warnings,
            st.popover(str(len(once)), icon=":material/warning:", key="bar.warned"),
        ):
            for note in once:
                st.warning(plain(note), icon=":material/warning:")


def offer_to_keep(asked: Variant, other: Variant | None = None) -> None:
    """The whole analysis as a file; made only when a person wants it.

    other: what it is compared with. The click runs the page, and so brings the address with what
    was locked in the browser since.
    """
    with _slots().keep:
        wanted = st.button(
            "Keep", key="bar.kept", icon=":material/download:", help="Keep this analysis"
        )
    if wanted:
        _keep(partial(keeping.zipped, asked, other, _slots().page.title, address.of_analysis()))


@st.dialog("Keep this analysis")
def _keep(make: Callable[[], bytes]) -> None:
    st.markdown(WHAT_IS_KEPT)
    st.download_button(
        "Save the analysis (zip)",
        make,
        "lxmert-analysis.zip",
        "application/zip",
        key="bar.save",
        icon=":material/download:",
        on_click="ignore",
        type="primary",
    )
    navigation.link(navigation.SAVED, "Open one that was kept")


def _slots() -> Slots:
    return st.session_state[SLOTS]
