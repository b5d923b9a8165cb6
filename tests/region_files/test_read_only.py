"""Feature files as other tools leave them: the same regions, and nothing that they name is run."""

import gzip
import os
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path

import h5py
import numpy as np
import pytest

from lxmert_viz.__main__ import main
from lxmert_viz.errors import DatasetError, RegionError
from lxmert_viz.picture import size_px
from lxmert_viz.records import Regions
from lxmert_viz.region_files.opening import holds_regions, open_regions, write_rows
from lxmert_viz.region_files.rows import Origin, RegionRow
from lxmert_viz.region_files.sizes import Sizes
from tests.helpers.feature_files import WITH_LABELS, WRITERS, hdf5_groups, npy_folder, npz_folder
from tests.region_files.test_lxmert_tsv import regions

Write = Callable[[Path, Sequence[RegionRow]], Path]
ORIGIN = Origin("any", "{} {}".format)
NAMES = ("COCO_val2014_000000000042", "7", "a.b")


@pytest.fixture
def rows() -> list[RegionRow]:
    return [RegionRow.of(name, regions(3 + n, seed=n)) for n, name in enumerate(NAMES)]


@pytest.mark.parametrize("kind", WRITERS)
def test_every_layout_gives_the_regions_that_were_written(
    tmp_path: Path, rows: list[RegionRow], kind: str
) -> None:
    read = open_regions(WRITERS[kind](tmp_path, rows), ORIGIN)
    assert sorted(read) == sorted(NAMES)
    for row in rows:
        found, expected = read.row(row.picture), row.regions
        assert found.regions.size_px == (640, 480)
        assert found.boxes_px.tobytes() == row.boxes_px.tobytes()
        assert found.regions.feats.tobytes() == expected.feats.tobytes()
        np.testing.assert_allclose(found.regions.boxes_unit, expected.boxes_unit, atol=1e-6)
        assert found.regions.detector == "any"
        if kind in WITH_LABELS:
            assert found.regions.names == expected.names
            assert found.regions.object_ids.tolist() == expected.object_ids.tolist()
            assert found.regions.scores.tobytes() == expected.scores.tobytes()
        else:
            assert found.regions.names == ("unnamed",) * len(expected)
        found.regions.feats[:] = 0  # an array of the reader's own


