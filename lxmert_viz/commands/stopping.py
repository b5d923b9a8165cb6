"""What Ctrl-C leaves behind, and two calls at once on one output."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lxmert_viz.errors import DatasetError


@contextmanager
def goes_on() -> Iterator[None]:
    """Around work that a second call resumes: whoever stops it is told so."""
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt("The same call goes on from there.") from None


@contextmanager
def alone(out: Path) -> Iterator[None]:
    """Raises DatasetError where another process makes the same file or folder just now."""
    from filelock import FileLock, Timeout  # brings asyncio, for which --help should not wait

    path = out.with_name(f"{out.name}.lock")
    try:
        with FileLock(path, timeout=0):
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
    except Timeout as error:
        raise DatasetError(f"{out} is being made by another process just now.") from error
