"""The one rule by which a name finds its picture, and what it says where it cannot."""

from pathlib import Path

import pytest

from lxmert_viz.errors import DatasetError
from lxmert_viz.region_files.picture_ids import PictureIndex, match, pictures_below

COCO = "COCO_val2014_000000000042"


@pytest.mark.parametrize(
    ("known", "name"),
    [
        ("scene-1", "scene-1"),
        ("scene-1.png", "scene-1"),
        ("scene-1", "scene-1.PNG"),
        ("scene-1.JPG", "scene-1.jpg"),
        ("scene-1.jpeg", "scene-1.jpg"),
        ("images/scene-1.png", "scene-1"),
        ("scene-1", "images/scene-1.png"),
        ("a/b/scene-1.png", "b/scene-1"),
        ("b/scene-1", "/data/a/b/scene-1.png"),
        ("images\\scene-1.png", "./images//scene-1.png"),
        (COCO, "42"),
        (f"val2014/{COCO}.jpg", "42"),
        ("42", f"{COCO}.jpg"),
        ("000000000042", "42"),
        ("42", "val2017/000000000042.jpg"),
        ("COCO_test2015_000000000042", "42"),
        ("0", "000"),
        ("v1.2", "v1.2"),
        ("v1.2.png", "v1.2"),
    ],
)
def test_a_name_finds_the_picture_that_it_means(known: str, name: str) -> None:
    assert PictureIndex([known, "another", "7", "v1.3"]).find(name) == known


@pytest.mark.parametrize(
    ("known", "name"),
    [
        ("scene-10", "scene-1"),
        ("Scene-1", "scene-1"),
        ("v1.2", "v1"),  # no ending of a picture
        ("dog_42", "42"),
        ("COCO_train2014_000000000042", COCO),
        ("420", "42"),
        ("n42", "42"),
        ("a/1.png", "b/1.png"),
        ("٤٢", "42"),
    ],
)
def test_another_picture_is_never_taken_for_it(known: str, name: str) -> None:
    assert PictureIndex([known]).find(name) is None


@pytest.mark.parametrize(
    ("known", "name"),
    [
        (["a/1.png", "b/1.png"], "1"),
        (["a/1.png", "b/1.png"], "1.png"),
        (["1.jpg", "1.png"], "1"),
        (["1.png", "a/1.png"], "1"),
        (["x/a/1.png", "y/a/1.png"], "a/1.png"),
        ([COCO, "000000000042"], "42"),
        ([COCO, "COCO_train2014_000000000042"], "42"),
        (["1", "01"], "001"),
    ],
)
def test_two_that_fit_are_an_error_that_names_both(known: list[str], name: str) -> None:
    with pytest.raises(DatasetError) as raised:
        PictureIndex(known).find(name)
    assert all(repr(one) in str(raised.value) for one in known)


@pytest.mark.parametrize(
    ("known", "name", "right"),
    [
        (["1", "01", COCO], "01", "01"),
        (["a/1.png", "b/1.png"], "b/1.png", "b/1.png"),
        (["a/1.png", "b/1.png"], "b/1", "b/1.png"),
        (["a/1.png", "a/1.jpg"], "a/1.jpg", "a/1.jpg"),
        (["a/1.png", "b/1.jpg"], "1.jpg", "b/1.jpg"),
        (["1.png", "a/1.png"], "1.png", "1.png"),
        (["42", COCO], COCO, COCO),
    ],
)
def test_what_is_written_tells_two_apart(known: list[str], name: str, right: str) -> None:
    assert PictureIndex(known).find(name) == right


def test_the_folder_of_the_pictures_belongs_to_their_paths() -> None:
    pictures = PictureIndex(["1.png", "a/1.png"], ("data", "set"))
    assert pictures.find("/data/set/1.png") == "1.png"
    assert pictures.find("set/1.png") == "1.png"
    assert pictures.find("set/a/1.png") == "a/1.png"
    assert pictures.find("b/1.png") is None


def test_a_written_folder_may_differ_only_where_no_folder_tells_pictures_apart() -> None:
    moved = match({"train/1.png": ["train/1.png"]}, PictureIndex(["images/1.png"]))
    assert moved.found == moved.elsewhere == {"train/1.png": "images/1.png"}
    known = PictureIndex(["a/1.png", "a/2.png", "b/2.png"])
    assert not match({"c/1.png": ["c/1.png"]}, known).found
    asked = {name: [name] for name in ("a/1.png", "b/1.png")}
    assert match(asked, PictureIndex(["a/1.png"])).found == {"a/1.png": "a/1.png"}


def test_a_picture_that_two_contradicting_names_would_be_is_neither() -> None:
    asked = {name: [name] for name in ("a/1.png", "b/1.png")}
    matches = match(asked, PictureIndex(["1"]))
    assert not matches.found
    assert "'a/1.png' and 'b/1.png' are both asked about" in matches.faults["a/1.png"]
    matches = match(asked, PictureIndex(["1", "a/1"]))
    assert matches.found == {"a/1.png": "a/1"} and matches.faults.keys() == {"b/1.png"}
    exact = match({"1.png": ["1.png"], "1.jpg": ["1.jpg"]}, PictureIndex(["1.png"]))
    assert exact.found == {"1.png": "1.png"} and exact.faults.keys() == {"1.jpg"}
    alike = match({name: [name] for name in ("42", COCO)}, PictureIndex(["42"]))
    assert alike.found == {"42": "42", COCO: "42"}
    padded = match({name: [name] for name in ("1", "01")}, PictureIndex(["001"]))
    assert not padded.found and padded.faults.keys() == {"1", "01"}


def test_ids_of_a_folder_carry_what_tells_them_apart(tmp_path: Path) -> None:
    for name in ("a/1.png", "b/1.png", "b/1.jpg", "2.JPG", "v1.2.png", "text.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = {key: str(path.relative_to(tmp_path)) for key, path in pictures_below(tmp_path).items()}
    assert found == {
        "2": "2.JPG",
        "a/1": "a/1.png",
        "b/1.jpg": "b/1.jpg",
        "b/1.png": "b/1.png",
        "v1.2": "v1.2.png",
    }


def test_very_many_names_are_looked_up_and_not_walked_through() -> None:
    """All of one name in different folders, and all of one number: no name scans the others."""
    folders = [f"scene{n}/rgb.png" for n in range(30_000)]
    known = PictureIndex(folders)
    assert [known.find(name.removesuffix(".png")) for name in folders] == folders
    assert match({name: [name] for name in folders}, known).found == {n: n for n in folders}
    numbers = PictureIndex(f"p{n}/{'0' * (n % 50)}7.png" for n in range(30_000))
    for n in range(20_000):
        assert numbers.find(f"q{n}/007.jpg") is None
    with pytest.raises(DatasetError, match="may be"):
        numbers.find("7")
