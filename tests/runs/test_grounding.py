"""Heads that look at what questions are about, on a tiny network and from the command line."""

from pathlib import Path

import numpy as np
import pytest

from lxmert_viz.__main__ import main
from lxmert_viz.analysis.grounding import scores_of
from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.errors import DatasetError
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Example, GoldObject
from lxmert_viz.runs.grounding import FEWEST, as_table, grounding_of


def dataset(pipeline: Pipeline, photograph: bytes, folder: Path, count: int) -> Dataset:
    """Questions about the first region of two copies of one picture."""
    box = tuple(pipeline.look(photograph).boxes_unit[0].tolist())
    paths = {name: folder / f"{name}.jpg" for name in ("a", "b")}
    for path in paths.values():
        path.write_bytes(photograph)
    gold = (GoldObject("1", "thing", box),)
    examples = tuple(
        Example(f"q{n}", "ab"[n % 2], f"is it {n} ?", ("yes",), objects=gold) for n in range(count)
    )
    return Dataset("toy", "table", (), examples, paths)


def test_heads_are_scored_over_all_questions(
    tiny_pipeline: Pipeline, photograph: bytes, tmp_path: Path
) -> None:
    asked = dataset(tiny_pipeline, photograph, tmp_path, FEWEST)
    slots, found, count = grounding_of(tiny_pipeline, asked)
    assert count == FEWEST and len(slots) == len(found.scores)
    regions = tiny_pipeline.look(photograph)
    gold = np.arange(len(regions)) == 0
    by_hand = []
    for example in asked.examples:
        maps = tiny_pipeline.ask(regions, example.text).attention["lang_from_vision"]
        by_hand.append(scores_of(maps.mean(axis=2).reshape(len(slots), -1), gold))
    assert found.scores == pytest.approx(np.mean(by_hand, axis=0), abs=0.02)
    table = as_table(slots, found)
    assert table.score.is_monotonic_decreasing and table.score[0] == found.scores.max()
    assert (table["layer"][0], table["head"][0]) == (
        slots[found.scores.argmax()].layer + 1,
        slots[found.scores.argmax()].head + 1,
    )


def test_too_few_questions_are_one_sentence(
    tiny_pipeline: Pipeline, photograph: bytes, tmp_path: Path
) -> None:
    with pytest.raises(DatasetError, match="3 questions of toy have marked objects with a region"):
        grounding_of(tiny_pipeline, dataset(tiny_pipeline, photograph, tmp_path, 3))


def test_the_command_shows_the_best_and_a_lucky_one(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asked = ["check", "heads", "--scenes", "4", "--out", str(tmp_path / "heads.csv")]
    assert main(asked) == 0
    said = capsys.readouterr().out
    assert "cross layer" in said and "by luck: 0." in said
    assert len((tmp_path / "heads.csv").read_text().splitlines()) == 1 + 16
