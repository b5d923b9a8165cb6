"""What fails because of the machine is told from what fails because of the question."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch

from lxmert_viz.__main__ import main
from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.errors import DeviceError, MachineError
from lxmert_viz.model.devices import computing_on
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions
from lxmert_viz.results.run_folder import TABLE, RunFolder
from lxmert_viz.runs import preparing
from lxmert_viz.runs.asking import ask_each
from lxmert_viz.runs.evaluation import Resume, evaluate
from lxmert_viz.runs.explaining import explain_run
from lxmert_viz.runs.manifest import Settings

PICTURES = tuple(f"p{number:03}" for number in range(6))


@pytest.fixture
def questions(tmp_path: Path, photograph: bytes) -> Path:
    """One about each of six pictures, one without words, one about a picture that is not there."""
    folder = tmp_path / "data"
    folder.mkdir()
    for number, name in enumerate(PICTURES):
        (folder / f"{name}.jpg").write_bytes(photograph + bytes([number]))
    lines = [f"{name},{name},is it red?,yes" for name in PICTURES]
    lines += ["empty,p000,,yes", "nowhere,other,is it red?,yes"]
    (folder / "questions.csv").write_text("\n".join(["id,image,question,answer", *lines, ""]))
    return folder


def call(questions: Path, model: Path, run: Path, *more: str) -> int:
    given = ["--model", str(model), "--device", "cpu", "--out", str(run), "--no-internals"]
    return main(["evaluate", str(questions), *given, *more])


def test_a_file_that_cannot_be_read_is_the_machine_s_fault_and_other_errors_are_not(
    tiny_pipeline: Pipeline, tiny_folder: Path, questions: Path, tmp_path: Path
) -> None:
    dataset = open_dataset(questions)
    (questions / "p002.jpg").unlink()
    run = evaluate(tiny_pipeline, tiny_folder, dataset, tmp_path / "run", Settings(internals=False))
    made = {prediction.id: prediction for prediction in run.predictions()}
    assert {name for name, one in made.items() if one.machine} == {"p002"}
    assert {"p002", "nowhere"} <= {name for name, one in made.items() if one.error}
    assert run.machine_faults() == [made["p002"].error]
    assert "p002.jpg cannot be read (No such file" in made["p002"].error


def test_many_such_rows_end_with_code_2_and_are_asked_again_when_the_machine_is_mended(
    tiny_folder: Path,
    questions: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(preparing, "PART", 2)
    assert call(questions, tiny_folder, tmp_path / "whole") == 0
    picture = questions / "p002.jpg"
    picture.chmod(0)
    read = Path.read_bytes

    def refused(path: Path) -> bytes:  # whoever runs the tests may be allowed to read everything
        if path == picture and not path.stat().st_mode & 0o400:
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refused)
    run = tmp_path / "run"
    assert call(questions, tiny_folder, run) == 2
    said = capsys.readouterr().err
    assert "1 of 7 rows failed because of the machine" in said and "--retry-errors" in said
    assert pq.read_table(run / TABLE).num_rows == 7
    assert call(questions, tiny_folder, run) == 2  # nothing is asked again unless told to
    picture.chmod(0o600)
    before = {path.name: path.stat().st_mtime_ns for path in (run / "parts").iterdir()}
    assert call(questions, tiny_folder, run, "--retry-errors") == 0
    after = {path.name: path.stat().st_mtime_ns for path in (run / "parts").iterdir()}
    assert sum(before[name] == after[name] for name in before) == 2  # they had no error
    tables = [pq.read_table(tmp_path / name / TABLE).drop(["seconds"]) for name in ("whole", "run")]
    assert tables[0].equals(tables[1])


def test_all_that_is_kept_of_a_shard_is_made_again_with_it_and_nothing_of_the_others(
    tiny_pipeline: Pipeline,
    tiny_folder: Path,
    questions: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(preparing, "PART", 2)
    source = open_dataset(questions)

    def make(name: str, *, retry_errors: bool = False) -> Path:
        resume = Resume(retry_errors)
        given = (tiny_pipeline, tiny_folder, source, tmp_path / name, Settings(baselines=False))
        run = evaluate(*given, resume=resume)
        explain_run(tiny_pipeline, tiny_folder, run, "attention")
        return run.path

    whole, lost = make("whole"), [questions / f"{name}.jpg" for name in PICTURES[2:4]]
    contents = [path.read_bytes() for path in lost]
    for path in lost:
        path.unlink()
    run = make("run")
    assert not (run / "internals" / "00001.parquet").exists()  # no row of it has an answer
    before = {path: path.stat().st_mtime_ns for path in kept_in(run)}
    for path, content in zip(lost, contents, strict=True):
        path.write_bytes(content)
    make("run", retry_errors=True)
    assert {path.relative_to(run) for path in kept_in(run)} == {
        path.relative_to(whole) for path in kept_in(whole)
    }
    for path in kept_in(run):
        ours, theirs = pq.read_table(path), pq.read_table(whole / path.relative_to(run))
        unlike = [name for name in ours.column_names if name != "seconds"]
        assert ours.select(unlike).equals(theirs.select(unlike)), path
        if path.stem in ("00000", "00002"):
            assert path.stat().st_mtime_ns == before[path]


def kept_in(run: Path) -> list[Path]:
    return [path for path in sorted(run.rglob("0*.parquet")) if path.parent.name != "examples"]


def test_few_such_rows_are_told_and_are_no_failure(
    tiny_folder: Path,
    questions: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("lxmert_viz.commands.evaluate.FEW", 0.2)
    monkeypatch.setattr(RunFolder, "machine_faults", lambda run: ["The disk is gone."])
    assert call(questions, tiny_folder, tmp_path / "run") == 0
    assert "1 of 7 rows failed because of the machine" in capsys.readouterr().out


def test_where_memory_gives_out_each_is_asked_alone(
    tiny_pipeline: Pipeline, photograph: bytes
) -> None:
    seen = tiny_pipeline.look(photograph)

    def ask(pairs: list[tuple[Regions, str]]) -> list[str]:
        with computing_on("cuda:0"):
            if len(pairs) > 1 or pairs[0][1] == "large":
                raise torch.OutOfMemoryError("CUDA out of memory")
        return [text for _, text in pairs]

    small, large = ask_each(ask, [(seen, "small"), (seen, "large")])
    assert small == "small"
    assert isinstance(large, MachineError) and "memory of cuda:0 gave out" in str(large)


def test_a_lost_device_ends_the_run_and_leaves_no_row(
    tiny_folder: Path, questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = Pipeline.open(tiny_folder, device="cpu")

    def lost(*_: object, **given: object) -> None:
        raise torch.AcceleratorError("CUDA error: an illegal memory access\nmore lines")

    for part in ("_looker", "inputs"):
        whole = getattr(pipeline, part)
        monkeypatch.setattr(whole, "look" if part == "_looker" else "of", lost)
        with pytest.raises(DeviceError, match=r"cpu failed \(CUDA error: an illegal memory access"):
            evaluate(pipeline, tiny_folder, open_dataset(questions), tmp_path / part, Settings())
        assert not RunFolder(tmp_path / part).finished_parts()
        monkeypatch.undo()
