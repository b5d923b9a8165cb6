"""Type and see: a sentence with [MASK], guessed with this picture, a blank one and another."""

import streamlit as st

from lxmert_viz.errors import CheckpointError
from lxmert_viz.figures.masked import masked_bars
from lxmert_viz.picture import Picture, blank_like
from lxmert_viz.records import Answer
from lxmert_viz.ui.browser import saving
from lxmert_viz.ui.frame import own_boxes, results
from lxmert_viz.ui.frame.workbench import Choice
from lxmert_viz.ui.server import answers, examples, waiting
from lxmert_viz.ui.server.variant import Variant
from lxmert_viz.ui.wording import plain

START = "a blue [MASK] on the table."
MASK = "[MASK]"


def show(choice: Choice) -> None:
    st.session_state.setdefault("states.masked", START)
    text = st.text_input(
        "A sentence with [MASK]",
        key="states.masked",
        placeholder=START,
        persist_state="session",
    )
    scenes = {scene.name: scene for scene in examples.examples()}
    picture = results.picture(choice)
    others = [name for name, scene in scenes.items() if scene.picture != picture]
    other = st.selectbox(
        "Another picture", others, format_func=lambda name: scenes[name].title, width=320
    )
    if not text or MASK not in text:
        st.info("Write [MASK] where a word is to be guessed.", icon=":material/edit:")
        return
    pictures = {
        "this picture": picture,
        "a blank picture": Picture.of(blank_like(picture.content)),
        f"another: {scenes[other].title}": scenes[other].picture,
    }
    try:
        guesses = {name: _guesses(choice, given, text) for name, given in pictures.items()}
    except CheckpointError as error:
        st.info(plain(str(error)), icon=":material/info:")
        return
    told = [f"Model {choice.model}. “{text}”"]
    with st.container(key="figure.wide"):
        for place in range(text.count(MASK)):
            words = {name: found[place] for name, found in guesses.items()}
            number = f" number {place + 1}" if text.count(MASK) > 1 else ""
            bars = masked_bars(words, f"Words for [MASK]{number}")
            saving.draw(bars, told, f"states.masked {place}")
    st.caption(
        "The blank picture is grey and of the same size; its regions are what the detector finds "
        "there. A word that stays as probable without the picture is guessed from the text alone."
    )


def _guesses(choice: Choice, picture: Picture, text: str) -> list[tuple[Answer, ...]]:
    own = Variant(choice.model, choice.asked, picture, text)
    variant = own_boxes.of_picture(picture, own)
    return waiting.result_of(
        f"masked {choice.model} {variant.asked} {picture.digest} {text}",
        "guessing masked words",
        lambda report: answers.fillings(variant, report),
    )
