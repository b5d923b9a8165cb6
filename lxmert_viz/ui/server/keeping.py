"""A whole analysis as one file: traces, and where the person was, with what leads there.

trace.*, picture.png   of the step in use, as traces.read takes them
other/*                the same of what it was compared with, where it was
address.json           the keys of the page's address: locks, maps, boxes, the other side
steps.json             the steps of What if?
pictures/*.png         what address and steps name by the digest of what was given
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import streamlit as st

from lxmert_viz.errors import TraceError
from lxmert_viz.picture import Picture, as_png
from lxmert_viz.stage_data import stage_data
from lxmert_viz.traces import KeptTrace, as_zip, content_of, files_of, names_in, read
from lxmert_viz.ui.server import answers, pictures
from lxmert_viz.ui.server.answers import unheard
from lxmert_viz.ui.server.examples import examples
from lxmert_viz.ui.server.models import pipeline
from lxmert_viz.ui.server.variant import Variant

OTHER, ADDRESS, STEPS, PICTURES = "other/", "address.json", "steps.json", "pictures/"
PAGE = "at"  # beside the address's own keys: the page's title
DIGEST = re.compile("[0-9a-f]{64}")
MOST_PICTURES = 50


@dataclass(frozen=True, slots=True)
class Kept:
    now: KeptTrace
    other: KeptTrace | None  # what it was compared with
    address: dict[str, str]  # with the page; empty where a program wrote the file
    steps: str  # of What if?, as they were kept; "" where there are none
    pictures: dict[str, bytes]  # digest that address and steps name -> PNG


def zipped(asked: Variant, other: Variant | None, page: str, address: Mapping[str, str]) -> bytes:
    """Made when it is asked for. page: its title."""
    files = side(asked)
    if other is not None:
        files |= {f"{OTHER}{name}": content for name, content in side(other).items()}
    told = {PAGE: page} | {key: value for key, value in address.items() if key != "steps"}
    steps = pictures.kept_pictures().find(address.get("steps", ""))
    if steps is not None:
        files[STEPS] = steps.content
    files[ADDRESS] = json.dumps(told).encode()
    for digest, picture in _named(files[ADDRESS] + files.get(STEPS, b"")):
        files[f"{PICTURES}{digest}.png"] = as_png(picture.content)
    return as_zip(files)


def side(asked: Variant) -> dict[str, bytes]:
    """The files of one trace."""
    found = answers.trace(asked, unheard)
    off = [place + 1 for place in asked.edit.off]
    settings = {"profile": asked.asked.text, "regions": asked.edit.operator, "switched off": off}
    norms, content = answers.value_norms(asked, unheard), pipeline(asked.model).digest
    return files_of(found, asked.picture.content, norms, settings, content)


def _named(text: bytes) -> Iterator[tuple[str, Picture]]:
    """Pictures that a text names; every installation has the example scenes."""
    scenes = {scene.picture.digest for scene in examples()}
    for digest in sorted({*DIGEST.findall(text.decode())} - scenes):
        found = pictures.kept_pictures().find(digest)
        if found is not None:
            yield digest, found


@st.cache_data(max_entries=8, show_spinner=False)
def opened(given: bytes) -> Kept:
    """Raises TraceError."""
    names = names_in(given)
    other = read(given, OTHER) if any(name.startswith(OTHER) for name in names) else None
    drawn = [name for name in names if name.startswith(PICTURES)][:MOST_PICTURES]
    address, steps = {}, ""
    try:
        if ADDRESS in names:
            address = json.loads(content_of(given, ADDRESS))
        if STEPS in names:
            steps = content_of(given, STEPS).decode()
    except (ValueError, RecursionError) as error:
        raise TraceError(f"This saved analysis is damaged ({error}); save it again.") from error
    if not isinstance(address, dict) or not all(type(v) is str for v in address.values()):
        raise TraceError("This saved analysis has an address that is none; save it again.")
    named = {name.removeprefix(PICTURES).removesuffix(".png"): name for name in drawn}
    taken = {digest: content_of(given, name) for digest, name in named.items()}
    return Kept(read(given), other, address, steps, taken)


def restored(kept: Kept) -> dict[str, str]:
    """The address that leads back, with the page; the store has pictures and steps."""
    told, steps = json.dumps(kept.address), kept.steps
    store = pictures.kept_pictures()
    for digest, content in kept.pictures.items():
        again = store.keep(Picture.of(content))  # encoded anew, and so another digest
        told, steps = told.replace(digest, again), steps.replace(digest, again)
    address = json.loads(told)
    if steps:
        address["steps"] = store.keep(Picture.of(steps.encode()))
    return address


@st.cache_data(max_entries=8, show_spinner=False)
def stage_payload(given: bytes, of_other: bool) -> bytes:
    """A side of an analysis that was saved, as the stage draws it. Raises TraceError."""
    both = opened(given)
    kept = both.other if of_other and both.other else both.now
    off = kept.settings.get("switched off")
    off = off if isinstance(off, list) else []
    places = [at for at in range(len(kept.trace.regions) + len(off)) if at + 1 not in off]
    places = places[: len(kept.trace.regions)]
    return stage_data(kept.trace, kept.picture, norms=kept.norms, places=places)
