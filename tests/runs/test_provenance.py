"""A run's numbers come from one program, one set of libraries and one kind of device."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lxmert_viz.__main__ import main
from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.errors import ClusterError, DatasetError
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.places import ASSETS
from lxmert_viz.results.run_folder import MANIFEST, RunFolder
from lxmert_viz.runs import provenance
from lxmert_viz.runs.cluster.evaluating import Evaluation
from lxmert_viz.runs.evaluation import Engine, Resume, evaluate
from lxmert_viz.runs.manifest import Settings
from lxmert_viz.runs.provenance import code_digest, differences, of_run

HERE = Engine()


@pytest.fixture
def broken_off(
    tiny_pipeline: Pipeline, tiny_folder: Path, tmp_path: Path
) -> Callable[..., RunFolder]:
    """A run of which a part is missing; called, it goes on."""
    study = open_dataset(ASSETS / "study")
    dataset = replace(study.without_regions(), examples=study.examples[:100])

    def go_on(engine: Engine = HERE, *, whole: bool = False, **resume: Any) -> RunFolder:
        run = evaluate(
            tiny_pipeline,
            tiny_folder,
            dataset,
            tmp_path / "run",
            Settings(internals=False),
            engine=engine,
            resume=Resume(**resume),
        )
        if not whole:
            break_off(run)
        return run

    go_on()
    return go_on


def break_off(run: RunFolder) -> None:
    (run.path / "predictions.parquet").unlink()
    (run.path / "parts" / "00001.parquet").unlink()


def test_a_run_notes_what_computed_it(broken_off: Callable[..., RunFolder]) -> None:
    manifest = broken_off().manifest()
    noted = manifest["provenance"]
    assert manifest["engine"] == "here" and noted["device"] == "cpu"
    assert {"torch", "numpy", "pillow", "tokenizers", "threads", "lxmert-viz"} <= noted.keys()
    assert noted["model"] == manifest["model"]["sha256"] and noted["region file"] == "none"


def test_another_library_or_number_of_threads_is_not_mixed_in_unless_asked_for(
    broken_off: Callable[..., RunFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = of_run(broken_off().manifest())
    more = Engine("ray", threads=int(before["threads"]) + 1)
    version = provenance.version
    monkeypatch.setattr(
        provenance, "version", lambda name: "0.1" if name == "torch" else version(name)
    )
    with pytest.raises(DatasetError) as raised:
        broken_off(more)
    told = str(raised.value)
    assert f"torch 0.1 and not {before['torch']}" in told and "--mix" in told
    assert f"threads {more.threads} and not {before['threads']}" in told
    assert of_run(broken_off(more, mix=True).manifest())["torch"] == "0.1"
    assert of_run(broken_off(more).manifest())["torch"] == "0.1"  # it was mixed in already
    monkeypatch.undo()
    manifest = broken_off().manifest()  # so was what began it
    assert of_run(manifest) == manifest["provenance"] == before


def test_a_run_that_is_whole_opens_with_any_other(
    broken_off: Callable[..., RunFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = broken_off(whole=True).manifest()
    monkeypatch.setattr(provenance, "code_digest", lambda: "another")
    assert broken_off(whole=True).manifest() == before


def test_an_actor_whose_package_is_another_refuses_and_says_which(
    tiny_folder: Path, broken_off: Callable[..., RunFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = broken_off()
    work = Evaluation(tiny_folder, run.path, run.path / "regions", "cpu")
    assert callable(work.open(last=False))
    told = code_digest()[:12]
    monkeypatch.setattr(provenance, "code_digest", lambda: "f" * 64)
    with pytest.raises(ClusterError, match=f"it has lxmert-viz {'f' * 12} and not {told}"):
        work.open(last=False)


def test_the_command_goes_on_with_mix(
    tiny_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    call = [
        "evaluate",
        "study",
        "--regions",
        "look",
        "--model",
        str(tiny_folder),
        "--device",
        "cpu",
    ]
    call += ["--out", str(run), "--no-internals"]
    assert main(call) == 0
    break_off(RunFolder(run))
    manifest = json.loads((run / MANIFEST).read_text())
    manifest["provenance"]["pillow"] = "1.0"
    (run / MANIFEST).write_text(json.dumps(manifest))
    assert main(call) == 2
    assert "pillow" in capsys.readouterr().err
    assert main([*call, "--mix"]) == 0


def test_a_run_that_an_earlier_version_began_says_one_line_and_is_then_held_to_what_goes_on(
    broken_off: Callable[..., RunFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = broken_off()
    write_without(run, "provenance")
    told: list[str] = []
    mine = of_run(broken_off(say=told.append).manifest())
    assert len(told) == 1 and "does not say what computed its rows so far" in told[0]
    assert mine["lxmert-viz"] == code_digest()
    broken_off(say=told.append)
    assert len(told) == 1  # it is known now
    monkeypatch.setattr(provenance, "code_digest", lambda: "another")
    with pytest.raises(DatasetError, match="lxmert-viz another and not"):
        broken_off()


def test_a_run_that_notes_less_than_is_noted_now_names_what_it_lacks(
    broken_off: Callable[..., RunFolder],
) -> None:
    run = broken_off()
    noted = dict(run.manifest()["provenance"])
    del noted["pillow"]
    run.describe(provenance=noted)
    with pytest.raises(DatasetError, match=r"now pillow [\d.]+ where nothing was noted\."):
        broken_off()
    broken_off(mix=True)


def write_without(run: RunFolder, name: str) -> None:
    manifest = run.manifest()
    del manifest[name]
    (run.path / MANIFEST).write_text(json.dumps(manifest))


def test_differences_name_both_and_what_is_not_known() -> None:
    here = {"torch": "2.14.1", "model": "a" * 64, "numpy": "2.4"}
    there = {"torch": "2.13.0", "model": "a" * 64}
    unlike = ["torch 2.14.1 and not 2.13.0", "numpy 2.4 where nothing was noted"]
    assert differences(here, there) == unlike
    assert differences(here, here) == []
