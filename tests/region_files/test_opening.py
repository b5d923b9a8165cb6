"""Region files of every layout: what goes in comes out, bit for bit."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from lxmert_viz.errors import DatasetError
from lxmert_viz.records import LeftOut, Regions
from lxmert_viz.region_files import tsv
from lxmert_viz.region_files.opening import LAYOUTS, layout_for, open_regions, write_rows
from lxmert_viz.region_files.rows import Origin, RegionFile, RegionRow
from tests.helpers.files import FIXTURES
from tests.region_files.test_lxmert_tsv import regions

ORIGIN = Origin("any", "{} {}".format)
FIRST_VERSION = FIXTURES / "regions_version_1"
FIXTURE = FIXTURES / "reference_regions.arrow"
ENDING = {"lxmert": "tsv", "bottom-up": "tsv", "reference": "arrow"}
OWN = ("parquet", "safetensors")


def path_for(folder: Path, layout: str, name: str = "regions") -> Path:
    return folder / f"{name}.{ENDING.get(layout, layout)}"


def rows(counts: tuple[int, ...] = (3, 5, 0, 4)) -> list[RegionRow]:
    return [RegionRow.of(f"scene_{i}", regions(n, seed=i)) for i, n in enumerate(counts)]


def same(one: Regions | LeftOut, other: Regions | LeftOut, leave_out: tuple[str, ...] = ()) -> bool:
    for field in dataclasses.fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if field.name in leave_out:
            continue
        if isinstance(a, LeftOut):
            if not isinstance(b, LeftOut) or not same(a, b):
                return False
        elif isinstance(a, np.ndarray):
            if a.dtype != b.dtype or a.shape != b.shape or a.tobytes() != b.tobytes():
                return False
        elif a != b:
            return False
    return True


@pytest.mark.parametrize("layout", OWN)
def test_our_own_files_give_back_every_bit_of_every_picture(tmp_path: Path, layout: str) -> None:
    written = rows((3, 5, 4)) + rows(tuple([2] * 70))[3:]
    write_rows(path_for(tmp_path, layout), layout, written)
    read = open_regions(str(path_for(tmp_path, layout)), ORIGIN)
    assert len(read) == len(written)
    for before, after in zip(written, read.rows(), strict=True):
        assert before.picture == after.picture
        assert same(before.regions, after.regions)
        assert before.boxes_px.tobytes() == after.boxes_px.tobytes()


def left_out(count: int) -> LeftOut:
    seen = regions(count, seed=count)
    reasons = tuple(("overlap", "limit", "score")[i % 3] for i in range(count))
    return LeftOut(seen.boxes_unit, seen.names, seen.scores, reasons, np.arange(count) - 1)


@pytest.mark.parametrize("layout", OWN)
def test_our_own_files_keep_what_the_detector_left_out_and_what_it_missed(
    tmp_path: Path, layout: str
) -> None:
    counts = (4, None, 0, 7)
    written = [
        dataclasses.replace(
            row,
            regions=dataclasses.replace(
                row.regions, left_out=None if count is None else left_out(count), missing=place
            ),
        )
        for place, (row, count) in enumerate(zip(rows((3, 5, 0, 4)), counts, strict=True))
    ]
    write_rows(path_for(tmp_path, layout), layout, written)
    read = open_regions(path_for(tmp_path, layout), ORIGIN)
    for before, after in zip(written, read.rows(), strict=True):
        assert same(before.regions, after.regions)
    others = read["scene_3"].left_out
    assert (others.reasons[:3], others.rivals[0]) == (("overlap", "limit", "score"), -1)
    write_rows(tmp_path / "plain.tsv", "lxmert", read.rows())
    assert open_regions(tmp_path / "plain.tsv", ORIGIN)["scene_3"].left_out is None


@pytest.mark.parametrize("layout", OWN)
def test_files_of_the_first_version_open(layout: str) -> None:
    """Written by the release before, of the rows above."""
    read = open_regions(FIRST_VERSION / f"regions.{layout}", ORIGIN)
    for before, after in zip(rows((3, 5, 0, 4)), read.rows(), strict=True):
        assert same(before.regions, after.regions)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_file_read_and_written_again_is_the_same_file(tmp_path: Path, layout: str) -> None:
    counts = (5, 3, 4) if layout == "reference" else (3, 5, 4)
    first, again = path_for(tmp_path, layout), path_for(tmp_path, layout, "again")
    write_rows(first, layout, rows(counts))
    source = open_regions(first, ORIGIN)
    assert source.layout == layout
    write_rows(again, layout, source.rows(), source.newline)
    assert again.read_bytes() == first.read_bytes()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_picture_is_found_by_its_name(tmp_path: Path, layout: str) -> None:
    write_rows(path_for(tmp_path, layout), layout, rows((4, 4, 3)))
    read = open_regions(path_for(tmp_path, layout), ORIGIN)
    name = "2" if layout == "reference" else "scene_2"
    assert name in read
    assert read[name].feats.tobytes() == rows((4, 4, 3))[2].regions.feats.tobytes()
    assert read[name].boxes_unit == pytest.approx(rows((4, 4, 3))[2].regions.boxes_unit, abs=1e-6)
    read[name].feats[:] = 0  # a copy of the reader's own
    assert read[name].feats.any()
    with pytest.raises(DatasetError, match="'nowhere'.*it has 3 pictures"):
        read["nowhere"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_empty_picture_stays_empty(tmp_path: Path, layout: str) -> None:
    write_rows(path_for(tmp_path, layout), layout, rows((2, 0, 1)))
    found = list(open_regions(path_for(tmp_path, layout), ORIGIN).rows())
    assert [len(row.regions) for row in found] == [2, 0, 1]


@pytest.mark.parametrize("sample", ["gqa_sample", "coco_sample"])
@pytest.mark.parametrize("through", ["lxmert", "parquet", "safetensors"])
def test_published_files_come_through_byte_for_byte(
    test_data: Path, tmp_path: Path, sample: str, through: str
) -> None:
    published = test_data / sample / "obj36.tsv"
    source = open_regions(published, ORIGIN)
    middle, again = path_for(tmp_path, through, "middle"), tmp_path / "again.tsv"
    write_rows(middle, through, source.rows(), source.newline)
    write_rows(again, "lxmert", open_regions(middle, ORIGIN).rows(), source.newline)
    assert again.read_bytes() == published.read_bytes()


@pytest.mark.parametrize("first", LAYOUTS)
@pytest.mark.parametrize("second", LAYOUTS)
def test_published_regions_are_the_same_through_any_two_layouts(
    test_data: Path, tmp_path: Path, first: str, second: str
) -> None:
    published = open_regions(test_data / "coco_sample" / "obj36.tsv", ORIGIN)
    one, two = (path_for(tmp_path, la, f"{n}") for n, la in enumerate((first, second)))
    write_rows(one, first, published.rows())
    write_rows(two, second, open_regions(one, ORIGIN).rows())
    read = open_regions(two, ORIGIN)
    assert len(read) == len(published) == 10
    for picture in published:
        before, after = published[picture], read[picture]
        assert after.size_px == before.size_px
        assert after.feats.tobytes() == before.feats.tobytes()
        np.testing.assert_allclose(after.boxes_unit, before.boxes_unit, atol=1e-6)
        if "bottom-up" not in (first, second):
            assert after.names == before.names
            assert after.scores.tobytes() == before.scores.tobytes()


@pytest.mark.parametrize("sample", ["gqa_sample", "coco_sample"])
def test_published_regions_lie_in_the_picture_and_have_sensible_names(
    test_data: Path, sample: str
) -> None:
    lists = [
        (test_data / f"{k}_vocab.txt").read_text().split("\n") for k in ("objects", "attributes")
    ]
    objects, attributes = lists
    origin = Origin("published", lambda o, a: f"{attributes[a]} {objects[o]}")
    source = open_regions(test_data / sample / "obj36.tsv", origin)
    assert len(source) == {"gqa_sample": 36, "coco_sample": 10}[sample]
    for row in source.rows():
        boxes = row.regions.boxes_unit
        assert ((boxes >= 0) & (boxes <= 1)).all()
        assert (boxes[:, :2] < boxes[:, 2:]).all()
        assert row.regions.feats.shape == (36, 2048)
        assert row.regions.names[0].endswith(objects[row.regions.object_ids[0]])
    named = " ".join(n for row in source.rows() for n in row.regions.names)
    assert all(word in named for word in ("white", "black", "tree" if "gqa" in sample else "man"))


def test_a_file_of_the_library_datasets_is_read_and_written_alike(tmp_path: Path) -> None:
    """The fixture was written by datasets 5.2 with the reference project's schema."""
    source = open_regions(FIXTURE, ORIGIN)
    assert source.pictures == ["7", "8"]
    first = source["7"]
    assert first.size_px == (800, 600)
    assert first.boxes_unit[0] == pytest.approx([0.04097353, 0.01652764, 0.6369617, 0.26978672])
    assert first.feats.shape == (3, 4)
    assert first.object_ids.tolist() == [0, 1, 2]
    assert source["8"].names == ("0 1", "1 2", "2 3")
    write_rows(tmp_path / "again.arrow", "reference", source.rows())
    again = open_regions(tmp_path / "again.arrow", ORIGIN)
    assert all(same(source[p], again[p]) for p in source.pictures)


