"""What a person chooses for every page: the model, the picture, the question.

Choices live in the session's state under "place.widget"; what the model makes of them never does.
"""

from dataclasses import dataclass, replace
from typing import Self

import streamlit as st

from lxmert_viz.analysis.answers import spelled
from lxmert_viz.picture import Picture
from lxmert_viz.places import ASSETS
from lxmert_viz.ui.browser import page as page_parts
from lxmert_viz.ui.frame import (
    address,
    bar,
    drawer,
    handover,
    model_menu,
    navigation,
    own_boxes,
    region_options,
    stored_choice,
)
from lxmert_viz.ui.frame.navigation import Page
from lxmert_viz.ui.server import examples, models, pictures, stored_pictures, waiting
from lxmert_viz.ui.server.answers import regions
from lxmert_viz.ui.server.examples import ExampleScene
from lxmert_viz.ui.server.variant import RegionsAsked


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
    """Everything that stays while pages change; pages that ask nothing go without the bar."""
    st.html(ASSETS / "style.css")
    st.logo(ASSETS / "icon.png")
    page_parts.serve()
    address.read()
    handover.take_next()
    handover.begin(examples.examples()[0])
    navigation.say_what_this_is(page)
    if page.asks:
        _choose(page)
    else:
        address.write()
        own_boxes.state_again()
    address.show_missing()


def _choose(page: Page) -> None:
    name = handover.model()
    has_detector = stored_pictures.has_detector(name)
    is_example = has_detector and handover.source() == handover.EXAMPLES
    slots = bar.begin(page, [q.text for q in _example().questions] if is_example else [])
    with slots.model:
        model_menu.choose()
    if not has_detector:
        opened(name)
    with slots.picture:
        if has_detector:
            drawer.choose()
        else:
            stored_choice.choose(name)
    address.write()
    opened(name)
    with slots.model:
        model_menu.show_details(name)
    bar.show_picture(choice().picture)
    _follow_boxes()
    own_boxes.state_regions(name, choice().picture)


def opened(name: str) -> None:
    """Waits for the model in the page and not in its menu, which is closed."""
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


def _example() -> ExampleScene:
    scenes = {scene.name: scene for scene in examples.examples()}
    return scenes[handover.scene()]
