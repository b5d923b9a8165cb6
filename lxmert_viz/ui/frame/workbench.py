"""What a person chooses for every page: the model, the picture, the question.

Choices live in the session's state under "place.widget"; what the model makes of them never does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Self

import streamlit as st

from lxmert_viz.analysis.answers import spelled
from lxmert_viz.picture import PICTURE_ENDINGS, Picture
from lxmert_viz.places import ASSETS
from lxmert_viz.ui.frame import (
    address,
    handover,
    navigation,
    own_boxes,
    region_options,
    stored_choice,
)
from lxmert_viz.ui.frame.navigation import Page
from lxmert_viz.ui.server import examples, models, pictures, stored_pictures, waiting
from lxmert_viz.ui.server.answers import regions
from lxmert_viz.ui.server.examples import ExampleQuestion, ExampleScene
from lxmert_viz.ui.server.upload_limits import PICTURE_MB
from lxmert_viz.ui.server.variant import RegionsAsked
from lxmert_viz.ui.wording import plain

IN_SIGHT = 3
SOURCES = {
    handover.EXAMPLES: ":material/photo_library: Examples",
    handover.UPLOAD: ":material/upload: Upload",
    handover.CAMERA: ":material/photo_camera: Camera",
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


def frame(page: Page) -> None:
    """Everything that stays while pages change: model, picture, question.

    Pages that ask nothing hide the workbench, which keeps what it holds.
    """
    st.html(ASSETS / "style.css")
    address.read()
    handover.take_next()
    with st.sidebar:
        name = st.selectbox("Model", models.model_names(), key=handover.MODEL)
        about_model = st.container()
    handover.begin(examples.examples()[0])
    with st.container(key="workbench.here" if page.asks else "workbench.away", gap="small"):
        if stored_pictures.has_detector(name):
            _choose_picture()
        else:
            opened(name)
            stored_choice.choose(name)
        _ask()
    row = handover.row_in_sight()
    if row and page.asks:
        back = f"Back to {row} among the mistakes"
        st.page_link(navigation.MISTAKES.path, label=back, icon=":material/arrow_back:")
    address.write()
    opened(name)
    with about_model:
        _choose_profile(name)
    if page.asks:
        _follow_boxes()
    own_boxes.state_regions(name, choice().picture)
    address.show_missing()


def opened(name: str) -> None:
    """Waits for the model in the page and not in the sidebar, which a phone hides."""
    waiting.result_of(f"open {name}", f"opening {name}", lambda report: models.pipeline(name))


def choice() -> Choice:
    """What the widgets of `frame` hold now."""
    if not stored_pictures.has_detector(handover.model()):
        held, where = stored_choice.chosen(handover.model())
        return Choice(handover.model(), where, held, handover.asked(), None, False, "")
    source, text, chosen = handover.source(), handover.asked(), _example()
    is_example, own = source == handover.EXAMPLES, handover.own_picture(source)
    held = chosen.picture if is_example else pictures.kept_pictures().find(own)
    answers = {spelled(q.text): q.answer for q in chosen.questions}
    return Choice(
        model=handover.model(),
        asked=own_boxes.with_boxes(region_options.chosen(), held),
        picture=held,
        text=text,
        right=answers.get(spelled(text)) if is_example else None,
        own=not is_example and not handover.is_shipped(own),
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
    if pipeline.has_detector:
        config = pipeline.detector.config
        region_options.choose(config.profiles, config.rpn_post_nms)
    st.caption(f"Runs on: **{plain(pipeline.device)}**")
    st.caption(f"Knows: {plain(pipeline.scope.world)}")


def _example() -> ExampleScene:
    scenes = {scene.name: scene for scene in examples.examples()}
    return scenes[handover.scene()]


def _choose_picture() -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        source = st.segmented_control(
            "Picture",
            list(SOURCES),
            key=handover.SOURCE,
            format_func=SOURCES.get,
            required=True,
            label_visibility="collapsed",
        )
        st.caption("Ask about a picture and look inside LXMERT while it answers.", width="content")
    if source == handover.EXAMPLES:
        _gallery()
    elif source == handover.UPLOAD:
        _keep(source, _uploaded())
    else:
        _keep(source, st.camera_input("Take a picture", key="picture.camera"))


def _uploaded() -> BytesIO | None:
    return st.file_uploader(
        "Your picture", PICTURE_ENDINGS, key="picture.upload", max_upload_size=PICTURE_MB
    )


def _keep(source: str, given: BytesIO | None) -> None:
    handover.take_picture(source, None if given is None else Picture.of(given.getvalue()))
    held = pictures.kept_pictures().find(handover.own_picture(source))
    if given is None and held is not None:
        st.caption("This is the picture that you gave before.")


def _gallery() -> None:
    """Scenes as buttons that carry their picture; the one in use is framed."""
    scenes = examples.examples()
    addresses = [pictures.thumbnail(scene.picture) for scene in scenes]
    looks = [
        f'.st-key-workbench-scene-{number} button {{ background-image: url("{address}") }}'
        for number, address in enumerate(addresses)
    ]
    st.html(f"<style>{''.join(looks)}</style>")
    in_use = handover.scene()
    with st.container(horizontal=True, key="workbench.gallery", gap="xsmall"):
        for number, scene in enumerate(scenes):
            st.button(
                plain(scene.title),
                key=f"workbench.scene {number}",
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
            key=handover.TYPED,
            placeholder="What color is the large cube?",
        )
        st.form_submit_button(
            "Ask", type="primary", icon=":material/send:", on_click=handover.ask_typed
        )
    if handover.source() == handover.EXAMPLES:
        _suggest(_example().questions)


def _suggest(questions: Sequence[ExampleQuestion]) -> None:
    """Questions that are asked at a click: some in sight, all others one click away."""
    asked = spelled(handover.asked())
    others = [question for question in questions if spelled(question.text) != asked]
    with st.container(horizontal=True, key="workbench.suggestions", gap="xsmall"):
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
        key=f"workbench.suggested {question.text}",
        on_click=handover.ask,
        args=(question.text,),
    )


def _take_scene(scene: ExampleScene) -> None:
    handover.look_at_scene(scene.name)
    handover.ask(scene.questions[0].text)