def test_bottom_up_files_have_their_six_columns_and_no_names(tmp_path: Path) -> None:
    path = tmp_path / "r.tsv"
    write_rows(path, "bottom-up", rows((2,)), "\r\n")
    columns = path.read_bytes().rstrip(b"\r\n").split(b"\t")
    assert columns[:4] == [b"scene_0", b"640", b"480", b"2"]
    assert len(columns) == 6
    read = open_regions(path, ORIGIN)
    assert (read.layout, read.newline) == ("bottom-up", "\r\n")
    assert read["scene_0"].names == ("unnamed", "unnamed")


def test_the_second_opening_of_a_text_file_reads_nothing_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "r.tsv"
    write_rows(path, "lxmert", rows())
    first = open_regions(path, ORIGIN)
    monkeypatch.setattr(tsv, "_new_index", None)
    second = open_regions(path, ORIGIN)
    assert second.pictures == first.pictures
    assert same(second["scene_3"], first["scene_3"])


def test_a_text_file_that_changed_is_indexed_anew(tmp_path: Path) -> None:
    path = tmp_path / "r.tsv"
    write_rows(path, "lxmert", rows((2, 2)))
    assert len(open_regions(path, ORIGIN)) == 2
    write_rows(path, "lxmert", rows((2, 2, 2)))
    assert len(open_regions(path, ORIGIN)) == 3


