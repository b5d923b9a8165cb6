"""How captions belong to pictures, kept for all sessions. Keys are contents."""

from collections.abc import Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import streamlit as st

from lxmert_viz.errors import DatasetError, PictureError
from lxmert_viz.experiments.edits import edited
from lxmert_viz.picture import Picture
from lxmert_viz.records import Regions, Report
from lxmert_viz.ui.server.answers import BY_CONTENT, regions, regions_of
from lxmert_viz.ui.server.models import pipeline
from lxmert_viz.ui.server.variant import RegionsAsked, Variant

if TYPE_CHECKING:  # torch takes seconds, in which the page should already stand
    from lxmert_viz.experiments.matching import PairChange, WordChange

LOOKING = 0.8  # of the time goes by while pictures are looked at, where there are several


class Seen(NamedTuple):
    """A picture, and how its regions are found."""

    name: str
    picture: Picture
    asked: RegionsAsked


class Matched(NamedTuple):
    """NaN stands where a text or a picture has an error."""

    logits: np.ndarray  # (C, P, 2)
    blank: np.ndarray  # (C, 2)
    text_errors: tuple[str, ...]  # C, "" where there is none
    picture_errors: tuple[str, ...]  # P
    unknown_words: tuple[str, ...] = ()  # of all texts

    @property
    def scores(self) -> np.ndarray:
        """(C, P) l1 - l0."""
        return self.logits[..., 1] - self.logits[..., 0]

    @property
    def blank_scores(self) -> np.ndarray:
        """(C,)"""
        return self.blank[..., 1] - self.blank[..., 0]


def matched(model: str, seen: Sequence[Seen], texts: Sequence[str], report: Report) -> Matched:
    """One bad text or picture spoils its own row alone. Raises CheckpointError without the head."""
    return _matched(pipeline(model).digest, tuple(seen), tuple(texts), model, report)


@st.cache_data(
    max_entries=16, show_spinner=False, hash_funcs={Picture: attrgetter("digest"), Seen: repr}
)
def _matched(
    content: str, seen: tuple[Seen, ...], texts: tuple[str, ...], _model: str, _report: Report
) -> Matched:
    from lxmert_viz.experiments import matching

    opened = pipeline(_model)
    found: list[Regions | str] = []
    for place, one in enumerate(seen):

        def hear(stage: str, share: float, place: int = place) -> None:
            done = LOOKING * (place + share) / len(seen)
            _report(f"looking at picture {place + 1} of {len(seen)}", done)

        hear("", 0.0)
        found.append(_regions(_model, one, hear))
    wrong = tuple(matching.refused(opened, text) for text in texts)
    said = [place for place, error in enumerate(wrong) if not error]
    shown = [place for place, one in enumerate(found) if not isinstance(one, str)]
    logits = np.full((len(texts), len(seen), 2), np.nan, np.float32)
    blank = np.full((len(texts), 2), np.nan, np.float32)
    if said and shown:
        grid = matching.grid(
            opened,
            [found[place] for place in shown],
            [texts[place] for place in said],
            lambda stage, share: _report(stage, LOOKING + (1 - LOOKING) * share),
        )
        logits[np.ix_(said, shown)], blank[said] = grid.logits, grid.blank
    errors = tuple(one if isinstance(one, str) else "" for one in found)
    read = opened.tokenizer.read
    unknown = {word: None for place in said for word in read(texts[place]).unknown_words}
    return Matched(logits, blank, wrong, errors, tuple(unknown))


def _regions(model: str, one: Seen, report: Report) -> Regions | str:
    """Or why there are none."""
    try:
        return regions(model, one.picture, one.asked, report)
    except (PictureError, DatasetError) as error:
        return str(error)


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=BY_CONTENT)
def words(variant: Variant, _report: Report) -> "list[WordChange]":
    from lxmert_viz.experiments import matching

    seen = edited(regions_of(variant, _report), variant.edit)
    return matching.word_changes(pipeline(variant.model), seen, variant.text, _report)


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=BY_CONTENT)
def parts(variant: Variant, foil: str, _report: Report) -> "PairChange":
    from lxmert_viz.experiments import matching

    seen = edited(regions_of(variant, _report), variant.edit)
    return matching.region_changes(pipeline(variant.model), seen, (variant.text, foil), _report)


def is_known(model: str, text: str, caption: str) -> bool:
    """Whether a foil brings no word that the vocabulary cannot spell."""
    tokenizer = pipeline(model).tokenizer
    lacks = [tokenizer.read(one).unknown_words for one in (text, caption)]
    return {*lacks[0]} <= {*lacks[1]}
