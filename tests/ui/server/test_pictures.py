import hashlib

import pytest

from lxmert_viz.picture import Picture
from lxmert_viz.ui.server import pictures
from lxmert_viz.ui.server.pictures import PictureStore


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_a_picture_is_found_under_its_digest() -> None:
    store = PictureStore()
    digest = store.keep(Picture.of(b"mine"))
    assert digest == hashlib.sha256(b"mine").hexdigest()
    assert store.find(digest) == Picture.of(b"mine")
    assert store.find("another") is None


def test_a_picture_is_kept_for_a_day() -> None:
    clock = Clock()
    store = PictureStore(now=clock)
    digest = store.keep(Picture.of(b"mine"))
    clock.seconds = 24 * 60 * 60 - 1
    assert store.find(digest) == Picture.of(b"mine")
    clock.seconds += 1
    assert store.find(digest) is None


def test_without_hours_nothing_is_kept() -> None:
    store = PictureStore(hours=0, now=Clock())
    assert store.find(store.keep(Picture.of(b"mine"))) is None


def test_the_picture_unused_for_longest_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_BYTES", 8)
    store = PictureStore()
    first, second = store.keep(Picture.of(b"1111")), store.keep(Picture.of(b"2222"))
    store.find(first)
    third = store.keep(Picture.of(b"3333"))
    assert [store.find(digest) for digest in (first, second, third)] == [
        Picture.of(b"1111"),
        None,
        Picture.of(b"3333"),
    ]


def test_one_large_picture_is_kept_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_BYTES", 2)
    store = PictureStore()
    assert store.find(store.keep(Picture.of(b"1111"))) == Picture.of(b"1111")