def test_the_pass_tells_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tsv, "TOLD_BYTES", 1)
    write_rows(tmp_path / "r.tsv", "lxmert", rows())
    heard: list[float] = []
    open_regions(tmp_path / "r.tsv", ORIGIN, heard.append)
    assert heard == sorted(heard)
    assert heard[-1] == 1


def test_without_a_cache_files_open_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("LXMERT_VIZ_CACHE", str(tmp_path / "file"))
    write_rows(tmp_path / "r.tsv", "lxmert", rows())
    assert len(open_regions(tmp_path / "r.tsv", ORIGIN)) == 4


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "0 columns"),
        (b"a\tb\tc\n", "3 columns"),
        (b"PAR1 no", r"no whole file of regions \(parquet\): it is damaged"),
        (b"12345678{no", r"no whole file of regions \(safetensors\)"),
        (b"\xff\xff\xff\xffno", r"no whole file of regions \(reference\)"),
    ],
)
def test_another_kind_of_file_is_refused_in_a_sentence(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    (tmp_path / "regions").write_bytes(content)
    with pytest.raises(DatasetError, match=sentence):
        open_regions(tmp_path / "regions", ORIGIN)


def test_a_missing_file_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be read: No such"):
        open_regions(tmp_path / "r.tsv", ORIGIN)
    assert layout_for(Path("a.datasets")) == "reference"
    with pytest.raises(DatasetError, match="ends in none of"):
        layout_for(Path("a.csv"))


def test_a_line_without_end_is_not_read_into_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tsv, "LONGEST_LINE", 50)
    (tmp_path / "r.tsv").write_bytes(b"x" * 100)
    with pytest.raises(DatasetError, match="longer than 50 bytes"):
        open_regions(tmp_path / "r.tsv", ORIGIN)


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        ([RegionRow.of("cat", regions(2))], "'cat' has no number"),
        (rows((2, 3)), "scene_1 has"),
        ([], "would be empty"),
    ],
)
def test_what_the_arrow_layout_cannot_hold_is_refused(
    tmp_path: Path, made: list[RegionRow], sentence: str
) -> None:
    with pytest.raises(DatasetError, match=sentence):
        write_rows(tmp_path / "r.arrow", "reference", made)
    assert list(tmp_path.iterdir()) == []


def test_features_of_two_detectors_do_not_stand_in_one_file(tmp_path: Path) -> None:
    other = dataclasses.replace(regions(2), feats=np.zeros((2, 7), np.float32))
    with pytest.raises(DatasetError, match="different detectors"):
        write_rows(
            tmp_path / "r.safetensors", "safetensors", [*rows((2,)), RegionRow.of("other", other)]
        )
    assert list(tmp_path.iterdir()) == []


def test_many_threads_read_one_file(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    written = rows(tuple([2] * 80))
    for layout in OWN:
        write_rows(path_for(tmp_path, layout), layout, written)
        read: RegionFile = open_regions(path_for(tmp_path, layout), ORIGIN)
        with ThreadPoolExecutor(4) as threads:
            found = list(threads.map(lambda row, read=read: read[row.picture], written * 3))
        expected = [row.regions for row in written * 3]
        assert all(same(a, b) for a, b in zip(found, expected, strict=True))
