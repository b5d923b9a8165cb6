"""NLVR2 in both spellings, and the answers of a model elsewhere."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from lxmert_viz.__main__ import main
from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.results.opening import open_run
from lxmert_viz.runs.asking import Asker

if TYPE_CHECKING:
    from lxmert_viz.pipeline import Pipeline

ROWS = [
    {"identifier": "dev-8-0-1", "sentence": "Two dogs.", "label": "True"},
    {"identifier": "dev-8-1-1", "sentence": "Two dogs.", "label": "False"},
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    for pair in (0, 1):
        for side in (0, 1):
            Image.new("RGB", (8, 8)).save(tmp_path / f"dev-8-{pair}-img{side}.png")
    path = tmp_path / "dev.json"
    path.write_text("\n".join(json.dumps(row) for row in ROWS))
    return path


def test_a_line_asks_about_two_pictures(file: Path) -> None:
    dataset = open_dataset(file)
    first, second = dataset.examples
    assert (dataset.layout, dataset.remarks) == ("NLVR2", ())
    assert (first.picture, first.second_picture) == ("dev-8-0-img0", "dev-8-0-img1")
    assert (first.answers, second.answers) == (("True",), ("False",))
    assert first.pair == second.pair == "dev-8-1"  # one sentence about two pairs of pictures


def test_what_is_odd_is_told_with_its_line(file: Path) -> None:
    odd = [json.dumps(ROWS[0] | {"label": "maybe"}), "{", json.dumps(ROWS[1])]
    file.with_name("dev-8-1-img1.png").unlink()
    file.write_text("\n".join([json.dumps(ROWS[0]), *odd]))
    remarks = {(remark.kind, remark.line) for remark in open_dataset(file).remarks}
    assert remarks == {("broken", 2), ("broken", 3), ("no picture", 4)}


def test_lxmerts_list_names_its_pictures(file: Path) -> None:
    row = {"uid": "u1", "img0": "dev-8-0-img0", "img1": "dev-8-1-img1", "label": 1, "sent": "x"}
    path = file.with_name("valid.json")
    path.write_text(json.dumps([row], indent=1))
    (example,) = open_dataset(path).examples
    assert (example.id, example.second_picture) == ("u1", "dev-8-1-img1")
    assert (example.answers, example.place) == (("True",), "valid.json:3")


def test_answers_of_a_model_elsewhere_are_scored(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = tmp_path / "told.csv"
    told.write_text("identifier,prediction\ndev-8-0-1,True\ndev-8-1-1,True\n")
    out = tmp_path / "run"
    assert main(["evaluate", str(file), "--predictions", str(told), "--out", str(out)]) == 0
    assert open_run(out).totals().score == 0.5


def test_a_model_that_reads_one_picture_says_so_in_the_row(
    file: Path, tiny_pipeline: "Pipeline", photograph: bytes
) -> None:
    example = open_dataset(file).examples[0]
    seen = tiny_pipeline.look(photograph).only(())
    (made,), _ = Asker(tiny_pipeline, baselines=False, keep_internals=False).ask([(example, seen)])
    assert "two pictures" in made.error and not made.answers