@pytest.mark.parametrize("kind", WRITERS)
def test_every_layout_is_converted(
    tmp_path: Path, rows: list[RegionRow], kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = WRITERS[kind](tmp_path, rows), tmp_path / "out.parquet"
    assert main(["regions", str(source), "-o", str(out)]) == 0
    assert capsys.readouterr().out == f"regions of 3 pictures in {out}\n"
    for row in rows:
        stored = open_regions(out)[row.picture]
        assert stored.feats.tobytes() == row.regions.feats.tobytes()


def test_one_file_is_read_as_well_as_a_folder(tmp_path: Path, rows: list[RegionRow]) -> None:
    folder = npz_folder(tmp_path / "npz", rows)
    assert list(open_regions(folder / "7.npz")) == ["7"]
    folder = npy_folder(tmp_path / "npy", rows)
    assert len(open_regions(folder / "7.npy")["7"]) == 4
    assert holds_regions(folder)
    (folder / "photograph.jpg").touch()
    assert not holds_regions(folder)  # of pictures, then


def test_features_a_column_each_are_turned(tmp_path: Path, rows: list[RegionRow]) -> None:
    (row, *_) = rows
    np.savez(tmp_path / "a.npz", x=row.regions.feats.T, bbox=row.boxes_px, image_w=640, image_h=480)
    assert open_regions(tmp_path / "a.npz")["a"].feats.tobytes() == row.regions.feats.tobytes()


def test_rows_of_padding_are_left_out(tmp_path: Path, rows: list[RegionRow]) -> None:
    boxes = np.pad(rows[0].boxes_px, ((0, 7), (0, 0)))
    feats = np.pad(rows[0].regions.feats, ((0, 7), (0, 0)))
    fields = {"features": feats, "boxes": boxes, "image_w": 640, "image_h": 480}
    np.savez(tmp_path / "a.npz", num_boxes=3, **fields)
    np.savez(tmp_path / "b.npz", num_boxes=11, **fields)
    assert len(open_regions(tmp_path / "a.npz")["a"]) == 3
    with pytest.raises(RegionError, match="says 11 boxes and holds 10"):
        open_regions(tmp_path / "b.npz")["b"]


def test_the_background_of_the_labels_is_no_object(tmp_path: Path, rows: list[RegionRow]) -> None:
    info = {"objects_id": np.array([0, 1, 2]), "attrs_id": np.array([1, 0, 3])}
    info |= {"objects_conf": np.ones(3), "attrs_conf": np.ones(3)}
    fields = {"x": rows[0].regions.feats, "bbox": rows[0].boxes_px}
    np.savez(tmp_path / "a.npz", info=info, image_w=640, image_h=480, **fields)
    found = open_regions(tmp_path / "a.npz", ORIGIN)["a"]
    assert found.names == ("unnamed", "0 -1", "1 2")


def test_a_size_that_no_file_says_comes_from_the_picture(
    tmp_path: Path, rows: list[RegionRow], photograph: bytes
) -> None:
    width, height = size_px(photograph)
    boxes = rows[0].regions.boxes_unit * [width, height, width, height]
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file["42/features"], file["42/boxes"] = rows[0].regions.feats, boxes
    with pytest.raises(
        RegionError, match="picture '42': it does not say the picture's size.*--pic"
    ):
        open_regions(tmp_path / "f.h5")["42"]
    photo = tmp_path / "COCO_val2014_000000000042.jpg"
    photo.write_bytes(photograph)
    found = open_regions(tmp_path / "f.h5", Origin(size_of=Sizes({photo.stem: photo})))["42"]
    assert found.size_px == (width, height)
    np.testing.assert_allclose(found.boxes_unit, rows[0].regions.boxes_unit, atol=1e-6)
    out = tmp_path / "out.safetensors"
    call = ["regions", str(tmp_path / "f.h5"), "-o", str(out)]
    assert main(call) == 2
    assert main([*call, "--pictures", str(tmp_path)]) == 0
    assert open_regions(out)["42"].size_px == (width, height)


class Trap:
    """Makes a file when it is unpickled the usual way."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


def test_what_a_pickle_names_is_never_run(tmp_path: Path, rows: list[RegionRow]) -> None:
    sprung = tmp_path / "sprung"
    fields = {"x": rows[0].regions.feats, "bbox": rows[0].boxes_px, "image_w": 640, "image_h": 480}
    npz, npy = tmp_path / "a.npz", tmp_path / "b.npy"
    np.savez(npz, info={"objects_id": Trap(sprung)}, **fields)
    np.save(npy, fields | {"cls_prob": Trap(sprung)})
    files = [open_regions(npz), open_regions(npy), lmdb_of(tmp_path, pickle.dumps(Trap(sprung)))]
    for stored in files:
        with pytest.raises(RegionError, match="a pickle that asks for .*mkdir, which is not run"):
            stored[next(iter(stored))]
    places = hdf5_groups(tmp_path / "c.h5", ())
    with h5py.File(places, "w") as file:
        file["image_features"] = np.zeros((1, 2, 3))
    (tmp_path / "c_imgid2idx.pkl").write_bytes(pickle.dumps({"a": Trap(sprung)}))
    with pytest.raises(
        DatasetError, match="no list of pictures with their places: it is a pickle that asks for"
    ):
        open_regions(places)
    assert not sprung.exists()


def lmdb_of(folder: Path, value: bytes) -> "object":
    import lmdb

    with lmdb.open(str(folder / "t.lmdb")) as environment, environment.begin(write=True) as one:
        one.put(b"a", value)
    return open_regions(folder / "t.lmdb")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"bbox": None}, "has no boxes; .*bbox.*it has.* x"),
        ({"x": None}, "has no features; .*it has bbox"),
        ({"bbox": np.full((3, 4), np.nan)}, "boxes are not finite: 12 of 12"),
        ({"bbox": np.zeros((3, 5))}, r"boxes have the shape \(3, 5\), not \(any, 4\)"),
        ({"x": np.zeros((2, 16))}, r"features have the shape \(2, 16\), not \(3, any\)"),
        ({"x": np.full((3, 16), "a")}, "x holds <U1, not numbers"),
        ({"image_w": 0}, "a picture of 0 x 480 pixels is none"),
        ({"image_w": 10.5}, "image_w is .*10.5.*, not a whole number"),
        ({"image_h": None}, "does not say the picture's size"),
    ],
)
def test_what_is_missing_or_wrong_is_said_with_the_file(
    tmp_path: Path, rows: list[RegionRow], fields: dict[str, object], sentence: str
) -> None:
    whole = {"x": rows[0].regions.feats, "bbox": rows[0].boxes_px, "image_w": 640, "image_h": 480}
    given = {name: value for name, value in (whole | fields).items() if value is not None}
    np.savez(tmp_path / "a.npz", **given)
    with pytest.raises(RegionError, match=rf"a\.npz: .*{sentence}"):
        open_regions(tmp_path / "a.npz")["a"]


def test_features_without_their_boxes_beside_them_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "1.npy", np.zeros((3, 16)))
    with pytest.raises(RegionError, match=r"boxes would be in 1_info\.npy beside it"):
        open_regions(tmp_path / "1.npy")["1"]


def test_tables_without_names_of_their_pictures_are_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "val36.hdf5", "w") as file:
        file["image_features"] = np.zeros((2, 36, 8))
    with pytest.raises(DatasetError, match=r"does not name them; val36_imgid2idx\.pkl"):
        open_regions(tmp_path / "val36.hdf5")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (gzip.compress(b"a\tb\n", mtime=0), "packed with gzip; unpack it first"),
        (pickle.dumps({"features": [1]}), "is a pickle, which may run anything"),
        (b'{"features": []}', "is JSON"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        ("a\tb".encode("utf-16"), "UTF-16; save it as UTF-8"),
        (b"ARROW1\0\0", "is an Arrow file and no stream"),
        (b"a,b,c\n", "its first line has 1 columns"),
    ],
)
def test_a_kind_that_is_not_read_is_named_with_a_way(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    (tmp_path / "f").write_bytes(content)
    with pytest.raises(DatasetError, match=f"{sentence}.*Regions.from_arrays takes"):
        open_regions(tmp_path / "f")
    (tmp_path / "folder").mkdir()
    with pytest.raises(DatasetError, match="a folder without files of regions"):
        open_regions(tmp_path / "folder")


@pytest.mark.parametrize("sample", ["gqa_sample", "coco_sample"])
def test_published_regions_come_through_every_layout(
    test_data: Path, tmp_path: Path, sample: str
) -> None:
    published = open_regions(test_data / sample / "obj36.tsv", ORIGIN)
    rows = list(published.rows())
    for kind, write in WRITERS.items():
        read = open_regions(write(tmp_path, rows), ORIGIN)
        assert sorted(read) == sorted(published)
        write_rows(tmp_path / "again.tsv", "lxmert", read.rows())
        again = open_regions(tmp_path / "again.tsv", ORIGIN)
        for row in rows:
            same_as(again[row.picture], row.regions, kind in WITH_LABELS)


def same_as(found: Regions, expected: Regions, with_labels: bool) -> None:
    assert found.size_px == expected.size_px
    assert found.feats.tobytes() == expected.feats.tobytes()
    assert found.boxes_unit.tobytes() == expected.boxes_unit.tobytes()
    if with_labels:
        assert found.names == expected.names
        assert found.scores.tobytes() == expected.scores.tobytes()
