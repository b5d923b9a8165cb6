"""Pictures that people gave, kept under their digests so that a reload finds them again."""

import base64
import os
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import cache
from operator import attrgetter
from threading import Lock

import streamlit as st

from lxmert_viz.picture import Picture, as_jpeg
from lxmert_viz.places import KEEP_PICTURES_VARIABLE
from lxmert_viz.stage_data import SHOWN_SIDE_PX
from lxmert_viz.ui.server.examples import examples

HOURS = 24.0
MAX_BYTES = 300_000_000
THUMBNAIL_SIDE_PX = 200
BY_DIGEST = {Picture: attrgetter("digest")}  # how caches tell pictures apart


class PictureStore:
    """Holds each picture for some hours; the one unused for longest leaves when room is short."""

    def __init__(self, hours: float = HOURS, now: Callable[[], float] = time.monotonic) -> None:
        self._seconds = 3600 * hours
        self._now = now
        self._lock = Lock()
        self._kept: OrderedDict[str, tuple[float, Picture]] = OrderedDict()  # digest: since

    def keep(self, picture: Picture) -> str:
        """The picture's digest, under which it is found again."""
        with self._lock:
            self._kept[picture.digest] = (self._now(), picture)
            self._kept.move_to_end(picture.digest)
            self._drop()
        return picture.digest

    def find(self, digest: str) -> Picture | None:
        """None for a picture that was never here or is here no more."""
        with self._lock:
            self._drop()
            if digest not in self._kept:
                return None
            self._kept.move_to_end(digest)
            return self._kept[digest][1]

    def sweep(self) -> None:
        """What is too old leaves though nobody asks."""
        with self._lock:
            self._drop()

    @property
    def size_bytes(self) -> int:
        with self._lock:
            return self._bytes()

    def _drop(self) -> None:
        oldest = self._now() - self._seconds
        for digest in [d for d, (since, _) in self._kept.items() if since <= oldest]:
            del self._kept[digest]
        while len(self._kept) > 1 and self._bytes() > MAX_BYTES:
            self._kept.popitem(last=False)

    def _bytes(self) -> int:
        return sum(len(picture.content) for _, picture in self._kept.values())


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=BY_DIGEST)
def shown_picture(picture: Picture) -> str:
    """The upright picture as an address that an <img> takes, small enough to send."""
    return _address(picture, SHOWN_SIDE_PX)


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=BY_DIGEST)
def thumbnail(picture: Picture) -> str:
    return _address(picture, THUMBNAIL_SIDE_PX)


@cache  # not Streamlit's, which any visitor can clear
def kept_pictures() -> PictureStore:
    return PictureStore(hours_kept())


def picture_of(digest: str) -> Picture | None:
    """A picture that somebody gave lately, or of an example scene."""
    scenes = (scene.picture for scene in examples() if scene.picture.digest == digest)
    return kept_pictures().find(digest) or next(scenes, None)


def hours_kept() -> float:
    return float(os.environ.get(KEEP_PICTURES_VARIABLE, HOURS))


def _address(picture: Picture, side_px: int) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(as_jpeg(picture.content, side_px)).decode()}"
