"""Mistakes by where the model looked: an answer that is known to rest on one region."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lxmert_viz.analysis.mistakes import LOOKED_AWAY, LOOKED_RIGHT, looked_at
from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.errors import DatasetError
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Example, GoldObject, Regions, Scores
from lxmert_viz.results.opening import open_run
from lxmert_viz.runs.evaluation import evaluate
from lxmert_viz.runs.manifest import Settings
from lxmert_viz.runs.occlusion import judge_looks

GOLD, OTHER, NONE = "rests on gold", "rests on another", "has no object"


@pytest.mark.parametrize(("gold", "found"), [([1], True), ([2], True), ([0], False), ([], False)])
def test_the_share_of_five_of_thirty_six_counts(gold: list[int], found: bool) -> None:
    drops = np.zeros(14)
    drops[[1, 2, 0]] = 0.5, 0.4, 0.3
    assert looked_at(drops, gold) is found  # 14 regions: two count
    assert looked_at(np.array([0.1, 0.9]), [1]) and not looked_at(np.array([0.1, 0.9]), [0])


@pytest.fixture
def apart(tiny_pipeline: Pipeline, photograph: bytes) -> tuple[np.ndarray, np.ndarray]:
    """The boxes of two regions that do not cover each other."""
    boxes = tiny_pipeline.look(photograph).boxes_unit
    first = boxes[0]
    low, high = np.maximum(boxes[:, :2], first[:2]), np.minimum(boxes[:, 2:], first[2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)
    sizes = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    return first, boxes[np.argmin(shared / (sizes + sizes[0] - shared))]


@pytest.fixture
def dataset(apart: tuple[np.ndarray, np.ndarray], photograph: bytes, tmp_path: Path) -> Dataset:
    (tmp_path / "a.jpg").write_bytes(photograph)
    gold = (GoldObject("1", "thing", tuple(apart[0].tolist())),)
    examples = tuple(
        Example(text, "a", text, answers=("right",), objects=() if text == NONE else gold)
        for text in (GOLD, OTHER, NONE)
    )
    return Dataset("toy", "table", (), examples, {"a": tmp_path / "a.jpg"})


def test_each_mistake_gets_the_cause_that_its_region_says(
    tiny_pipeline: Pipeline,
    tiny_folder: Path,
    dataset: Dataset,
    apart: tuple[np.ndarray, np.ndarray],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def rigged(pairs: Sequence[tuple[Regions, str]]) -> list[Scores]:
        found = []
        for regions, text in pairs:
            rests_on = apart[0] if text == GOLD else apart[1]
            there = (np.abs(regions.boxes_unit - rests_on).max(axis=1) < 1e-6).any()
            logits = np.full(len(names), -30, np.float32)
            logits[-2:] = (0, 2) if there else (0, -2)  # right, wrong
            found.append(Scores(logits, None))
        return found

    names = (*tiny_pipeline.answer_vocabulary[:-2], "right", "wrong")
    monkeypatch.setattr(tiny_pipeline, "answer_vocabulary", names)
    monkeypatch.setattr(tiny_pipeline, "score_many", rigged)
    bare = Settings(baselines=False, internals=False)
    run = evaluate(tiny_pipeline, tiny_folder, dataset, tmp_path / "run", bare)
    board = open_run(run.path)
    assert board.unexplained("") == {GOLD: "wrong", OTHER: "wrong"}
    assert judge_looks(tiny_pipeline, tiny_folder, dataset, board) == 2
    for found in (board, open_run(run.path)):
        causes = dict(zip(*(found.frame()[n] for n in ("question_id", "cause")), strict=True))
        assert causes == {GOLD: LOOKED_RIGHT, OTHER: LOOKED_AWAY, NONE: "no rule"}
        gains = found.causes("").set_index("cause")["gain"]
        assert gains[LOOKED_AWAY] == pytest.approx(1 / 3)
    assert board.count("looked=no") == 1 and board.unexplained("") == {}
    with monkeypatch.context() as patched:
        patched.setitem(board.manifest["model"], "sha256", "of another model")
        with pytest.raises(DatasetError, match="not the model that this run asked"):
            judge_looks(tiny_pipeline, tiny_folder, dataset, board)
    board.save_looks({GOLD: None})
    with pytest.raises(DatasetError, match="another dataset"):
        judge_looks(tiny_pipeline, tiny_folder, replace(dataset, examples=()), board)
