"""The commands `lens` and `probe`."""

import json
import re
import shutil
from pathlib import Path

import pytest

from lxmert_viz.__main__ import main
from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.figures import files
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.places import ASSETS
from lxmert_viz.records import Example
from lxmert_viz.runs.extraction import Kept, extract
from lxmert_viz.runs.probing import load

WORDS = ("red", "blue", "small", "large", "yellow", "green")
SCENE = str(ASSETS / "scenes" / "scene-1.png")


@pytest.fixture
def model(tiny_folder: Path) -> list[str]:
    return ["--model", str(tiny_folder), "--device", "cpu"]


def test_lens_prints_a_column_for_each_layer(
    model: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "grid.html"
    assert main(["lens", SCENE, "a red ball", *model, "--out", str(out)]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["embeddings", "L1", "L2", "L3", "X1", "X2"]
    assert [row.split()[0] for row in rows] == ["[CLS]", "a", "red", "ball", "[SEP]"]
    assert "softmax" in out.read_text() and "http" not in out.read_text()[:200]


def test_lens_as_json_has_ranks_of_the_layer_below(
    model: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    told = ["lens", SCENE, "a ball", *model, "--through", "answers", "--json", "--inside"]
    assert main(told) == 0
    found = json.loads(capsys.readouterr().out)
    (cls,) = found["rows"]
    assert len(cls["at"]) == len(found["layers"]) == 4 + 2 * 3
    assert cls["at"][0][0]["rank_below"] is None and cls["at"][1][0]["rank_below"] >= 1


def test_lens_looks_for_the_nearest_of_stored_regions(
    model: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "pictures").mkdir()
    shutil.copy(SCENE, tmp_path / "pictures")
    stored = str(tmp_path / "r.parquet")
    assert main(["regions", str(tmp_path / "pictures"), "-o", stored, *model]) == 0
    told = ["lens", SCENE, "a ball", *model, "--through", "features", "--stored", stored]
    capsys.readouterr()
    assert main(told) == 0
    assert re.search(r"\(scene-1, \d\)", capsys.readouterr().out)
    assert main([*told[:-2]]) == 2
    assert "belong together" in capsys.readouterr().err


def test_a_lens_is_tuned_on_the_states_of_a_dataset(
    model: list[str],
    tiny_pipeline: Pipeline,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    pictures = {name: Path(SCENE) for name in "abcdef"}
    examples = tuple(
        Example(name, name, f"is the {w} ball big?")
        for name, w in zip(pictures, WORDS, strict=True)
    )
    six = Dataset("six", "pictures", (), examples, pictures)
    extract(tiny_pipeline, six, tmp_path / "s")
    told = ["lens", SCENE, "a red ball", *model, "--json"]
    found = []
    for extra in ([], ["--tuned", str(tmp_path / "s")], ["--tuned", str(tmp_path / "s")]):
        assert main([*told, *extra]) == 0
        found.append(json.loads(capsys.readouterr().out)["rows"])
    assert (tmp_path / "s" / "lenses" / "words.safetensors").exists()
    plain, tuned, again = found
    assert tuned == again and tuned[1]["at"][0] != plain[1]["at"][0]
    assert [label["share"] for label in tuned[1]["at"][-1]] == [
        label["share"] for label in plain[1]["at"][-1]
    ]
    assert main([*told, "--tuned", str(tmp_path)]) == 2
    assert "holds no states" in capsys.readouterr().err
    extract(tiny_pipeline, six, tmp_path / "few", Kept(depths=("X2",)))
    assert main([*told, "--tuned", str(tmp_path / "few")]) == 2
    assert "states of the layers X2, and a tuned lens needs all" in capsys.readouterr().err


def test_probe_prints_every_layer_and_keeps_what_it_trained(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    if not (ASSETS / "miniature" / "model.safetensors").exists():
        pytest.skip("the miniature's weights are not here")
    kept = tmp_path / "size.probe.safetensors"
    told = ["probe", "study", "--target", "size", "--store", str(tmp_path / "s"), "--code"]
    files = ["--save", str(kept), "--out", str(tmp_path / "size.html")]
    assert main([*told, *files, "--device", "cpu"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert re.match(r"size \(2 labels\) from [\d,]+ states of 60 pictures", lines[0])
    assert lines[2].startswith("embeddings") and float(lines[2].split()[-1]) > 1.2
    assert load(kept).about.target == "size"
    assert "control task" in (tmp_path / "size.html").read_text()
    assert main([*told[:5], str(tmp_path / "s"), "--json"]) == 0  # states are not made again
    assert json.loads(capsys.readouterr().out)["layers"][0]["accuracy"] > 0.8


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["probe", "study", "--target", "mood"], "no target 'mood'"),
        (["probe", "study", "--labels", "x.csv"], "belong together"),
        (["lens", SCENE, "a", "--out", "grid.gif"], "grid.gif is not written"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str], model: list[str]
) -> None:
    assert main([*arguments, *model]) == 2
    assert said in capsys.readouterr().err


def test_a_picture_without_the_exporter_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], model: list[str]
) -> None:
    monkeypatch.setattr(files, "find_spec", lambda name: None)
    assert main(["lens", SCENE, "a", *model, "--out", "grid.png"]) == 2
    assert "pip install kaleido" in capsys.readouterr().err


def test_targets_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe", "study", "--list"]) == 0
    assert "colour" in capsys.readouterr().out
