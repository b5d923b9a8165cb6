"""A folder on a disk, by its address, and in a store of objects: one behaviour."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lxmert_viz.stores import Store
from tests.helpers.object_store import Objects, object_store


@pytest.fixture
def objects() -> Iterator[Objects]:
    with object_store() as made:
        yield made


@pytest.fixture(params=["disk", "address", "s3"])
def store(request: pytest.FixtureRequest, objects: Objects, tmp_path: Path) -> Store:
    folder = tmp_path / "a folder"
    if request.param == "disk":
        return Store.of(folder)
    if request.param == "address":
        return Store.at(folder.as_uri())
    return Store.at(objects.address("a-folder"))


def test_what_is_put_is_there_whole_under_its_name(store: Store, tmp_path: Path) -> None:
    assert store.times() == {}
    store.put("begun/one", b"first")
    store.put("begun/one", b"second")
    large = tmp_path / "large"
    large.write_bytes(bytes(range(256)) * 50_000)  # more than a part of an upload
    store.put("large", large)
    assert set(store.times()) == {"begun/one", "large"}
    assert store.get("begun/one") == store.below("begun").get("one") == b"second"
    store.fetch("large", tmp_path / "new" / "copy")
    assert (tmp_path / "new" / "copy").read_bytes() == large.read_bytes()


def test_what_is_removed_is_gone_and_what_is_not_there_is_told(
    store: Store, tmp_path: Path
) -> None:
    for name in ("a", "b/c", "b/d"):
        store.put(name, name.encode())
    store.remove("a")
    store.remove("a")
    assert set(store.times()) == {"b/c", "b/d"}
    store.below("b").clear()
    store.below("b").clear()
    assert store.times() == {}
    with pytest.raises(FileNotFoundError):
        store.get("a")
    with pytest.raises(FileNotFoundError):
        store.fetch("a", tmp_path / "copy")
    store.clear()


def test_a_later_put_has_a_later_time(store: Store) -> None:
    store.put("note", b"")
    before = store.times()["note"]
    store.put("note", b"")
    assert store.times()["note"] >= before


def test_what_cannot_be_written_is_an_error(objects: Objects) -> None:
    objects.refused = True
    with pytest.raises(OSError, match="ACCESS_DENIED|AccessDenied"):
        Store.at(objects.address("folder")).put("note", b"1")
    with pytest.raises(ValueError):
        Store.at("plain words")
