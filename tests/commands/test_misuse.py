"""Commands called wrongly, stopped, or read no further: the right code, nothing half-left."""

import errno
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from lxmert_viz.__main__ import COMMANDS, command_of, main, parser
from lxmert_viz.commands import ask as ask_command
from lxmert_viz.commands.train_miniature import FIRST_TRAINING_SEED
from lxmert_viz.miniature.world import pictures
from lxmert_viz.places import ASSETS, ROOT
from lxmert_viz.region_files import lxmert_tsv
from lxmert_viz.region_files.opening import open_regions
from lxmert_viz.runs import evaluation

SCENE = str(ASSETS / "scenes" / "scene-1.png")


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """The one sentence on standard error."""
    *progress, sentence = capsys.readouterr().err.splitlines()
    assert not any("lxmert-viz:" in line for line in progress)
    return sentence


@pytest.mark.parametrize("called", COMMANDS)
def test_every_command_ends_its_help_with_an_example_that_can_be_called(
    called: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = command_of(called)
    name, *rest = shlex.split(command.EXAMPLE)
    assert name == called
    assert parser().parse_args([name, *rest]).run is command.run
    with pytest.raises(SystemExit):
        main([name, "--help"])
    assert capsys.readouterr().out.endswith(f"example: python -m lxmert_viz {command.EXAMPLE}\n")


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        ("ask a.png what --top many", "'many' is not a whole number of at least 1"),
        ("lens a.png what --top -1", "'-1' is not a whole number of at least 1"),
        ("make-scenes 0 --out x", "'0' is not a whole number of at least 1"),
        ("make-scenes 2 --out x --seed 2147483648", "from 0 to 2147483647"),
        ("evaluate study --out x --workers 0", "'0' is not a whole number of at least 1"),
        ("probe study --max-gb nan", "'nan' is not a number of at least 0"),
        ("probe study --max-gb inf", "'inf' is not a number of at least 0"),
        ("serve --port 65536", "'65536' is not a whole number from 1 to 65535"),
        ("serve --keep-pictures soon", "'soon' is not a number from 0 to 24"),
        ("train-miniature --measure --test-scenes 0", "'0' is not a whole number of at least 1"),
    ],
)
def test_numbers_out_of_their_limits_are_refused_with_them(
    call: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as raised:
        main(shlex.split(call))
    assert raised.value.code == 2
    assert sentence in said(capsys)


def test_stopping_is_code_130_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ask_command, "run", stopped)
    assert main(["ask", "a.png", "what?"]) == 130
    assert said(capsys) == "lxmert-viz: Stopped."


def test_who_stops_a_run_is_told_that_it_goes_on(
    tmp_path: Path,
    tiny_folder: Path,
    photograph: bytes,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def stopped(*given: object) -> None:
        raise KeyboardInterrupt

    data = tmp_path / "data"
    data.mkdir()
    (data / "a.jpg").write_bytes(photograph)
    (data / "questions.csv").write_text("id,image,question,answer\nq1,a,what is red ?,ball")
    monkeypatch.setattr(evaluation, "finish", stopped)
    call = ["evaluate", str(data), "--out", str(tmp_path / "run"), "--model", str(tiny_folder)]
    assert main([*call, "--no-baselines", "--no-internals"]) == 130
    assert said(capsys) == "lxmert-viz: Stopped. The same call goes on from there."


def test_scenes_that_were_stopped_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(path: Path, found: object) -> None:
        assert (path.parent / "questions.json").exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(lxmert_tsv, "write_regions", stopped)
    assert main(["make-scenes", "1", "--out", str(tmp_path / "scenes")]) == 130
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_has_enough_is_no_traceback(tmp_path: Path) -> None:
    run = subprocess.Popen(
        [sys.executable, "-m", "lxmert_viz", "cache", "--models", str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    run.stdout.close()
    assert run.stderr.read() == b""
    assert run.wait() == 141


def raising(error: OSError) -> object:
    def run(options: object) -> None:
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "/x/y"), "/x/y cannot be used: Perm"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "No space left on device."),
        (PermissionError(errno.EACCES, "Failed to open '/x'"), "Failed to open '/x'."),  # pyarrow's
    ],
)
def test_what_the_disk_refuses_is_one_sentence(
    error: OSError,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(ask_command, "run", raising(error))
    assert main(["ask", "a.png", "what?"]) == 2
    assert f"lxmert-viz: {sentence}" in said(capsys)


def test_an_error_that_is_not_the_disks_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask_command, "run", raising(ConnectionError(errno.ECONNRESET, "reset")))
    with pytest.raises(ConnectionError):
        main(["ask", "a.png", "what?"])


