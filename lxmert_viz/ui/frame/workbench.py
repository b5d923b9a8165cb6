"""What a person chooses for every page: the model, the picture, the question.

Choices live in the session's state under "place.widget"; what the model makes of them never does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Self

import streamlit as st

from lxmert_viz.analysis.answers import spelled
from lxmert_viz.picture import ENDINGS, Picture
from lxmert_viz.places import ASSETS
from lxmert_viz.ui.frame import address, handover, own_boxes, region_options
from lxmert_viz.ui.frame.navigation import MISTAKES_PAGE, WITHOUT_WORKBENCH
from lxmert_viz.ui.server import examples, models, pictures, waiting
from lxmert_viz.ui.server.answers import regions
from lxmert_viz.ui.server.examples import ExampleQuestion, ExampleScene
from lxmert_viz.ui.server.variant import RegionsAsked
from lxmert_viz.ui.wording import plain

IN_SIGHT = 3
SOURCES = {
    "examples": ":material/photo_library: Examples",
    "upload": ":material/upload: Upload",
    "camera": ":material/photo_camera: Camera",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be looked at and asked now."""

    model: str
    asked: RegionsAsked  # how its regions are found
    picture: Picture | None  # None: not chosen yet
    text: str  # "": not asked yet
    right: str | None  # the right answer, where the scene's description tells it
    own: bool  # the picture is the person's, not an example
    lost: str  # digest of a picture that the address names and nobody has; "" where there is none

    @property
    def as_detected(self) -> Self:
        """The same without boxes of a person's own."""
        return replace(self, asked=self.asked.detected)


def frame(page: str) -> None:
    """Everything that stays while pages change: model, picture, question.

    page: its title. Pages that ask nothing hide the workbench, which keeps what it holds.
    """
    st.html(ASSETS / "style.css")
    address.read()
    handover.take_next()
    with st.sidebar:
        name = st.selectbox("Model", models.model_names(), key="model.name")
        about_model = st.container()
    _first_choices()
    with st.container(
        key="workbench-away" if page in WITHOUT_WORKBENCH else "workbench", gap="small"
    ):
        _choose_picture()
        _ask()
    row = handover.row_in_sight()
    if row and page not in WITHOUT_WORKBENCH:
        back = f"Back to {row} among the mistakes"
        st.page_link(MISTAKES_PAGE, label=back, icon=":material/arrow_back:")
    address.write()
    # in the page and not in the sidebar, which a phone hides
    waiting.result_of(f"open {name}", f"opening {name}", lambda report: models.pipeline(name))
    with about_model:
        _choose_profile(name)
    if page not in WITHOUT_WORKBENCH:
        _follow_boxes()
    own_boxes.state_regions(name, choice().picture)
    address.show_missing()


def choice() -> Choice:
    """What the widgets of `frame` hold now."""
    state = st.session_state
    source = state["picture.source"]
    chosen = _example()
    held = chosen.picture if source == "examples" else _own_picture(source)
    own = state.get(f"picture.own.{source}", "")
    answers = {spelled(q.text): q.answer for q in chosen.questions}
    return Choice(
        model=state["model.name"],
        asked=own_boxes.with_boxes(region_options.chosen(), held),
        picture=held,
        text=state["question.asked"],
        right=answers.get(spelled(state["question.asked"])) if source == "examples" else None,
        own=source != "examples" and not handover.is_shipped(own),
        lost="" if held else own,
    )


def _follow_boxes() -> None:
    """Boxes that the address names can be told from the detector's own once it has looked."""
    chosen = choice().as_detected
    if chosen.picture is None or not own_boxes.names_boxes(chosen.picture):
        return
    found = waiting.result_of(
        f"look for boxes {chosen.model} {chosen.asked}",
        f"looking for regions with {chosen.model}",
        lambda report: regions(chosen.model, chosen.picture, chosen.asked, report),
    )
    own_boxes.follow_boxes(found, chosen.picture, chosen.asked)


def _choose_profile(model: str) -> None:
    pipeline = models.pipeline(model)
    config = pipeline.detector.config
    region_options.choose(config.profiles, config.rpn_post_nms)
    st.caption(f"Runs on: **{plain(pipeline.device)}**")
    st.caption(f"Knows: {plain(pipeline.scope.world)}")


