"""Relevance kept beside a run, shard by shard."""

import json
from pathlib import Path

import numpy as np
import pytest

from lxmert_viz.__main__ import main
from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.errors import CheckpointError, DatasetError, TextError
from lxmert_viz.experiments.relevance import explain
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Example, GoldObject
from lxmert_viz.results.relevance import KeptRelevance, kept_methods
from lxmert_viz.results.run_folder import RunFolder
from lxmert_viz.runs import explaining
from lxmert_viz.runs.evaluation import evaluate
from lxmert_viz.runs.explaining import explain_run
from lxmert_viz.runs.manifest import Settings
from lxmert_viz.runs.preparing import prepared_in

WORDS = ("red", "green", "blue", "large")


@pytest.fixture
def run(tiny_pipeline: Pipeline, tiny_folder: Path, photograph: bytes, tmp_path: Path) -> RunFolder:
    """Of two pictures; the questions about the first are about its second region."""
    box = tiny_pipeline.look(photograph).boxes_unit[1]
    gold = (GoldObject("1", "thing", tuple(box.tolist())),)
    paths = {}
    for name in ("a", "b"):
        paths[name] = tmp_path / f"{name}.jpg"
        paths[name].write_bytes(photograph)
    examples = tuple(
        Example(
            f"{name}{word}", name, f"is it {word}?", ("yes",), objects=gold if name == "a" else ()
        )
        for name in paths
        for word in WORDS
    )
    dataset = Dataset("toy", "table", (), examples, paths)
    settings = Settings(baselines=False)
    return evaluate(tiny_pipeline, tiny_folder, dataset, tmp_path / "run", settings)


def test_every_answer_has_its_map(
    tiny_pipeline: Pipeline, tiny_folder: Path, run: RunFolder, photograph: bytes
) -> None:
    assert explain_run(tiny_pipeline, tiny_folder, run, "occlusion") == 8
    assert kept_methods(run.path) == ["occlusion"]
    maps = KeptRelevance(run.path, "occlusion").table().set_index("question_id")
    regions = tiny_pipeline.look(photograph)
    own = explain(tiny_pipeline, regions, "is it red?", "occlusion")
    row = maps.loc["ared"]
    assert row.regions == pytest.approx(own.regions, abs=1e-4)
    assert row.words == pytest.approx(own.words, abs=1e-4)
    assert row.target == own.target.name and row.removal == "slice, mask"
    assert row.pieces[0] == "[CLS]" and row.names.tolist() == list(regions.names)
    assert np.stack(row.boxes) == pytest.approx(regions.boxes_unit)
    judged = KeptRelevance(run.path, "occlusion").judged().set_index("question_id")
    assert sorted(judged.index) == sorted(f"a{word}" for word in WORDS)
    gold = explaining.gold_regions(example_of(run), regions)[0]
    assert judged.looked["ared"] == float(own.regions.argmax() in gold)
    assert judged.chance["ared"] == pytest.approx(len(gold) / len(regions))


def example_of(run: RunFolder) -> Example:
    prepared = prepared_in(run.examples)
    shard = prepared.shards[0].dataset(prepared.about)
    return next(example for example in shard.examples if example.id == "ared")


def test_a_broken_call_goes_on_at_the_next_shard(
    tiny_pipeline: Pipeline, tiny_folder: Path, run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    shards = prepared_in(run.examples).shards
    kept = KeptRelevance(run.path, "bimodal")
    asked: list[str] = []
    truth = explaining.explained

    def counted(pipeline: Pipeline, example: Example, *more: object) -> list[dict[str, object]]:
        if len(asked) == 5 and not kept.finished():
            asked.append("broken")
            raise KeyboardInterrupt
        asked.append(example.id)
        return truth(pipeline, example, *more)

    monkeypatch.setattr(explaining, "explained", counted)
    with pytest.raises(KeyboardInterrupt):
        explain_run(tiny_pipeline, tiny_folder, run, "bimodal")
    assert explain_run(tiny_pipeline, tiny_folder, run, "bimodal") == 8
    assert kept.finished() == {shard.number for shard in shards}
    count = len(asked)
    assert explain_run(tiny_pipeline, tiny_folder, run, "bimodal") == 8
    assert len(asked) == count  # nothing is made twice


def test_a_text_that_cannot_be_asked_has_no_map(
    tiny_pipeline: Pipeline, tiny_folder: Path, run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = explaining.explain

    def fails(pipeline: Pipeline, regions: object, text: str, method: str) -> object:
        if "green" in text:
            raise TextError("no")
        return truth(pipeline, regions, text, method)

    monkeypatch.setattr(explaining, "explain", fails)
    assert explain_run(tiny_pipeline, tiny_folder, run, "attention") == 6


def test_another_model_and_one_without_answers_are_one_sentence(
    tiny_pipeline: Pipeline, tiny_folder: Path, run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = run.manifest()
    other = manifest | {"model": manifest["model"] | {"sha256": "0"}}
    (run.path / "manifest.json").write_text(json.dumps(other))
    with pytest.raises(DatasetError, match="is not the model that this run asked"):
        explain_run(tiny_pipeline, tiny_folder, run, "attention")
    monkeypatch.setattr(tiny_pipeline, "has_answers", False)
    with pytest.raises(CheckpointError, match="no output head for answers"):
        explain_run(tiny_pipeline, tiny_folder, run, "attention")


def test_the_command_keeps_several_methods(
    tiny_folder: Path, photograph: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(photograph)
    asked = ["evaluate", str(folder), "--ask", "is it red?", "--model", str(tiny_folder)]
    asked += ["--out", str(tmp_path / "made"), "--relevance"]
    assert main([*asked, "attention", "bimodal"]) == 0
    assert kept_methods(tmp_path / "made") == ["attention", "bimodal"]
    assert main([*asked, "magic"]) == 2
    assert "'magic' is no method" in capsys.readouterr().err
