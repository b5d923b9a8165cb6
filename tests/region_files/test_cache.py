"""What was found before is found again bit for bit, and the folder stays below its size."""

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lxmert_viz.detector import speed
from lxmert_viz.records import LeftOut, Regions
from lxmert_viz.region_files.cache import RegionCache
from tests.region_files.test_lxmert_tsv import regions

LEFT_OUT = LeftOut(
    boxes_unit=np.array([[0, 0, 0.5, 0.25]], np.float32),
    names=("red ball",),
    scores=np.array([0.25], np.float32),
    reasons=("overlap",),
    rivals=np.array([1]),
)


class Counted:
    def __init__(self, gives: Regions) -> None:
        self.looks = 0
        self._gives = gives

    def __call__(self) -> Regions:
        self.looks += 1
        return self._gives


def never() -> Regions:
    raise AssertionError("this was kept and is looked for again")


def same(one: object, other: object) -> bool:
    """Of two records: every field, to the bit and the type."""
    for field in dataclasses.fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, np.ndarray):
            alike = (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())
        elif dataclasses.is_dataclass(a):
            alike = same(a, b)
        else:
            alike = type(a) is type(b) and a == b
        if not alike:
            return False
    return True


def kept_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def test_regions_come_back_as_they_were(tmp_path: Path) -> None:
    cache = RegionCache(tmp_path)
    for number, given in enumerate(
        (
            regions(3),
            regions(0),
            dataclasses.replace(regions(2), left_out=LEFT_OUT, digest="d"),
        )
    ):
        assert cache.found({"picture": number}, lambda given=given: given) is given
        again = RegionCache(tmp_path).found({"picture": number}, never)
        assert same(again, given)


def test_every_fact_counts(tmp_path: Path) -> None:
    cache, look = RegionCache(tmp_path), Counted(regions(2))
    facts: list[dict[str, object]] = [
        {"picture": "a", "profile": "demo"},
        {"picture": "b", "profile": "demo"},
        {"picture": "a", "profile": "trained"},
        {"profile": "demo", "picture": "a"},  # the first one again
    ]
    for each in facts:
        cache.found(each, look)
    assert look.looks == 3


def test_the_one_unused_for_longest_leaves(tmp_path: Path) -> None:
    def paths(number: int) -> Callable[[], Regions]:
        return lambda: regions(4, seed=number)

    one = RegionCache(tmp_path)
    one.found({"picture": 0}, paths(0))
    size = kept_bytes(tmp_path)
    cache = RegionCache(tmp_path, max_bytes=3 * size)
    for number in (1, 2):
        cache.found({"picture": number}, paths(number))
    for age, path in enumerate(sorted(tmp_path.iterdir(), key=lambda p: p.stat().st_mtime_ns)):
        os.utime(path, (age, age))
    cache.found({"picture": 0}, never)  # now 1 is the one unused for longest
    cache.found({"picture": 3}, paths(3))
    assert kept_bytes(tmp_path) == 3 * size
    for number in (0, 2, 3):
        cache.found({"picture": number}, never)
    again = Counted(regions(4, seed=1))
    cache.found({"picture": 1}, again)
    assert again.looks == 1


def test_what_is_damaged_is_looked_for_again(tmp_path: Path) -> None:
    cache = RegionCache(tmp_path)
    cache.found({"picture": 1}, lambda: regions(2))
    (path,) = tmp_path.iterdir()
    for damage in (b"", path.read_bytes()[:200], b"PK\x03\x04" + bytes(50)):
        path.write_bytes(damage)
        look = Counted(regions(2))
        assert same(cache.found({"picture": 1}, look), regions(2))
        assert look.looks == 1
        cache.found({"picture": 1}, never)


def test_a_folder_that_cannot_be_made_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache, look = RegionCache(tmp_path / "file" / "inside"), Counted(regions(2))
    assert same(cache.found({"picture": 1}, look), regions(2))
    cache.found({"picture": 1}, look)
    assert look.looks == 2


def test_clearing_removes_what_was_kept_and_nothing_else(tmp_path: Path) -> None:
    cache, look = RegionCache(tmp_path), Counted(regions(2))
    (tmp_path / "letter.txt").write_text("mine")
    cache.found({"picture": 1}, look)
    assert cache.size() == cache.clear() > 0
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]
    cache.found({"picture": 1}, look)
    assert look.looks == 2


def test_a_pipeline_looks_once_at_the_same_picture_in_the_same_way(
    tmp_path: Path, tiny_folder: Path, photograph: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lxmert_viz.detector import looking
    from lxmert_viz.pipeline import Pipeline

    detect = Counted(None)
    monkeypatch.setattr(
        looking, "detect", lambda *given, real=looking.detect: (detect(), real(*given))[1]
    )
    first = Pipeline.open(tiny_folder, "cpu", cache=RegionCache(tmp_path))
    seen = first.look(photograph, "trained")
    again = Pipeline.open(tiny_folder, "cpu", cache=RegionCache(tmp_path))
    assert same(again.look(photograph, "trained"), seen)
    assert detect.looks == 1
    assert seen.left_out is not None
    for profile in ("demo", "trained, regions=10"):
        again.look(photograph, profile)
    assert detect.looks == 3
    monkeypatch.setattr(speed, "has_bfloat16", lambda device: True)
    mixed = Pipeline.open(tiny_folder, "cpu", cache=RegionCache(tmp_path), precision="mixed")
    mixed.look(photograph, "trained")
    assert detect.looks == 4
    box = np.array([[0.1, 0.1, 0.5, 0.6]], np.float32)
    assert same(first.look(photograph, boxes_unit=box), again.look(photograph, boxes_unit=box))
    assert detect.looks == 4
