"""Pictures that people gave, kept under their digests so that a reload finds them again."""

import base64
import hashlib
import os
import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

import streamlit as st

from lxmert_viz.picture import as_jpeg
from lxmert_viz.places import KEEP_PICTURES_VARIABLE
from lxmert_viz.ui.server.examples import examples

HOURS = 24.0
MAX_BYTES = 300_000_000
SHOWN_SIDE_PX = 1200
THUMBNAIL_SIDE_PX = 200


class PictureStore:
    """Holds each picture for some hours; the one unused for longest leaves when room is short."""

    def __init__(self, hours: float = HOURS, now: Callable[[], float] = time.monotonic) -> None:
        self._seconds = 3600 * hours
        self._now = now
        self._lock = Lock()
        self._kept: OrderedDict[str, tuple[float, bytes]] = OrderedDict()  # digest: since when

    def keep(self, picture: bytes) -> str:
        """The picture's digest, sha256 in hexadecimal digits."""
        digest = hashlib.sha256(picture).hexdigest()
        with self._lock:
            self._kept[digest] = (self._now(), picture)
            self._kept.move_to_end(digest)
            self._drop()
        return digest

    def find(self, digest: str) -> bytes | None:
        """None for a picture that was never here or is here no more."""
        with self._lock:
            self._drop()
            if digest not in self._kept:
                return None
            self._kept.move_to_end(digest)
            return self._kept[digest][1]

    def _drop(self) -> None:
        oldest = self._now() - self._seconds
        for digest in [d for d, (since, _) in self._kept.items() if since <= oldest]:
            del self._kept[digest]
        while len(self._kept) > 1 and self._bytes() > MAX_BYTES:
            self._kept.popitem(last=False)

    def _bytes(self) -> int:
        return sum(len(picture) for _, picture in self._kept.values())


@st.cache_data(max_entries=32, show_spinner=False)
def shown_picture(picture: bytes) -> str:
    """The upright picture as an address that an <img> takes, small enough to send."""
    return _address(picture, SHOWN_SIDE_PX)


@st.cache_data(max_entries=64, show_spinner=False)
def thumbnail(picture: bytes) -> str:
    return _address(picture, THUMBNAIL_SIDE_PX)


@st.cache_resource(show_spinner=False)
def kept_pictures() -> PictureStore:
    return PictureStore(hours_kept())


def picture_of(digest: str) -> bytes | None:
    """A picture that somebody gave lately, or of an example scene."""
    return kept_pictures().find(digest) or _scene_pictures().get(digest)


@st.cache_data(show_spinner=False)
def _scene_pictures() -> dict[str, bytes]:
    return {hashlib.sha256(scene.picture).hexdigest(): scene.picture for scene in examples()}


def hours_kept() -> float:
    return float(os.environ.get(KEEP_PICTURES_VARIABLE, HOURS))


def _address(picture: bytes, side_px: int) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(as_jpeg(picture, side_px)).decode()}"
