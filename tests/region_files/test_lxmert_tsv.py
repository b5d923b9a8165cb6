import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lxmert_viz.errors import DatasetError
from lxmert_viz.records import Regions
from lxmert_viz.region_files.lxmert_tsv import write_regions
from lxmert_viz.region_files.opening import open_regions
from lxmert_viz.region_files.rows import Origin

NAMES: Callable[[int, int], str] = "{} {}".format


def regions(count: int, seed: int = 0) -> Regions:
    random = np.random.default_rng(seed)
    corners = np.sort(random.random((count, 2, 2)), axis=1).reshape(count, 4)
    return Regions(
        size_px=(640, 480),
        digest="",
        boxes_unit=corners.astype(np.float32),
        feats=random.random((count, 16)).astype(np.float32),
        names=tuple(f"{i} {i + 1}" for i in range(count)),
        object_ids=np.arange(count),
        attribute_ids=np.arange(count) + 1,
        scores=random.random(count).astype(np.float32),
        attribute_scores=random.random(count).astype(np.float32),
        profile="trained",
        detector="any",
    )


def test_regions_come_back_as_they_were(tmp_path: Path) -> None:
    written = {"one": regions(3), "two": regions(5, seed=1), "nothing seen": regions(0)}
    write_regions(tmp_path / "r.tsv", written.items())
    read = open_regions(tmp_path / "r.tsv", Origin("any", NAMES))
    assert list(read) == list(written)
    for picture, before in written.items():
        after = read[picture]
        assert (after.size_px, after.names) == (before.size_px, before.names)
        np.testing.assert_allclose(after.boxes_unit, before.boxes_unit, atol=1e-6)
        for name in ("feats", "object_ids", "attribute_ids", "scores", "attribute_scores"):
            got, expected = getattr(after, name), getattr(before, name)
            assert got.dtype == expected.dtype
            assert got.tobytes() == expected.tobytes()
            got += 1  # writable, unlike what base64 gives


def test_boxes_stand_in_the_file_in_pixels_and_in_the_published_order(tmp_path: Path) -> None:
    one = regions(1)
    write_regions(tmp_path / "r.tsv", [("stem", one)])
    columns = (tmp_path / "r.tsv").read_text().rstrip("\n").split("\t")
    assert columns[:3] == ["stem", "480", "640"]
    assert columns[7] == "1"
    assert len(columns) == 10


@pytest.mark.parametrize("damage", ["stem\t1", "\t".join("abcdefghij"), "x\t1\t1" + "\tAAAA" * 7])
def test_a_broken_line_is_named(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "r.tsv"
    write_regions(path, [("good", regions(2))])
    path.write_text(path.read_text() + damage + "\n")
    rows = open_regions(path, Origin("any", NAMES)).rows()
    assert next(rows).picture == "good"
    with pytest.raises(DatasetError, match="line 2"):
        next(rows)


@pytest.mark.parametrize("sample", ["gqa_sample", "coco_sample"])
def test_published_files_are_read_and_written_again_byte_for_byte(
    sample: str, tmp_path: Path
) -> None:
    if "LXMERT_VIZ_TEST_DATA" not in os.environ:
        pytest.skip("LXMERT_VIZ_TEST_DATA names no folder with published region files")
    published = Path(os.environ["LXMERT_VIZ_TEST_DATA"]) / sample / "obj36.tsv"
    found = open_regions(published, Origin("published", NAMES)).rows()
    rows = [(row.picture, row.regions) for row in found]
    for _, seen in rows:
        assert seen.feats.shape == (36, 2048)
        assert (seen.boxes_unit >= 0).all()
        assert (seen.boxes_unit <= 1).all()
    write_regions(tmp_path / "again.tsv", rows)
    for line, other in zip(
        published.open(encoding="utf-8"), (tmp_path / "again.tsv").open(), strict=True
    ):
        ours, theirs = other.split("\t"), line.split("\t")
        assert [c for i, c in enumerate(ours) if i != 8] == [
            c for i, c in enumerate(theirs) if i != 8
        ]
