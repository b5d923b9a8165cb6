"""Captions and foils in a run: their logits, the words alone, and what is wrong with them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.picture import crop_px
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.runs.evaluation import evaluate
from lxmert_viz.runs.manifest import Settings


def rows(run: Path) -> list[dict[str, Any]]:
    return pq.read_table(run / "predictions.parquet").to_pylist()


def test_captions_have_their_logits_and_those_of_the_words_alone(
    tiny_pipeline: Pipeline, tiny_folder: Path, photograph: bytes, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.jpg").write_bytes(photograph)
    pair = {"one": {"image_file": "a.jpg", "caption": "a red ball", "foil": "a blue ball"}}
    (tmp_path / "data" / "captions.json").write_text(json.dumps(pair))
    dataset = open_dataset(tmp_path / "data" / "captions.json")
    run = evaluate(tiny_pipeline, tiny_folder, dataset, tmp_path / "run", Settings())
    caption, foil = rows(run.path)
    for row in (caption, foil):
        odds = np.log(row["match"] / (1 - row["match"]))
        assert row["match_score"] == pytest.approx(odds, abs=1e-4)
        (alone,) = tiny_pipeline.score_many(
            [(tiny_pipeline.look(photograph).only(()), row["text"])]
        )
        no, yes = alone.match_logits.tolist()
        assert row["blank_score"] == pytest.approx(yes - no, abs=1e-4)
    quick = Settings(internals=False)
    other = rows(evaluate(tiny_pipeline, tiny_folder, dataset, tmp_path / "r2", quick).path)
    assert [row["match_logit"] for row in other] == pytest.approx(
        [row["match_logit"] for row in (caption, foil)], abs=1e-4
    )


def test_what_is_wrong_with_captions_is_a_row_and_a_part_is_looked_at_alone(
    tiny_pipeline: Pipeline, tiny_folder: Path, photograph: bytes, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.jpg").write_bytes(photograph)
    (tmp_path / "data" / "cut.jpg").write_bytes(photograph[: len(photograph) // 2])
    box = {"bbox_x": 15, "bbox_y": 40, "bbox_w": 50, "bbox_h": 50}
    whole = {"image_path": "a.jpg", "true_caption": "a red ball", "false_caption": "a cube"}
    entries = [
        whole,
        whole | box,
        whole | {"true_caption": ""},
        whole | {"false_caption": "A  red ball"},
        whole | {"image_path": "cut.jpg"},
        whole | box | {"bbox_x": 900},
    ]
    (tmp_path / "data" / "aro.json").write_text(json.dumps(entries))
    dataset = open_dataset(tmp_path / "data" / "aro.json")
    run = evaluate(tiny_pipeline, tiny_folder, dataset, tmp_path / "run", Settings())
    made = {row["question_id"]: row for row in rows(run.path)}
    assert not made["1:caption"]["error"] and not made["2:foil"]["error"]
    assert "no caption" in made["3:caption"]["error"]
    assert "same sentence" in made["4:foil"]["error"]
    assert "cut short" in made["5:caption"]["error"]
    assert "outside of a picture of 160 x 120" in made["6:caption"]["error"]
    assert (made["1:caption"]["part"], made["2:foil"]["part"]) == (None, "15 40 65 90")
    part = tiny_pipeline.look(crop_px(photograph, (15, 40, 65, 90)))
    asked = tiny_pipeline.ask(part, "a red ball").match
    assert made["2:caption"]["match"] == pytest.approx(asked, abs=1e-5)
    assert abs(made["2:caption"]["match"] - made["1:caption"]["match"]) > 1e-4