def _first_choices() -> None:
    """The first scene with its first question, so that the page opens on an answer.

    A browser whose page changed while it was being made sends nothing for the widgets that it had
    not seen yet: they get back what was last in use.
    """
    first, state = examples.examples()[0], st.session_state
    state.setdefault("picture.example", first.name)
    if "question.asked" not in state:
        handover.ask(first.questions[0].text)
    if state.get("picture.source") not in SOURCES:
        state["picture.source"] = state.get("picture.source.used", "examples")
        state["question.typed"] = state["question.asked"]
    state.setdefault("question.typed", state["question.asked"])
    state["picture.source.used"] = state["picture.source"]


def _example() -> ExampleScene:
    scenes = {scene.name: scene for scene in examples.examples()}
    return scenes[st.session_state["picture.example"]]


def _choose_picture() -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        source = st.segmented_control(
            "Picture",
            list(SOURCES),
            key="picture.source",
            format_func=SOURCES.get,
            required=True,
            label_visibility="collapsed",
        )
        st.caption("Ask about a picture and look inside LXMERT while it answers.", width="content")
    if source == "examples":
        _gallery()
    elif source == "upload":
        _keep(source, st.file_uploader("Your picture", ENDINGS, key="picture.upload"))
    else:
        _keep(source, st.camera_input("Take a picture", key="picture.camera"))


def _keep(source: str, given: BytesIO | None) -> None:
    """A picture stays, also over a reload, until another is given or this one is taken away."""
    state = st.session_state
    if given is not None:
        taken = Picture.of(given.getvalue())
        state[f"picture.own.{source}"] = pictures.kept_pictures().keep(taken)
    elif state.get(f"picture.given.{source}"):
        state[f"picture.own.{source}"] = ""
    state[f"picture.given.{source}"] = given is not None
    if given is None and _own_picture(source) is not None:
        st.caption("This is the picture that you gave before.")


def _own_picture(source: str) -> Picture | None:
    return pictures.kept_pictures().find(st.session_state.get(f"picture.own.{source}", ""))


def _gallery() -> None:
    """Scenes as buttons that carry their picture; the one in use is framed."""
    scenes = examples.examples()
    addresses = [pictures.thumbnail(scene.picture) for scene in scenes]
    looks = [
        f'.st-key-scene-{number} button {{ background-image: url("{address}") }}'
        for number, address in enumerate(addresses)
    ]
    st.html(f"<style>{''.join(looks)}</style>")
    in_use = st.session_state["picture.example"]
    with st.container(horizontal=True, key="gallery", gap="xsmall"):
        for number, scene in enumerate(scenes):
            st.button(
                plain(scene.title),
                key=f"scene-{number}",
                type="primary" if scene.name == in_use else "secondary",
                on_click=_take_scene,
                args=(scene,),
            )


def _ask() -> None:
    with (
        st.form("question.form", border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        st.text_input(
            "Question or caption",
            key="question.typed",
            placeholder="What color is the large cube?",
        )
        st.form_submit_button("Ask", type="primary", icon=":material/send:", on_click=_ask_typed)
    if st.session_state["picture.source"] == "examples":
        _suggest(_example().questions)


def _suggest(questions: Sequence[ExampleQuestion]) -> None:
    """Questions that are asked at a click: some in sight, all others one click away."""
    asked = spelled(st.session_state["question.asked"])
    others = [question for question in questions if spelled(question.text) != asked]
    with st.container(horizontal=True, key="suggestions", gap="xsmall"):
        st.markdown(":small[Or ask:]", width="content")
        for question in others[:IN_SIGHT]:
            _suggestion(question)
        if others[IN_SIGHT:]:
            with st.popover(f"{len(others) - IN_SIGHT} more"):
                for question in others[IN_SIGHT:]:
                    _suggestion(question)


def _suggestion(question: ExampleQuestion) -> None:
    st.button(
        plain(question.text),
        key=f"suggested-{question.text}",
        on_click=handover.ask,
        args=(question.text,),
    )


def _take_scene(scene: ExampleScene) -> None:
    st.session_state["picture.example"] = scene.name
    handover.ask(scene.questions[0].text)


def _ask_typed() -> None:
    handover.ask(st.session_state["question.typed"].strip())
