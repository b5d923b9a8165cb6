"""A statement about two pictures: a checkpoint that was fine-tuned on NLVR2."""

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from lxmert_viz.__main__ import main
from lxmert_viz.commands.progress import PROGRESS
from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.errors import CheckpointError
from lxmert_viz.model.reasoning import LxmertForVisualReasoning
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Example
from lxmert_viz.results.opening import open_run
from lxmert_viz.results.row import rows_of
from lxmert_viz.runs.asking import Asker
from lxmert_viz.runs.evaluation import evaluate
from lxmert_viz.runs.manifest import Settings
from tests.conftest import LXMERT

STATEMENT = "there is a red ball in the picture"


@pytest.fixture(scope="module")
def folder(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As people have it: the authors' file, with the config and the detector of another."""
    folder = tmp_path_factory.mktemp("pairs") / "nlvr2"
    shutil.copytree(tiny_folder, folder)
    (folder / "model.safetensors").unlink()
    (folder / "answers.json").unlink()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(6)
        LxmertForVisualReasoning(LXMERT).save_for_authors(folder / "BEST.pth")
    return folder


@pytest.fixture(scope="module")
def pairs(folder: Path) -> Pipeline:
    return Pipeline.open(folder, device="cpu")


@pytest.fixture(scope="module")
def files(photograph: bytes, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A picture, and the same on its head."""

    place = tmp_path_factory.mktemp("pictures")
    picture = Image.open(io.BytesIO(photograph))
    picture.save(place / "left.png")
    picture.rotate(180).save(place / "right.png")
    return [str(place / "left.png"), str(place / "right.png")]


def test_the_verdict_is_what_the_network_says_of_both(pairs: Pipeline, files: list[str]) -> None:
    left, right = (pairs.look(Path(file).read_bytes()) for file in files)
    verdict = pairs.judge((left, right), STATEMENT)
    network = pairs.network
    ids = torch.from_numpy(verdict.traces[0].tokens.ids)[None]
    pooled = [
        network.lxmert(
            ids, torch.from_numpy(seen.feats)[None], torch.from_numpy(seen.boxes_unit)[None]
        ).pooled_output
        for seen in (left, right)
    ]
    expected = network.answer_head(torch.cat(pooled, 1)).softmax(-1)[0, 1].item()
    assert verdict.truth == pytest.approx(expected, abs=1e-5)
    assert abs(pairs.judge((right, left), STATEMENT).truth - verdict.truth) > 1e-4
    assert [t.regions.digest for t in verdict.traces] == [left.digest, right.digest]


def test_many_are_judged_as_each_with_its_traces(pairs: Pipeline, files: list[str]) -> None:
    left, right = (pairs.look(Path(file).read_bytes()) for file in files)
    nothing = left.only(())
    asked = [((left, right), STATEMENT), ((nothing, left), "a dog"), ((right, left), STATEMENT)]
    each = [pairs.judge(*one).truth for one in asked]
    assert pairs.judge_many(asked) == pytest.approx(each, abs=1e-5)
    assert pairs.judge_many([]) == []


def test_a_picture_without_regions_is_judged_too(pairs: Pipeline, files: list[str]) -> None:
    seen = pairs.look(Path(files[0]).read_bytes())
    nothing = pairs.look(Path(files[1]).read_bytes(), boxes_unit=np.zeros((0, 4), np.float32))
    assert 0 < pairs.judge((seen, nothing), STATEMENT).truth < 1


def test_one_picture_is_shown_without_an_answer(pairs: Pipeline, files: list[str]) -> None:
    trace = pairs.ask(pairs.look(Path(files[0]).read_bytes()), STATEMENT)
    assert (trace.answers, trace.match) == ((), None)
    assert trace.attention["lang_from_vision"].shape[-1] == len(trace.regions)
    assert "two pictures" in trace.notes[0]


def test_other_networks_do_not_judge_pairs(tiny_pipeline: Pipeline, files: list[str]) -> None:
    seen = tiny_pipeline.look(Path(files[0]).read_bytes())
    with pytest.raises(CheckpointError, match="tiny answers about one picture"):
        tiny_pipeline.judge((seen, seen), STATEMENT)
    with pytest.raises(CheckpointError, match="tiny answers about one picture"):
        tiny_pipeline.judge_many([((seen, seen), STATEMENT)])


def test_the_command_asks_about_both(
    folder: Path, files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["ask", files[0], STATEMENT, "--model", str(folder), "--device", "cpu"]
    command += ["--second-picture", files[1]]
    assert main(command) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in lines[:2]} == {"true", "false"}
    assert [line.split(":")[0] for line in lines[2:4]] == ["picture 1", "picture 2"]
    assert not any("--second-picture" in line for line in lines)
    assert main([*command, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    words = len(found["pictures"][0]["tokens"])
    shapes = [picture["attention_shapes"]["lang_from_vision"] for picture in found["pictures"]]
    assert shapes == [[2, 4, words, len(picture["regions"])] for picture in found["pictures"]]
    assert f"{found['truth']:.1%}" in "\n".join(lines)


def test_the_wrong_number_of_pictures_is_one_sentence(
    folder: Path, tiny_folder: Path, files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    PROGRESS.end()  # a test before may have stopped in the middle of a line
    capsys.readouterr()
    for model, second, sentence in (
        (folder, [], "add --second-picture"),
        (tiny_folder, ["--second-picture", files[1]], "leave --second-picture out"),
    ):
        assert main(["ask", files[0], STATEMENT, "--model", str(model), *second]) == 2
        shown = capsys.readouterr()
        assert sentence in shown.err and shown.err.count("\n") == 1


def test_a_dataset_of_pairs_is_judged_row_by_row(
    pairs: Pipeline, folder: Path, files: list[str], tmp_path: Path
) -> None:
    left, right = (Path(name).read_bytes() for name in files)
    data = tmp_path / "data"
    data.mkdir()
    rows = []
    for pair, sides in enumerate([(left, right), (right, left), (left,)]):
        for side, content in enumerate(sides):
            (data / f"dev-8-{pair}-img{side}.png").write_bytes(content)
        name = f"dev-8-{pair}-1"
        rows.append({"identifier": name, "sentence": STATEMENT, "label": "True"})
    (data / "dev.json").write_text("\n".join(json.dumps(row) for row in rows))
    run = evaluate(pairs, folder, open_dataset(data / "dev.json"), tmp_path / "run", Settings())
    board = open_run(run.path)
    first, second, third = rows_of(board.frame())
    seen = [pairs.look(content) for content in (left, right)]
    for row, sides in ((first, seen), (second, seen[::-1])):
        truth = pairs.judge((sides[0], sides[1]), STATEMENT).truth
        assert row.answer == ("True" if truth >= 0.5 else "False")
        assert row.probability == pytest.approx(max(truth, 1 - truth), abs=1e-5)
        assert row.score == (truth >= 0.5) and row.second_picture_file
        assert row.without_picture in ("True", "False") and row.without_question
    assert "no picture 'dev-8-2-img1'" in third.error and third.score == 0
    assert board.statements("") == 0.0  # one of its three pairs is not answered
    assert board.statements("error=none") == min(first.score, second.score)


def test_a_row_with_one_picture_is_told_that_two_are_wanted(
    pairs: Pipeline, files: list[str]
) -> None:
    seen = pairs.look(Path(files[0]).read_bytes())
    asker = Asker(pairs, baselines=True, keep_internals=True)
    (made,), kept = asker.ask([(Example("q", "left", STATEMENT), seen)])
    assert "two pictures, and this row has one" in made.error and not kept
