"""What Ctrl-C leaves behind."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def goes_on() -> Iterator[None]:
    """Around work that a second call resumes: whoever stops it is told so."""
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt("The same call goes on from there.") from None
