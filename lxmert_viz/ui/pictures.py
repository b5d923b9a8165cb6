"""Pictures that people gave, kept under their digests so that a reload finds them again."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

HOURS = 24.0
MAX_BYTES = 300_000_000


class PictureStore:
    """Holds each picture for some hours; the one unused for longest leaves when room is short."""

    def __init__(self, hours: float = HOURS, now: Callable[[], float] = time.monotonic) -> None:
        self._seconds = 3600 * hours
        self._now = now
        self._lock = Lock()
        self._kept: OrderedDict[str, tuple[float, bytes]] = OrderedDict()  # digest: since when

    def keep(self, picture: bytes) -> str:
        """The picture's digest, sha256 in hexadecimal digits."""
        digest = hashlib.sha256(picture).hexdigest()
        with self._lock:
            self._kept[digest] = (self._now(), picture)
            self._kept.move_to_end(digest)
            self._drop()
        return digest

    def find(self, digest: str) -> bytes | None:
        """None for a picture that was never here or is here no more."""
        with self._lock:
            self._drop()
            if digest not in self._kept:
                return None
            self._kept.move_to_end(digest)
            return self._kept[digest][1]

    def _drop(self) -> None:
        oldest = self._now() - self._seconds
        for digest in [d for d, (since, _) in self._kept.items() if since <= oldest]:
            del self._kept[digest]
        while len(self._kept) > 1 and self._bytes() > MAX_BYTES:
            self._kept.popitem(last=False)

    def _bytes(self) -> int:
        return sum(len(picture) for _, picture in self._kept.values())
