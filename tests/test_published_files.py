"""What goes out: the wheel is whole, and no file speaks of the machine that it was written on."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.test_architecture import PACKAGE, REPOSITORY, sources


def test_a_wheel_carries_every_module_and_asset(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=REPOSITORY, check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        carried = set(wheel.namelist())
    paths = [path for _, path in sources(REPOSITORY) if path.name != "app.py"]
    assets = [path for path in (REPOSITORY / "assets").rglob("*") if path.is_file()]
    wanted = {path.relative_to(REPOSITORY).as_posix() for path in paths}
    wanted |= {f"{PACKAGE}/_app/{p.relative_to(REPOSITORY).as_posix()}" for p in assets}
    assert wanted | {f"{PACKAGE}/_app/app.py"} <= carried


def test_no_tracked_file_names_a_private_path() -> None:
    """A shell path of the machine that it was written on would break on every other."""
    private = re.compile("/" + "(?:work|root|tmp)/")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True)
    if listed.returncode:
        pytest.skip("this is not a git checkout")
    names = [name for name in listed.stdout.decode().split("\0") if name]
    texts = {n: (REPOSITORY / n).read_bytes() for n in names if (REPOSITORY / n).is_file()}
    assert [n for n, t in texts.items() if private.search(t.decode("utf-8", "replace"))] == []
