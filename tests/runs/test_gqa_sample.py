"""Published questions and published region features, through import, run and board."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.results.board import Board
from lxmert_viz.results.opening import open_run
from lxmert_viz.runs.evaluation import evaluate
from lxmert_viz.runs.manifest import Settings
from tests.conftest import DETECTOR, LXMERT

ANSWERS = ("yes", "no", "left", "right", "bed", "white", "black", "man", "woman")


@pytest.fixture(scope="module")
def wide_folder(
    tiny_folder: Path, test_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A tiny checkpoint for the regions of the published ones: 2048 features, their labels."""
    import torch
    from safetensors.torch import save_file

    from lxmert_viz.detector.network import FasterRCNN
    from lxmert_viz.model.lxmert import LxmertForPreTraining

    folder = tmp_path_factory.mktemp("models") / "wide"
    shutil.copytree(tiny_folder, folder)
    config = replace(DETECTOR, res2_channels=256, num_objects=1600, num_attributes=400)
    for name in ("objects", "attributes"):
        shutil.copy(test_data / f"{name}_vocab.txt", folder / "detector" / f"{name}.txt")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        (folder / "model.safetensors").unlink()
        LxmertForPreTraining(replace(LXMERT, visual_feat_dim=2048)).save_pretrained(folder)
        save_file(FasterRCNN(config).state_dict(), folder / "detector" / "model.safetensors")
    config.to_file(folder / "detector" / "config.json")
    (folder / "answers.json").write_text(json.dumps(ANSWERS))
    return folder


@pytest.fixture(scope="module")
def board(wide_folder: Path, test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Board:
    from lxmert_viz.pipeline import Pipeline

    pipeline = Pipeline.open(wide_folder, device="cpu")
    pipeline.look = None  # regions come from the file: no picture is looked at
    dataset = open_dataset(test_data / "gqa_sample")
    folder = tmp_path_factory.mktemp("runs") / "sample"
    run = evaluate(pipeline, wide_folder, dataset, folder, Settings())
    return open_run(run.path)


def test_every_question_is_answered_from_its_36_published_regions(board: Board) -> None:
    totals = board.totals()
    assert (totals.rows, totals.scored, totals.errors) == (187, 187, 0)
    assert board.breakdown("", "regions")["value"].tolist() == [36]


def test_the_score_is_the_share_of_right_answers(board: Board) -> None:
    rows = board.page("", "", False, 187, 0)
    right = (rows["answer"] == rows["right"]).sum()
    assert board.totals().score == pytest.approx(right / 187)


def test_answers_outside_of_the_vocabulary_are_counted_and_named(board: Board) -> None:
    rows = board.page("", "", False, 187, 0)
    unknown = (~rows["right"].isin(ANSWERS)).sum()
    assert board.count("known=no") == unknown > 0
    assert sum(remark.kind == "outside" for remark in board.run.remarks()) == unknown
    causes = board.causes("").set_index("cause")["rows"]
    assert causes["vocabulary"] == unknown


def test_what_the_files_lack_is_none_and_not_zero(board: Board) -> None:
    totals = board.totals()
    assert totals.valid is totals.plausible is totals.consistency is None
    assert totals.head is not None or totals.tail is not None  # local groups are there


def test_rows_are_the_same_with_pictures_and_without(
    board: Board, wide_folder: Path, test_data: Path, tmp_path: Path
) -> None:
    """Also where the questions, or the regions, name pictures with folder and ending."""
    from lxmert_viz.pipeline import Pipeline

    pipeline = Pipeline.open(wide_folder, device="cpu")
    pipeline.look = None
    sample = test_data / "gqa_sample"
    asked = json.loads((sample / "questions.json").read_text())
    for question in asked.values():
        question["imageId"] = f"images/{question['imageId']}.JPG"
    (tmp_path / "questions.json").write_text(json.dumps(asked))
    lines = (sample / "obj36.tsv").read_bytes().splitlines(keepends=True)
    (tmp_path / "named.tsv").write_bytes(
        b"".join(line.replace(b"\t", b".jpg\t", 1) for line in lines)
    )
    (tmp_path / "none").mkdir()
    without = {
        "plain": open_dataset(
            sample / "questions.json", pictures=tmp_path / "none", regions=sample / "obj36.tsv"
        ),
        "named": open_dataset(
            tmp_path / "questions.json", pictures=tmp_path / "none", regions=tmp_path / "named.tsv"
        ),
    }
    left_out = ["picture", "picture_file", "seconds", "place"]
    expected = board.frame().drop(columns=left_out)
    for name, dataset in without.items():
        run = evaluate(pipeline, wide_folder, dataset, tmp_path / name, Settings())
        rows = open_run(run.path).frame().drop(columns=left_out)
        pd.testing.assert_frame_equal(rows, expected)