@pytest.mark.parametrize(
    "call",
    [
        "regions {pictures} -o {out}/r.tsv",
        "evaluate study --out {out}/run",
        "probe study --store {out}/states",
    ],
)
def test_an_unknown_profile_is_refused_before_anything_is_written(
    call: str,
    tmp_path: Path,
    tiny_folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = shlex.split(call.format(pictures=ASSETS / "scenes", out=tmp_path))
    assert main([*told, "--model", str(tiny_folder), "--profile", "quick"]) == 2
    assert "There is no profile 'quick'" in said(capsys)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_which_every_picture_fails_makes_no_file(
    tmp_path: Path, tiny_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jpg").write_bytes(b"no picture")
    call = ["regions", str(tmp_path / "in"), "-o", str(tmp_path / "r.tsv")]
    assert main([*call, "--model", str(tiny_folder)]) == 2
    assert "Every picture failed" in said(capsys)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "r.tsv.failed.tsv"]


def test_no_name_is_no_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", SCENE, "what?", "--model", ""]) == 2
    assert "There is no model ''" in said(capsys)


@pytest.mark.parametrize("command", [["lens", SCENE, "a ring"], ["probe", "study"]])
def test_a_figure_that_cannot_be_written_is_refused_before_any_work(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--out", str(tmp_path / "x.txt"), "--model", "none such"]) == 2
    assert "end it in .html" in said(capsys)


def test_states_do_not_mix_with_other_files(
    tmp_path: Path, tiny_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert main(["probe", "study", "--store", str(tmp_path), "--model", str(tiny_folder)]) == 2
    assert "holds other files" in said(capsys)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_miniature_that_cannot_learn_on_is_refused_before_scenes_are_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def draw(folder: Path, first_seed: int, count: int) -> None:
        raise AssertionError(f"{count} scenes from {first_seed} were drawn")

    monkeypatch.setattr(pictures, "render", draw)
    call = ["train-miniature", "--work", str(tmp_path / "work"), "--out", str(tmp_path / "out")]
    assert main([*call, "--on-from", str(tmp_path / "nowhere")]) == 2
    assert "nowhere" in said(capsys)
    assert main([*call, "--device", "tpu"]) == 2
    assert "no device 'tpu'" in said(capsys)
    with pytest.raises(AssertionError, match=str(FIRST_TRAINING_SEED)):
        main(call)


def test_models_and_regions_are_cleared_in_one_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LXMERT_VIZ_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache" / "regions").mkdir(parents=True)
    assert main(["ask", SCENE, "what?"]) == 0
    assert any((tmp_path / "cache" / "regions").iterdir())
    assert main(["cache", "--models", str(tmp_path), "--clear", "--clear-regions"]) == 0
    assert not any((tmp_path / "cache" / "regions").iterdir())
    assert re.search(r"regions of pictures that were looked at, 0 bytes", capsys.readouterr().out)


def test_detectron2_that_is_not_built_is_said_before_the_page_opens(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from lxmert_viz.detector import detectron2

    monkeypatch.setattr(detectron2, "is_here", lambda: False)
    assert main(["serve", "--backend", "detectron2"]) == 2
    assert "scripts/build_detectron2.sh" in said(capsys)


def test_addresses_for_downloads_by_hand_need_no_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert main(["fetch", "lxmert-gqa", "--models", str(tmp_path), "--list"]) == 0
    listed = dict(line.split("  ") for line in capsys.readouterr().out.splitlines())
    assert {"config.json", "pytorch_model.bin", "vocab.txt", "answers.json"} < listed.keys()
    assert all(address.startswith("https://") for address in listed.values())
    assert main(["fetch", "someone/lxmert", "--models", str(tmp_path), "--list"]) == 2
    assert main(["fetch", "lxmert-gqa", "--models", str(tmp_path)]) == 2


def test_another_python_than_the_environments_is_one_sentence() -> None:
    bare = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"]
    bare[-1] += (
        "import runpy; sys.argv[1:] = ['ask']; runpy.run_module('lxmert_viz', run_name='__main__')"
    )
    ran = subprocess.run(bare, capture_output=True, text=True)
    assert ran.returncode == 2
    assert re.fullmatch(r"lxmert-viz: .* has no \w+: call the Python of .*\n", ran.stderr)


def test_names_that_are_no_text_are_told_and_the_rest_is_done(
    tmp_path: Path, tiny_folder: Path, photograph: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    for name in (b"good.jpg", b"b\xffd.jpg", b"new\nline.jpg"):
        (tmp_path / "in" / os.fsdecode(name)).write_bytes(photograph)
    model = ["--model", str(tiny_folder)]
    assert main(["regions", str(tmp_path / "in"), "-o", str(tmp_path / "r.tsv"), *model]) == 0
    assert open_regions(tmp_path / "r.tsv").pictures == ["good"]
    told = (tmp_path / "r.tsv.failed.tsv").read_text().splitlines()
    assert [line.split("\t")[0].rpartition("/")[2] for line in told] == ["b?d.jpg", "new?line.jpg"]
    call = ["evaluate", str(tmp_path / "in"), "--ask", "what?", "--out", str(tmp_path / "run")]
    assert main([*call, *model, "--no-baselines", "--no-internals"]) == 0
    shown = capsys.readouterr()
    assert "2 examples in" in shown.out
    assert "'b\\udcffd.jpg': Its name is not UTF-8." in shown.err


def test_pictures_that_are_not_there_are_said_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["evaluate", "study", "--pictures", str(tmp_path / "gone"), "--out", str(tmp_path / "r")]
    assert main(call) == 2
    assert "There is no folder of pictures at" in said(capsys)
    assert list(tmp_path.iterdir()) == []


def test_probes_cannot_take_the_place_of_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    states = ["--layers", "X1", "--store", str(tmp_path / "states")]
    assert main(["probe", "study", "--save", str(tmp_path), *states]) == 2
    assert f"{tmp_path} is a folder" in capsys.readouterr().err
    assert not (tmp_path / "states").exists()  # told before anything was extracted


def test_a_terminal_of_few_letters_shows_the_rest_as_codes() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "lxmert_viz", "ask", SCENE, "a \N{CAT FACE}"],
        cwd=ROOT,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
    )
    assert (ran.returncode, b"Traceback" in ran.stderr) == (0, False)
    assert b"\\u201c" in ran.stdout
