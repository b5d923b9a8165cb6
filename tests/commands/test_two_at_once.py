"""Two calls at once on one output: the second says so and touches nothing."""

from pathlib import Path

import pytest
from filelock import FileLock

from lxmert_viz.__main__ import main

SCENES = ["make-scenes", "2", "--seed", "5", "--model", "none", "--out"]
CONVERT = ["regions", "assets/study/regions.tsv", "-o"]
TRAIN = ["train-miniature", "--measure", "--test-scenes", "1", "--out"]


@pytest.mark.parametrize("call", [SCENES, CONVERT, TRAIN], ids=lambda call: call[0])
def test_the_second_call_leaves_the_output_to_the_first(
    call: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "made.tsv"
    work = ["--work", str(tmp_path / "work")] if call is TRAIN else []
    with FileLock(tmp_path / "made.tsv.lock"):
        assert main([*call, str(out), *work]) == 2
    assert "is being made by another process" in capsys.readouterr().err
    assert not out.exists()


def test_the_folder_of_a_first_call_survives_a_second(tmp_path: Path) -> None:
    """Both found it empty; the one that failed removed it with what the other had drawn."""
    out = tmp_path / "scenes"
    assert main([*SCENES, str(out)]) == 0
    before = sorted(path.name for path in out.iterdir())
    assert main([*SCENES, str(out)]) == 2
    assert sorted(path.name for path in out.iterdir()) == before
    assert [path.name for path in tmp_path.iterdir()] == ["scenes"]
