"""What `evaluate` says of pictures that a region file lacks, and where errors begin."""

from pathlib import Path

import pytest

from lxmert_viz.__main__ import main
from lxmert_viz.commands import ask as ask_command
from lxmert_viz.commands.progress import PROGRESS, report
from lxmert_viz.errors import OptionError
from lxmert_viz.places import ASSETS

STUDY = ASSETS / "study"


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    file = tmp_path / "q.csv"
    rows = [f"scene-850000{n},is there a cube?,yes" for n in (0, 1, 999)]
    file.write_text("\n".join(["image,question,answer", *rows]))
    return file


def evaluated(asked: Path, *options: str) -> int:
    call = ["evaluate", str(asked), "--out", str(asked.parent / f"run{len(options)}")]
    where = ["--pictures", str(STUDY / "images"), "--no-baselines", "--no-internals"]
    return main([*call, *where, *options])


def test_what_a_region_file_lacks_is_said_at_the_end(
    asked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = (STUDY / "regions.tsv").read_bytes().splitlines(keepends=True)[0]
    (tmp_path / "r.tsv").write_bytes(first)
    evaluated(asked, "--regions", str(tmp_path / "r.tsv"))
    said = capsys.readouterr().out
    assert "2 could not be answered" in said
    assert said.splitlines()[-1].startswith(
        "rows whose picture is not in the region file: 2. First"
    )
    assert said.splitlines()[-1].endswith("'scene-8500001', so it is not answered.")
    evaluated(asked, "--regions", str(tmp_path / "r.tsv"), "--look-for-missing")
    said = capsys.readouterr().out
    assert "1 could not be answered" in said  # there is no picture of the third
    assert said.splitlines()[-1].endswith("'scene-8500001', so the detector looks at the picture.")


def test_a_region_file_with_none_of_the_pictures_ends_the_call(
    asked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = (STUDY / "regions.tsv").read_bytes().splitlines(keepends=True)[0]
    (tmp_path / "r.tsv").write_bytes(row.replace(b"scene-", b"other-"))
    code = evaluated(asked, "--regions", str(tmp_path / "r.tsv"))
    said = capsys.readouterr().err
    assert code == 2 and "it has 'other-8500000', and the questions name 'scene-8500000'" in said
    assert not (tmp_path / "run2").exists()


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_an_error_begins_on_a_line_of_its_own(
    share: float, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(options: object) -> None:
        report("half done", share)
        raise OptionError("This cannot be.")

    monkeypatch.setattr(ask_command, "run", fails)
    assert main(["ask", "a.png", "what?"]) == 2
    assert capsys.readouterr().err == f"\r{'half done':<70}\nlxmert-viz: This cannot be.\n"


def test_a_shorter_line_covers_a_longer_one(capsys: pytest.CaptureFixture[str]) -> None:
    report("x" * 90, 0.5)
    report("short", 0.6)
    report("done", 1.0)
    report("next", 0.1)
    PROGRESS.end()
    assert capsys.readouterr().err == (
        f"\r{'x' * 90}\r{'short':<90}\r{'done':<90}\n\r{'next':<70}\n"
    )
