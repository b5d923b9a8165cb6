"""`make test` finds a Chromium, brings one, or says that the browser tests did not run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lxmert_viz.places import ROOT
from tests.helpers import chromium

STARTS = "#!/bin/sh\nexit 0\n"
BROKEN = "#!/bin/sh\necho install me from somewhere else\nexit 1\n"
PYTHON = """#!/bin/sh
echo "$@" >> "$0.log"
[ "$2" = tests.helpers.chromium ] && exit {without}
echo "1 passed"
exit {failed}
"""


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder with commands; Playwright has brought nothing and can bring nothing."""
    folder = tmp_path / "commands"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "browsers"))
    monkeypatch.setattr(chromium, "PLAYWRIGHT", (str(put(folder / "playwright", BROKEN)),))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return folder


def put(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(script)
    path.chmod(0o755)
    return path


def puts(path: Path) -> str:
    """A script that installs a Chromium there."""
    return f"#!/bin/sh\n/bin/mkdir -p {path.parent}\n/bin/cp {put_aside(path)} {path}\n"


def put_aside(path: Path) -> Path:
    aside = path.parents[1] / "aside"
    return put(aside, STARTS)


def test_one_that_is_here_and_starts_is_taken(commands: Path) -> None:
    put(commands / "chromium", BROKEN)
    good = put(commands / "google-chrome", STARTS)
    put(commands / "apt-get", f"#!/bin/sh\n: > {commands / 'asked'}\n")
    assert chromium.installed() == str(good)
    assert not (commands / "asked").exists()


def test_else_playwright_brings_its_own(commands: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = Path(list(chromium._places())[-1])
    assert own.is_relative_to(commands.parent / "browsers")
    monkeypatch.setattr(chromium, "PLAYWRIGHT", (str(put(commands / "playwright", puts(own))),))
    assert chromium.installed() == str(own)


def test_else_debian_has_one_for_root(commands: Path) -> None:
    put(commands / "apt-get", puts(commands / "chromium"))
    assert chromium.installed() == str(commands / "chromium")


def test_else_there_is_none(commands: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert chromium.installed() is None  # no apt-get
    put(commands / "apt-get", BROKEN)
    assert chromium.installed() is None
    put(commands / "apt-get", puts(commands / "chromium"))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert chromium.installed() is None  # who may not install asks nobody


def test_the_program_says_by_its_exit_code_whether_there_is_one(commands: Path) -> None:
    put(commands / "chromium", STARTS)
    program = [sys.executable, "-m", "tests.helpers.chromium"]
    assert subprocess.run(program, cwd=ROOT).returncode == 0


def without_make() -> dict[str, str]:
    """The environment of a person: a make that was started by a make speaks of its folder too."""
    return {name: text for name, text in os.environ.items() if not name.startswith("MAKE")}


@pytest.mark.parametrize("failed", [0, 1])
@pytest.mark.parametrize("without", [0, 1])
def test_make_runs_what_can_run_and_says_what_did_not(
    tmp_path: Path, without: int, failed: int
) -> None:
    python = put(tmp_path / "bin" / "python", PYTHON.format(without=without, failed=failed))
    (tmp_path / ".test").touch()  # nothing is to be installed
    make = [shutil.which("make") or "make", f"VENV={tmp_path}", "test"]
    ran = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, env=without_make())
    assert (ran.returncode != 0) == bool(failed)
    asked = Path(f"{python}.log").read_text().splitlines()
    assert asked[0] == "-m tests.helpers.chromium"
    assert ("not browser" in asked[-1]) == bool(without)
    last = ran.stdout.strip().splitlines()[-1]
    assert last.startswith("The browser tests did not run" if without else "1 passed")
    if without:
        assert "package chromium" in last and f"{python} -m playwright install" in last


def test_ci_installs_nothing_itself() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    assert script.endswith("exec make test\n") and "install" not in script
