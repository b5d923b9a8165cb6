"""Pictures that this program drew: their scenes, and the same scenes with one thing changed."""

import streamlit as st

from lxmert_viz.config import read_json
from lxmert_viz.miniature.world.counterfactuals import changed
from lxmert_viz.miniature.world.examples import EXAMPLES, as_png
from lxmert_viz.miniature.world.scenes import Scene, make_scene
from lxmert_viz.miniature.world.views import VALUES
from lxmert_viz.picture import Picture
from lxmert_viz.places import ASSETS
from lxmert_viz.records import Report
from lxmert_viz.ui.server import examples

STUDY = ASSETS / "study"


@st.cache_resource(show_spinner=False)
def seeds() -> dict[str, int]:
    """Of the shipped scenes and the study set's pictures, by the pictures' digests."""
    shipped = zip(examples.examples(), EXAMPLES, strict=True)
    found = {scene.picture.digest: seed for scene, seed in shipped}
    for stem, told in read_json(STUDY / "scenes.json").items():
        for path in (STUDY / "images").glob(f"{stem}.*"):
            found[Picture.of(path.read_bytes()).digest] = told["seed"]
    return found


def scene_of(picture: Picture) -> Scene | None:
    """None where this program did not draw it, or does not know any more from what."""
    seed = seeds().get(picture.digest)
    return None if seed is None else make_scene(seed)


def things(scene: Scene) -> list[str]:
    """Every object as a person reads it."""
    return [f"{one.size} {one.color} {one.material} {one.shape}" for one in scene.objects]


def other_values(scene: Scene, place: int) -> list[tuple[str, str]]:
    """(attribute, value) that one object could have instead; its size would move its box."""
    thing = scene.objects[place]
    return [
        (name, value)
        for name in ("color", "material", "shape")
        for value in VALUES[name]
        if value != getattr(thing, name)
    ]


@st.cache_data(max_entries=32, show_spinner=False)
def redrawn(digest: str, place: int, attribute: str, value: str, _report: Report) -> bytes:
    """The picture of that digest, drawn again with one object changed."""
    scene = make_scene(seeds()[digest])
    return as_png(changed(scene, place, attribute, value))
