"""Whatever names questions and region files use, no row is answered from other regions than its
own: it gets these, or says why not."""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.errors import DatasetError, LxmertVizError
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions
from lxmert_viz.region_files.lxmert_tsv import write_regions
from lxmert_viz.runs.pictures import Looker
from tests.region_files.test_lxmert_tsv import regions

PREFIXES = ("", "COCO_train2014_", "COCO_val2014_")


@dataclass(frozen=True)
class Picture:
    """What is true of a picture; names tell parts of it."""

    folder: str
    prefix: str
    number: int
    ending: str

    def named(self, draw: st.DrawFn, full: bool) -> str:
        """One of its names. full: with all that tells it from others of its number."""
        folder = (
            self.folder if full else draw(st.sampled_from(["", self.folder, f"x/{self.folder}"]))
        )
        prefix = self.prefix if full else draw(st.sampled_from(["", self.prefix]))
        zeros = 12 if prefix else draw(st.sampled_from([1, 12]) if not full else st.just(3))
        ending = (
            self.ending if full else draw(st.sampled_from(["", self.ending, self.ending.upper()]))
        )
        return f"{folder}{'/' if folder else ''}{prefix}{self.number:0{zeros}d}{ending}"


PICTURES = st.lists(
    st.builds(
        Picture,
        st.sampled_from(["a", "b"]),
        st.sampled_from(PREFIXES),
        st.integers(0, 6),
        st.sampled_from([".png", ".jpg"]),
    ),
    min_size=1,
    max_size=8,
    unique=True,
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Picture], list[str], list[tuple[str, int]], bool]:
    """Pictures, what the questions call them, ids of the region file with the picture that each
    row is of, and whether the pictures lie on the disk.

    The names that the questions use tell pictures of one number apart, and so do the ids where
    such pictures differ in COCO's prefix, which only those on the disk do: else no one could
    know which is meant.
    """
    pictures, on_disk = draw(PICTURES), draw(st.booleans())
    if not on_disk:
        first = {p.number: p.prefix for p in reversed(pictures)}
        pictures = [p for p in pictures if p.prefix == first[p.number]]
    alike = [[p for p in pictures if p.number == picture.number] for picture in pictures]
    asked = [p.named(draw, full=len(same) > 1) for p, same in zip(pictures, alike, strict=True)]
    kept = draw(st.lists(st.sampled_from(range(len(pictures))), min_size=1, max_size=10))
    ids = []
    for place in kept:
        same = alike[place]
        ids.append((pictures[place].named(draw, full=len({p.prefix for p in same}) > 1), place))
    return pictures, asked, ids, on_disk


def opened(
    folder: Path, case: tuple[list[Picture], list[str], list[tuple[str, int]], bool]
) -> Dataset:
    pictures, asked, ids, on_disk = case
    if on_disk:
        for picture in pictures:
            path = folder / "set" / picture.folder
            path.mkdir(parents=True, exist_ok=True)
            zeros = 12 if picture.prefix else 3
            name = f"{picture.prefix}{picture.number:0{zeros}d}{picture.ending}"
            (path / name).touch()
    write_regions(folder / "r.tsv", [(name, marked(place)) for name, place in ids])
    rows = [f"{place},{name},what?,yes" for place, name in enumerate(asked)]
    (folder / "q.csv").write_text("\n".join(["id,image,question,answer", *rows]))
    return open_dataset(folder / "q.csv", regions=folder / "r.tsv")


def marked(place: int) -> Regions:
    made = regions(2)
    return replace(made, feats=np.full((2, 64), place, np.float32))


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(case=cases())
def test_no_row_gets_the_regions_of_another_picture(
    case: tuple[list[Picture], list[str], list[tuple[str, int]], bool], tiny_pipeline: Pipeline
) -> None:
    with tempfile.TemporaryDirectory() as place:
        try:
            dataset = opened(Path(place), case)
        except DatasetError as error:
            assert "none of the" in str(error)
            return
        looker = Looker(tiny_pipeline, dataset, "trained", lambda o, a: "thing")
        for example, found in looker.shown(dataset.examples):
            if isinstance(found, LxmertVizError):
                assert str(found)
            else:
                assert (found.feats == int(example.id)).all()


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), numbers=st.lists(st.integers(0, 10**6), min_size=1, max_size=5, unique=True))
def test_a_picture_with_a_number_of_its_own_is_found_by_any_of_its_names(
    data: st.DataObject, numbers: list[int], tiny_pipeline: Pipeline
) -> None:
    pictures = [Picture("a", data.draw(st.sampled_from(PREFIXES)), n, ".png") for n in numbers]
    asked, ids = (
        [data.draw(st.composite(lambda draw, p=p: p.named(draw, False))()) for p in pictures]
        for _ in range(2)
    )
    with tempfile.TemporaryDirectory() as place:
        rows = [(name, n) for n, name in enumerate(ids)]
        dataset = opened(Path(place), (pictures, asked, rows, data.draw(st.booleans())))
        looker = Looker(tiny_pipeline, dataset, "trained", lambda o, a: "thing")
        for example, found in looker.shown(dataset.examples):
            assert isinstance(found, Regions) and (found.feats == int(example.id)).all()


def test_what_a_named_region_file_lacks_is_not_looked_at(
    tmp_path: Path, tiny_pipeline: Pipeline, photograph: bytes
) -> None:
    for name in "ab":
        (tmp_path / f"{name}.jpg").write_bytes(photograph)
    write_regions(tmp_path / "r.tsv", [("a", marked(0))])
    (tmp_path / "q.csv").write_text("image,question\na,what?\nb,what?\n")
    found = {}
    for looks in (False, True):
        dataset = open_dataset(
            tmp_path / "q.csv", regions=tmp_path / "r.tsv", look_for_missing=looks
        )
        looker = Looker(tiny_pipeline, dataset, "trained", tiny_pipeline.region_names.of)
        found[looks] = {example.picture: seen for example, seen in looker.shown(dataset.examples)}
    assert isinstance(found[False]["a"], Regions)
    assert "--look-for-missing" in str(found[False]["b"])
    assert isinstance(found[True]["b"], Regions)
    assert found[True]["b"].detector != "region file" == found[True]["a"].detector


def test_a_picture_that_stands_twice_in_a_file(tmp_path: Path) -> None:
    """A whole row is taken before a broken one; whole rows that differ are an error."""
    from lxmert_viz.region_files.opening import open_regions

    path = tmp_path / "r.tsv"
    write_regions(path, [("a", marked(1)), ("b", marked(2)), ("b", marked(3)), ("c", marked(4))])
    first, *others = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([first[:-200] + b"\n", first, *others, others[-1]]))
    stored = open_regions(path)
    assert list(stored) == ["a", "b", "c"] and len(stored) == 3
    assert (stored["a"].feats == 1).all() and (stored["c"].feats == 4).all()
    with pytest.raises(DatasetError, match=r"'b' 2 times, with different regions \(rows 3, 4\)"):
        stored["b"]
