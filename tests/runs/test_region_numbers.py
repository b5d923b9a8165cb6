"""A run answers from regions as their file means them, or says why it does not."""

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from lxmert_viz.__main__ import main
from lxmert_viz.errors import RegionError
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions
from lxmert_viz.region_files.opening import write_rows
from lxmert_viz.region_files.rows import RegionRow
from lxmert_viz.results.run_folder import RunFolder
from tests.helpers.feature_files import WRITERS

PICTURES = ("one", "two", "three")


@pytest.fixture(scope="module")
def rows(tiny_pipeline: Pipeline, photograph: bytes) -> list[RegionRow]:
    seen = tiny_pipeline.look(photograph)
    return [
        RegionRow.of(name, replace(seen, feats=seen.feats * (np.arange(64) % (2 + n) > 0)))
        for n, name in enumerate(PICTURES)
    ]


def evaluated(
    folder: Path, regions: Path, model: Path, *options: str
) -> list[tuple[str, float | None, str]]:
    """First answer, its probability and error of each question, in the order of the pictures."""
    questions = [f"{n},{name},what is it?,yes" for n, name in enumerate(PICTURES)]
    (folder / "q.csv").write_text("\n".join(["id,image,question,answer", *questions]) + "\n")
    out = folder / f"run of {regions.name}{''.join(options)}"
    call = ["evaluate", str(folder / "q.csv"), "--regions", str(regions), "--model", str(model)]
    assert main([*call, "--out", str(out), "--no-internals", *options]) == 0
    predictions = {p.id: p for p in RunFolder(out).predictions()}
    told = [predictions[str(n)] for n in range(len(PICTURES))]
    return [(p.answers[0].text, p.answers[0].probability, "") if p.answers else ("", None, p.error)
            for p in told]  # fmt: skip


@pytest.fixture
def expected(tmp_path: Path, rows: list[RegionRow], tiny_folder: Path) -> list[object]:
    write_rows(tmp_path / "right.tsv", "lxmert", rows)
    found = evaluated(tmp_path, tmp_path / "right.tsv", tiny_folder)
    assert not any(error for _, _, error in found)
    assert len({probability for _, probability, _ in found}) == len(PICTURES)
    return found


@pytest.mark.parametrize("kind", WRITERS)
def test_feature_files_are_answered_from_as_lxmerts_own(
    tmp_path: Path, rows: list[RegionRow], tiny_folder: Path, expected: list[object], kind: str
) -> None:
    assert evaluated(tmp_path, WRITERS[kind](tmp_path, rows), tiny_folder) == expected


@pytest.mark.parametrize("frame", ["xywh", "unit", "unit-xywh"])
def test_boxes_of_another_frame_are_refused_until_it_is_said(
    tmp_path: Path, rows: list[RegionRow], tiny_folder: Path, expected: list, frame: str
) -> None:
    changed = []
    for row in rows:
        boxes = row.regions.boxes_unit if "unit" in frame else row.boxes_px
        if "xywh" in frame:
            boxes = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
        changed.append(replace(row, boxes_px=boxes))
    path = tmp_path / "other.tsv"
    write_rows(path, "lxmert", changed)
    for _, _, error in evaluated(tmp_path, path, tiny_folder):
        assert f"--boxes {frame}" in error
    for found, right in zip(
        evaluated(tmp_path, path, tiny_folder, "--boxes", frame), expected, strict=True
    ):
        assert found[::2] == right[::2]
        assert found[1] == pytest.approx(right[1], abs=1e-5)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_numbers_that_are_none_are_the_error_of_their_row(
    tmp_path: Path, rows: list[RegionRow], tiny_folder: Path, expected: list, place: int
) -> None:
    feats = rows[place].regions.feats.copy()
    feats[0, 0] = np.nan
    damaged = list(rows)
    damaged[place] = replace(rows[place], regions=replace(rows[place].regions, feats=feats))
    write_rows(tmp_path / "r.tsv", "lxmert", damaged)
    found = evaluated(tmp_path, tmp_path / "r.tsv", tiny_folder)
    assert f"line {place + 1} " in found[place][2]
    assert "features are not finite: 1 of" in found[place][2]
    assert [f for n, f in enumerate(found) if n != place] == [
        e for n, e in enumerate(expected) if n != place
    ]


def test_a_picture_without_regions_is_answered_as_with_none(
    tmp_path: Path, rows: list[RegionRow], tiny_folder: Path, tiny_pipeline: Pipeline
) -> None:
    nothing = rows[0].regions.only(())
    write_rows(tmp_path / "r.tsv", "lxmert", [RegionRow.of("one", nothing), *rows[1:]])
    found = evaluated(tmp_path, tmp_path / "r.tsv", tiny_folder)
    answer = tiny_pipeline.ask(nothing, "what is it?").answers[0]
    assert found[0][0] == answer.text
    assert found[0][1] == pytest.approx(answer.probability, abs=1e-5)


def test_sizes_that_a_file_does_not_say_come_from_the_pictures(
    tmp_path: Path, rows: list[RegionRow], tiny_folder: Path, photograph: bytes, expected: list
) -> None:
    with h5py.File(tmp_path / "f.h5", "w") as file:
        for row in rows:
            file[f"{row.picture}/features"] = row.regions.feats
            file[f"{row.picture}/boxes"] = row.boxes_px
    assert all(
        "--pictures" in error for *_, error in evaluated(tmp_path, tmp_path / "f.h5", tiny_folder)
    )
    for name in PICTURES:
        (tmp_path / f"{name}.jpg").write_bytes(photograph)
    (tmp_path / "f.h5").rename(tmp_path / "g.h5")
    assert evaluated(tmp_path, tmp_path / "g.h5", tiny_folder) == expected


def test_features_of_length_one_are_remarked(
    tmp_path: Path, rows: list[RegionRow], tiny_folder: Path, tiny_pipeline: Pipeline,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    short = []
    for row in rows:
        lengths = np.linalg.norm(row.regions.feats, axis=1, keepdims=True)
        short.append(replace(row, regions=replace(row.regions, feats=row.regions.feats / lengths)))
    write_rows(tmp_path / "r.tsv", "lxmert", short)
    evaluated(tmp_path, tmp_path / "r.tsv", tiny_folder)
    assert "r.tsv: features all have length 1: they were normalised" in capsys.readouterr().err
    trace = tiny_pipeline.ask(short[0].regions, "what is it?")
    assert any("features all have length 1" in note for note in trace.notes)
    assert not any("length 1" in n for n in tiny_pipeline.ask(rows[0].regions, "what?").notes)


def test_a_pipeline_refuses_what_is_not_finite(
    rows: list[RegionRow], tiny_pipeline: Pipeline
) -> None:
    seen = rows[0].regions

    def with_feats(value: float) -> Regions:
        return replace(seen, feats=np.full_like(seen.feats, value))

    for ask in (tiny_pipeline.ask, tiny_pipeline.masked_words):
        with pytest.raises(RegionError, match="features are not finite"):
            ask(with_feats(np.inf), "a [MASK]")
    for ask_many in (tiny_pipeline.ask_many, tiny_pipeline.score_many):
        with pytest.raises(RegionError, match="a box is x0, y0, x1, y1 in 0..1"):
            ask_many([(replace(seen, boxes_unit=seen.boxes_unit * 300), "what?")])
        with pytest.raises(RegionError, match="the network's states of these regions"):
            ask_many([(with_feats(3e38), "what?")])  # finite, and its sums are not
