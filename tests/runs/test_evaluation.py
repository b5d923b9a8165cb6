"""A run: what it holds, that it goes on after a kill, and that nothing else gets into it."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch

from lxmert_viz.__main__ import main
from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.errors import DatasetError
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.places import ROOT
from lxmert_viz.region_files.lxmert_tsv import write_regions
from lxmert_viz.results.columns import SCHEMA
from lxmert_viz.results.opening import open_run
from lxmert_viz.results.run_folder import RunFolder
from lxmert_viz.runs import evaluation, preparing
from lxmert_viz.runs.evaluation import Engine, Resume, evaluate
from lxmert_viz.runs.manifest import Settings
from lxmert_viz.runs.preparing import Shard
from lxmert_viz.runs.progress import Counts
from tests.region_files.test_lxmert_tsv import regions

TIMED = {"seconds"}
KILLS = 2


@pytest.fixture
def dataset(tmp_path: Path, photograph: bytes) -> Dataset:
    """12 questions about 3 pictures of which one is broken, in mixed order."""
    folder = tmp_path / "data"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.jpg").write_bytes(photograph)
    (folder / "c.jpg").write_bytes(b"no picture")
    rows = [
        {"id": f"q{n}", "image": "abc"[n % 3], "question": f"is it {w}?", "answer": "yes"}
        for n, w in enumerate(["red", "green", "blue", "large"] * 3)
    ]
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return open_dataset(folder)


def rows(run: Path) -> list[dict[str, Any]]:
    return pq.read_table(run / "predictions.parquet").to_pylist()


def untimed(run: Path) -> list[dict[str, Any]]:
    """Everything but times; probabilities to 5 digits, since batches differ after a resume."""
    return [
        {k: round(v, 5) if isinstance(v, float) else v for k, v in row.items() if k not in TIMED}
        for row in rows(run)
    ]


def test_every_example_has_a_row_and_errors_are_rows(
    tiny_pipeline: Pipeline, tiny_folder: Path, dataset: Dataset, tmp_path: Path
) -> None:
    heard: list[tuple[str, float]] = []
    evaluate(
        tiny_pipeline,
        tiny_folder,
        dataset,
        tmp_path / "run",
        Settings(),
        lambda stage, share: heard.append((stage, share)),
    )
    found = rows(tmp_path / "run")
    assert [row["question_id"] for row in found] == [f"q{n}" for n in range(12)]
    broken = [row for row in found if row["picture"] == "c"]
    assert all(row["error"] and row["score"] == 0 and row["answer"] is None for row in broken)
    first = found[0]
    trace = tiny_pipeline.ask(tiny_pipeline.look(dataset.pictures["a"].read_bytes()), first["text"])
    assert first["answer"] == trace.answers[0].text
    assert first["probability"] == pytest.approx(trace.answers[0].probability, abs=1e-5)
    assert first["score"] == float(first["answer"] == "yes")
    assert first["regions"] == len(trace.regions)
    assert heard[0] == ("0 of 3 pictures", 0) and heard[-1][1] == 1
    assert ("0 of 12 examples", 0) in heard


def test_baselines_are_the_answers_without_regions_and_without_words(
    tiny_pipeline: Pipeline, tiny_folder: Path, dataset: Dataset, tmp_path: Path
) -> None:

    evaluate(tiny_pipeline, tiny_folder, dataset, tmp_path / "run", Settings())
    row = rows(tmp_path / "run")[1]
    regions = tiny_pipeline.look(dataset.pictures["b"].read_bytes())
    blind = tiny_pipeline.ask(regions.only(()), row["text"])
    assert len(blind.regions) == 0
    assert row["without_picture"] == blind.answers[0].text
    assert row["without_question"] == tiny_pipeline.ask(regions, "?").answers[0].text


def test_internals_are_kept_for_every_answered_row(
    tiny_pipeline: Pipeline, tiny_folder: Path, dataset: Dataset, tmp_path: Path
) -> None:
    run = evaluate(tiny_pipeline, tiny_folder, dataset, tmp_path / "run", Settings())
    kept = run.internals()
    assert sorted(kept["question_id"]) == sorted(f"q{n}" for n in range(12) if n % 3 != 2)
    assert {len(state) for state in kept["state"]} == {16}
    assert {len(values) for values in kept["entropy lang"]} == {3 * 4}
    without = Settings(internals=False, baselines=False)
    bare = evaluate(tiny_pipeline, tiny_folder, dataset, tmp_path / "bare", without)
    assert bare.internals() is None and rows(bare.path)[0]["without_picture"] is None


def test_a_stopped_run_goes_on_and_does_nothing_twice(
    tiny_pipeline: Pipeline,
    tiny_folder: Path,
    dataset: Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(preparing, "PART", 4)
    evaluate(tiny_pipeline, tiny_folder, dataset, tmp_path / "whole", Settings())
    texts: list[str] = []
    ask_many = tiny_pipeline.ask_many
    monkeypatch.setattr(
        tiny_pipeline, "ask_many", lambda p: texts.extend(t for _, t in p) or ask_many(p)
    )

    def stop(stage: str, share: float) -> None:
        if " examples" in stage and share > 0.3:
            raise KeyboardInterrupt

    settings = Settings(baselines=False)
    with pytest.raises(KeyboardInterrupt):
        evaluate(tiny_pipeline, tiny_folder, dataset, tmp_path / "run", settings, stop)
    assert len(texts) == 4 and not RunFolder(tmp_path / "run").is_whole
    evaluate(tiny_pipeline, tiny_folder, dataset, tmp_path / "run", settings)
    assert len(texts) == 8  # four of the twelve have no picture
    evaluate(tiny_pipeline, tiny_folder, dataset, tmp_path / "run", settings)
    assert len(texts) == 8
    blind = [name for name in SCHEMA.names if name.startswith("without_")] + ["cause"]
    both = [
        [{k: v for k, v in row.items() if k not in blind} for row in untimed(tmp_path / name)]
        for name in ("run", "whole")
    ]
    assert both[0] == both[1]


def test_another_run_is_not_mixed_in(
    tiny_pipeline: Pipeline, tiny_folder: Path, dataset: Dataset, tmp_path: Path
) -> None:
    evaluate(tiny_pipeline, tiny_folder, dataset, tmp_path / "run", Settings())
    with pytest.raises(DatasetError, match="another settings: profile differ"):
        evaluate(tiny_pipeline, tiny_folder, dataset, tmp_path / "run", Settings("demo"))
    with pytest.raises(DatasetError, match="other files"):
        evaluate(tiny_pipeline, tiny_folder, dataset, tmp_path / "data", Settings())


def test_a_run_that_an_option_stopped_at_once_begins_again_with_another(
    tiny_pipeline: Pipeline, tiny_folder: Path, dataset: Dataset, tmp_path: Path
) -> None:
    other = tmp_path / "other.tsv"
    write_regions(other, [("a", regions(3))])
    assert tiny_pipeline.network.config.visual_feat_dim != 16
    told = replace(dataset, region_file=other, region_ids={"a": "a"})
    with pytest.raises(DatasetError, match="--regions look"):
        evaluate(tiny_pipeline, tiny_folder, told, tmp_path / "run", Settings())
    evaluate(tiny_pipeline, tiny_folder, dataset, tmp_path / "run", Settings())
    assert len(rows(tmp_path / "run")) == 12
    shutil.rmtree(tmp_path / "run" / "parts")  # a whole run stays what it is without them
    with pytest.raises(DatasetError, match="begun with another settings"):
        evaluate(tiny_pipeline, tiny_folder, dataset, tmp_path / "run", Settings(baselines=False))


def test_killed_at_random_moments_the_result_is_the_same(
    tiny_pipeline: Pipeline, tiny_folder: Path, photograph: bytes, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "a.jpg").write_bytes(photograph)
    lines = ["id,image,question,answer", *(f"q{n},a,is it {n} ?,yes" for n in range(1000))]
    (data / "questions.csv").write_text("\n".join(lines))
    evaluate(tiny_pipeline, tiny_folder, open_dataset(data), tmp_path / "whole", Settings())
    run, seed = tmp_path / "run", random.Random(8)
    call = ["evaluate", str(data), "--model", str(tiny_folder), "--out", str(run)]
    killed = 0
    for _ in range(KILLS):
        killed += _killed([sys.executable, "-m", "lxmert_viz", *call], run, seed)
    assert killed > 0
    assert main([*call, "--device", "cpu"]) == 0
    assert untimed(run) == untimed(tmp_path / "whole")
    assert len({row["question_id"] for row in rows(run)}) == len(rows(run)) == 1000


def _killed(command: list[str], run: Path, seed: random.Random) -> bool:
    """Starts, waits until parts are written, kills; whether it was in the middle."""
    wanted = len(list(run.glob("parts/*"))) + seed.randint(1, 4)
    environment = os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    while process.poll() is None and len(list(run.glob("parts/*"))) < wanted:
        time.sleep(0.002)
    time.sleep(seed.random() * 0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return not RunFolder(run).is_whole


def test_the_command_says_what_it_found_and_what_cannot_be_done(
    tiny_folder: Path, dataset: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data"
    with (folder / "questions.jsonl").open("a") as file:
        file.write('\n{"id": "q1", "image": "a", "question": "again?"}')
        file.write('\n{"id": "x", "image": "a", "question": "what?", "answer": "unicorn"}')
    call = ["evaluate", str(folder), "--model", str(tiny_folder), "--out", str(tmp_path / "run")]
    assert main([*call, "--device", "cpu", "--no-baselines"]) == 0
    told = capsys.readouterr()
    assert "13 examples in" in told.out and "4 could not be answered" in told.out
    assert "left out: 1. First: questions.jsonl, line 13: q1 is there twice" in told.err
    assert "cannot give: 1. First: questions.jsonl, line 14: x: 'unicorn'" in told.err
    assert main([*call, "--device", "cpu", "--columns", "text"]) == 2
    assert "write it as text=sentence" in capsys.readouterr().err
    assert main([*call[:-1], str(folder), "--device", "cpu"]) == 2
    assert "holds other files" in capsys.readouterr().err


def test_captions_are_scored_by_their_match(
    tiny_pipeline: Pipeline, tiny_folder: Path, photograph: bytes, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.jpg").write_bytes(photograph)
    pair = {"one": {"image_file": "a.jpg", "caption": "a red ball", "foil": "a blue ball"}}
    (tmp_path / "data" / "captions.json").write_text(json.dumps(pair))
    dataset = open_dataset(tmp_path / "data" / "captions.json")
    run = evaluate(tiny_pipeline, tiny_folder, dataset, tmp_path / "run", Settings())
    caption, foil = rows(run.path)
    assert caption["score"] == float(caption["match"] >= 0.5)
    assert foil["score"] == float(foil["match"] < 0.5)
    assert caption["prior"] is None and caption["pair"] == foil["pair"] == "one"
    assert open_run(run.path).pairs("") == float(caption["match"] > foil["match"])


def test_a_folder_that_is_removed_while_its_run_is_made_is_one_sentence(
    tiny_pipeline: Pipeline, tiny_folder: Path, dataset: Dataset, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    regions = tmp_path / "r"
    compute = evaluation.in_order(tiny_pipeline, tiny_folder, RunFolder(run), Settings(), regions)

    def removing(shards: Sequence[Shard]) -> Iterator[Counts]:
        for made in compute(shards):
            shutil.rmtree(run)
            yield made

    with pytest.raises(DatasetError, match="removed or emptied while its run was made"):
        evaluate(
            tiny_pipeline, tiny_folder, dataset, run, Settings(), engine=Engine(compute=removing)
        )
    assert not run.exists()


def test_what_an_earlier_version_left_opens_or_says_how_it_goes_on(
    tiny_pipeline: Pipeline, tiny_folder: Path, dataset: Dataset, tmp_path: Path
) -> None:
    call, settings = (tiny_pipeline, tiny_folder, dataset), Settings(internals=False)
    run = evaluate(*call, tmp_path / "run", settings)
    before = rows(run.path)
    older = run.manifest() | {"format": 1}
    del older["source"], older["remarks"]
    (run.path / "manifest.json").write_text(json.dumps(older))
    shutil.rmtree(run.path / "examples")
    assert open_run(run.path).totals().rows == 12
    evaluate(*call, run.path, settings)  # it is whole: nothing is asked, nothing prepared
    assert rows(run.path) == before and not (run.path / "examples").exists()
    with pytest.raises(DatasetError, match="begun by an earlier version"):
        evaluate(*call, run.path, settings, resume=Resume(retry_errors=True))
    (run.path / "predictions.parquet").unlink()
    with pytest.raises(DatasetError, match="earlier version, which cut the dataset otherwise"):
        evaluate(*call, run.path, settings)
    assert len(list((run.path / "parts").iterdir())) == 1


def test_progress_tells_pictures_shards_and_errors(
    tiny_pipeline: Pipeline,
    tiny_folder: Path,
    dataset: Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(preparing, "PART", 4)
    heard: list[str] = []
    settings = Settings(internals=False, baselines=False)
    evaluate(
        *(tiny_pipeline, tiny_folder, dataset, tmp_path / "run", settings),
        lambda stage, share: heard.append(stage),
    )
    told = [stage.partition("; ")[2] for stage in heard if " examples" in stage]
    assert told == [
        "",
        "1 pictures, 1 of 3 shards",
        "2 pictures, 2 of 3 shards",
        "3 pictures, 3 of 3 shards, 4 errors",
    ]
