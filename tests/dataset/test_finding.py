"""Which picture and which regions a row gets, and what is said where it gets none."""

from pathlib import Path

import pytest

from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.errors import DatasetError
from lxmert_viz.region_files.lxmert_tsv import write_regions
from tests.region_files.test_lxmert_tsv import regions


def asked(folder: Path, *pictures: str, **options: object) -> Dataset:
    """A table that asks about each of the pictures."""
    file = folder / "asked.csv"
    file.write_text("\n".join(["image,question,answer", *(f"{p},what?,yes" for p in pictures)]))
    return open_dataset(file, **options)


def with_files(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def stored(folder: Path, *ids: str, name: str = "mine.tsv") -> Path:
    write_regions(folder / name, [(i, regions(1 + n)) for n, i in enumerate(ids)])
    return folder / name


def told(dataset: Dataset, kind: str) -> list[str]:
    return [remark.what for remark in dataset.remarks if remark.kind == kind]


def test_a_path_that_is_written_is_used_and_a_bare_name_of_two_is_an_error(tmp_path: Path) -> None:
    with_files(tmp_path, "a/1.png", "b/1.png")
    dataset = asked(tmp_path, "a/1.png", "b/1.png", "1.png")
    shown = [str(dataset.pictures[e.picture].relative_to(tmp_path)) for e in dataset.examples[:2]]
    assert shown == ["a/1.png", "b/1.png"]
    (said,) = dataset.picture_faults.values()
    assert "'1.png' may be 'a/1.png' or 'b/1.png'" in said
    assert len(told(dataset, "unclear")) == 1 and not told(dataset, "no picture")


def test_a_folder_of_pictures_keeps_two_of_one_name(tmp_path: Path) -> None:
    with_files(tmp_path, "a/1.png", "b/1.png", "2.png")
    dataset = open_dataset(tmp_path, asked=["what?"])
    assert {e.picture: e.id for e in dataset.examples} == {
        name: f"{name}:1" for name in ("2", "a/1", "b/1")
    }
    assert dataset.pictures["b/1"] == tmp_path / "b/1.png"


def test_pictures_that_are_asked_alike_take_their_regions_from_a_file(tmp_path: Path) -> None:
    with_files(tmp_path, "pictures/1.png", "pictures/2.png")
    file = stored(tmp_path, "2", "1")
    dataset = open_dataset(tmp_path / "pictures", asked=["what?"], regions=file)
    assert dataset.region_file == file and dataset.region_ids == {"1": "1", "2": "2"}


@pytest.mark.parametrize("region_id", ["1", "1.png", "images/1.PNG", "/data/images/1.jpg"])
def test_regions_are_found_whatever_folder_and_ending_their_ids_have(
    tmp_path: Path, region_id: str
) -> None:
    with_files(tmp_path, "images/1.png")
    file = stored(tmp_path, "0", region_id)
    dataset = asked(tmp_path, "1.png", regions=file)
    assert dataset.region_ids == {"1": region_id}


def test_numbers_find_pictures_and_regions_of_coco(tmp_path: Path) -> None:
    with_files(tmp_path, "pictures/COCO_val2014_000000000042.jpg")
    file = stored(tmp_path, "42")
    dataset = asked(tmp_path, "000000000042", pictures=tmp_path / "pictures", regions=file)
    (picture,) = {example.picture for example in dataset.examples}
    assert picture == "COCO_val2014_000000000042" in dataset.pictures
    assert dataset.region_ids == {picture: "42"}


def test_a_file_with_none_of_the_pictures_ends_with_three_names_of_each_side(
    tmp_path: Path,
) -> None:
    file = stored(tmp_path, *"wxyz")
    with pytest.raises(DatasetError) as raised:
        asked(tmp_path, *"abcd", regions=file)
    assert "none of the 4 pictures" in str(raised.value)
    assert "it has 'w', 'x', 'y', and the questions name 'a', 'b', 'c'" in str(raised.value)
    assert asked(tmp_path, *"abcd", regions=file, look=True).region_file is None


def test_what_a_named_file_lacks_is_an_error_unless_the_detector_may_look(tmp_path: Path) -> None:
    with_files(tmp_path, "a.png", "b.png")
    file = stored(tmp_path, "a")
    dataset = asked(tmp_path, "a", "b", "c", regions=file)
    assert not dataset.looks_for_missing
    assert told(dataset, "no regions") == [
        f"row {line}: mine.tsv lacks {name!r}, so it is not answered."
        for line, name in ((3, "b"), (4, "c"))
    ]
    looking = asked(tmp_path, "a", "b", "c", regions=file, look_for_missing=True)
    assert looking.looks_for_missing and "so the detector looks" in told(looking, "no regions")[0]
    assert told(looking, "no picture") == ["row 4: there is no picture 'c'."]


def test_what_a_file_beside_the_questions_lacks_is_looked_at_and_told(tmp_path: Path) -> None:
    with_files(tmp_path, "a.png", "b.png")
    stored(tmp_path, "a", name="regions.tsv")
    dataset = asked(tmp_path, "a", "b")
    assert dataset.region_ids == {"a": "a"} and dataset.looks_for_missing
    assert "regions.tsv lacks 'b', so the detector looks" in told(dataset, "no regions")[0]


def test_of_several_files_beside_the_questions_the_fullest_is_taken(tmp_path: Path) -> None:
    stored(tmp_path, "x", "y", name="train_obj36.tsv")
    fullest = stored(tmp_path, "a", "b", name="val_obj36.tsv")
    assert asked(tmp_path, "a", "b").region_file == fullest


def test_two_pictures_do_not_share_one_row_of_regions(tmp_path: Path) -> None:
    with_files(tmp_path, "a/1.png", "b/1.png")
    dataset = asked(tmp_path, "a/1.png", "b/1.png", regions=stored(tmp_path, "1"))
    assert not dataset.region_ids and len(dataset.region_faults) == 2
    assert len(told(dataset, "unclear")) == 2


def test_a_picture_in_another_folder_than_the_written_is_told(tmp_path: Path) -> None:
    with_files(tmp_path, "images/1.png")
    dataset = asked(tmp_path, "val2014/1.png")
    assert dataset.examples[0].picture == "1"
    assert "'val2014/1.png' is 'images/1.png'" in told(dataset, "note")[0]
