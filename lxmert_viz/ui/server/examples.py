"""The shipped scenes with their questions."""

from dataclasses import dataclass

import streamlit as st

from lxmert_viz.config import read_json
from lxmert_viz.picture import Picture
from lxmert_viz.places import ASSETS

SCENES = ASSETS / "scenes"


@dataclass(frozen=True, slots=True)
class ExampleQuestion:
    text: str
    answer: str | None  # what is right, where the scene's description says so


@dataclass(frozen=True, slots=True)
class ExampleScene:
    name: str
    title: str
    picture: Picture
    questions: tuple[ExampleQuestion, ...]


@st.cache_data(show_spinner=False)
def examples() -> tuple[ExampleScene, ...]:
    """The shipped scenes with their questions. Raises CheckpointError without their list."""
    return tuple(
        ExampleScene(
            name=entry["picture"].rsplit(".", 1)[0],
            title=entry["title"],
            picture=Picture.of((SCENES / entry["picture"]).read_bytes()),
            questions=tuple(ExampleQuestion(q["text"], q["answer"]) for q in entry["questions"]),
        )
        for entry in read_json(SCENES / "examples.json")
    )
