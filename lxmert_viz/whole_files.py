"""Files that appear whole or not at all: also when the disk is full, the power or the program goes.

What was there before stays until the new content is on the disk. What grows for minutes (journals,
stores of states, downloads, notes) is appended to instead, and says where it ends by itself.
"""

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from glob import escape
from pathlib import Path
from threading import get_native_id
from typing import Any

from lxmert_viz.errors import DatasetError

ABANDONED_SECONDS = 3600.0  # without a byte, after which its writer was killed
# what reading raises of content that is none; RuntimeError: nested too deeply, or of a later form
DAMAGE = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
    OSError,
)


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Where to write; what was written gets its own name at the end, unless an error ends it.

    Threads and processes may write the same file at once: the last one's stays. The folder must
    be there. A link stays a link, and a file keeps its mode.
    """
    path = path.resolve()
    unfinished = path.with_name(f"{path.name}.by-{get_native_id()}.part")
    unfinished.touch()
    mode = (path if path.exists() else unfinished).stat().st_mode
    try:
        yield unfinished
        unfinished.chmod(mode)  # safetensors writes for its owner alone
        put(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
    _sweep(path)


def put(part: Path, place: Path) -> None:
    """Give a whole file its name, in one step that a crash cannot cut in two."""
    with part.open("rb+") as content:
        os.fsync(content.fileno())
    part.replace(place)


def write_text(path: Path, text: str) -> None:
    write_bytes(path, text.encode())


def write_json(path: Path, content: Any) -> None:
    write_text(path, json.dumps(content, indent=1) + "\n")


def write_bytes(path: Path, content: bytes) -> None:
    write_together(path.parent, {path.name: content})


def write_together(folder: Path, files: Mapping[str, bytes]) -> None:
    """Files that belong together, by name: none is replaced before all are on the disk."""
    with ExitStack() as stack:
        for name, content in files.items():
            with stack.enter_context(written_whole(folder / name)).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())


def _sweep(path: Path) -> None:
    """Removes what killed writers left of a file."""
    for part in path.parent.glob(f"{escape(path.name)}.by-*.part"):
        with suppress(FileNotFoundError):  # its writer gave it its name meanwhile
            if part.stat().st_mtime < time.time() - ABANDONED_SECONDS:
                part.unlink()


@contextmanager
def reading_back(place: Path | str, remedy: str) -> Iterator[None]:
    """Around reading what this tool wrote: whatever is wrong with it is a DatasetError.

    That it is not there stays FileNotFoundError.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except DAMAGE as error:
        raise DatasetError(f"{place} is damaged ({_said(error)}): {remedy}.") from error


def _said(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"it lacks {error}"
    return str(error).partition("\n")[0] or type(error).__name__
