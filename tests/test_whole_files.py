"""What is written whole survives a kill and a full disk; and everything is written so."""

import ast
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lxmert_viz import whole_files
from lxmert_viz.places import ROOT
from lxmert_viz.whole_files import write_json, written_whole

GROWING = {  # append to a file, and say there why
    "checkpoints/download.py",
    "dataset/uploads.py",
    "miniature/training/log.py",
    "region_files/journal.py",
    "results/verdicts.py",
    "runs/causes.py",
    "runs/cluster/connecting.py",
    "runs/extraction.py",
}
PASSING = {  # write into a folder that goes at the end, or gets its name when it is whole
    "runs/preparing.py",
    "runs/staging.py",
    "runs/table.py",
}
WRITERS = {"save_file", "savez", "write_table", "write_html", "write_image", "ParquetWriter"}
WRITERS |= {"OSFile", "write_text", "write_bytes"}
WRITTEN = {"unfinished", "file", "written"}  # how a place inside of written_whole is called
KILLED = """
import os, signal, sys
from pathlib import Path
from lxmert_viz.whole_files import written_whole
with written_whole(Path(sys.argv[1])) as unfinished, unfinished.open("wb") as file:
    file.write(b"new" * 100_000)
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""
BETWEEN = """
import os, signal, sys
from pathlib import Path
from lxmert_viz import whole_files
synced = []
def killed(place):
    synced.append(place)
    if len(synced) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
os.fsync = killed
whole_files.write_together(Path(sys.argv[1]), dict.fromkeys("abc", b"new"))
"""


def run(script: str, *arguments: object) -> int:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def test_a_killed_write_leaves_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "kept.txt"
    path.write_text("old")
    assert run(KILLED, path) == -signal.SIGKILL
    assert path.read_text() == "old"
    (left,) = tmp_path.glob("*.part")
    assert left.stat().st_size == 300_000  # it was killed in the middle


@pytest.mark.parametrize("moment", [1, 2, 3])
def test_files_that_belong_together_stay_together(tmp_path: Path, moment: int) -> None:
    """Killed while the first, second or third of three comes to the disk."""
    for name in "abc":
        (tmp_path / name).write_text("old")
    assert run(BETWEEN, tmp_path, moment) == -signal.SIGKILL
    assert [(tmp_path / name).read_text() for name in "abc"] == ["old"] * 3


def test_what_a_killed_writer_left_goes_with_a_later_write(tmp_path: Path) -> None:
    path = tmp_path / "kept[1].txt"
    ends = ("by-1.part", "by-2.part", "0123456789ab.part")  # the last is a download's
    old, new, other = (tmp_path / f"{path.name}.{end}" for end in ends)
    for left in (old, new, other):
        left.touch()
    for left in (old, other):
        os.utime(left, (time.time() - 2 * whole_files.ABANDONED_SECONDS,) * 2)
    write_json(path, 1)
    assert sorted(tmp_path.iterdir()) == sorted([path, new, other])


def test_writers_of_one_file_at_once_do_not_mix(tmp_path: Path) -> None:
    path, both = tmp_path / "shared", threading.Barrier(2, timeout=30)

    def write(letter: str) -> None:
        with written_whole(path) as unfinished:
            both.wait()
            unfinished.write_text(letter * 10)
            both.wait()

    writers = [threading.Thread(target=write, args=(letter,)) for letter in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert path.read_text() in ("a" * 10, "b" * 10)
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_of_the_writer_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no number"), written_whole(tmp_path / "x") as unfinished:
        unfinished.write_text("half")
        raise ValueError("no number")
    assert not list(tmp_path.iterdir())


def test_links_and_modes_stay(tmp_path: Path) -> None:
    place, link = tmp_path / "place", tmp_path / "link"
    place.write_text("old")
    place.chmod(0o640)
    link.symlink_to(place)
    with written_whole(link) as unfinished:
        unfinished.write_text("new")
        unfinished.chmod(0o600)  # as safetensors leaves it
    assert link.is_symlink() and place.read_text() == "new"
    assert place.stat().st_mode & 0o777 == 0o640


def raw_writes(root: Path) -> Iterator[str]:
    """Calls that write a file under its own name, where a kill would leave half of it."""
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root).as_posix()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and name != "whole_files.py" and _writes(node, name):
                yield f"{name}:{node.lineno}"


def _writes(call: ast.Call, module: str) -> bool:
    if not isinstance(call.func, ast.Attribute | ast.Name):
        return False
    is_method = isinstance(call.func, ast.Attribute)
    name = call.func.attr if is_method else call.func.id
    named = {node.id for node in ast.walk(call) if isinstance(node, ast.Name)}
    if name == "open":
        modes = [a.value for a in call.args if isinstance(a, ast.Constant)]
        modes += [k.value.value for k in call.keywords if k.arg == "mode"]
        return any(set("wax") & set(str(mode)) for mode in modes) and not (
            module in GROWING or named & WRITTEN
        )
    if name.startswith("write_") and not is_method:
        return False  # our own, which this looks into
    is_module = is_method and isinstance(call.func.value, ast.Name)
    saves = name == "save" and is_module and call.func.value.id in ("torch", "np", "numpy")
    return (name in WRITERS or saves) and not (module in PASSING or named & WRITTEN)


def test_nothing_is_written_under_its_own_name() -> None:
    assert list(raw_writes(ROOT / "lxmert_viz")) == []


@pytest.mark.parametrize(
    "line",
    [
        "path.write_text('a')",
        "(folder / 'a').write_bytes(b'a')",
        "open('a', 'w')",
        "path.open(mode='ab')",
        "save_file(tensors, path)",
        "torch.save(state, path)",
        "np.savez(path, **arrays)",
        "pq.write_table(table, path)",
    ],
)
def test_the_guard_sees_what_is_not_written_whole(tmp_path: Path, line: str) -> None:
    (tmp_path / "a.py").write_text(f"{line}\n")
    assert list(raw_writes(tmp_path)) == ["a.py:1"]
