"""Datasets that visitors handed over, kept for some hours under keys that only they know."""

import json
import re
import secrets
import shutil
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from lxmert_viz.dataset import uploads
from lxmert_viz.dataset.remarks import Remark
from lxmert_viz.dataset.uploads import MAX_BYTES, Given
from lxmert_viz.errors import DatasetError
from lxmert_viz.whole_files import write_json

MAX_KEPT_BYTES = 4 * MAX_BYTES
KEY = re.compile(r"[0-9a-f]{32}")
FILES, RUNS, ABOUT = "files", "runs", "about.json"


class UploadStore:
    """KEY/files, KEY/runs and KEY/about.json below one folder; what is old or too much leaves."""

    def __init__(self, folder: Path, hours: float, now: Callable[[], float] = time.time) -> None:
        """hours: after its last use; 0 takes nothing in."""
        self.folder, self._seconds, self._now = folder, 3600 * hours, now

    def keep(self, given: Sequence[Given], in_use: Collection[str] = ()) -> str:
        """The key of a new dataset. in_use: keys that must stay. Raises DatasetError."""
        if not self._seconds:
            raise DatasetError(
                "This server keeps nothing that is handed over. Start your own, with `serve`."
            )
        self.drop(in_use, room=MAX_BYTES)
        key = secrets.token_hex(16)
        left_out = uploads.put(given, self.folder / key / FILES)
        about = {
            "title": given[0].name + (f" and {len(given) - 1} more" if given[1:] else ""),
            "left_out": left_out,
        }
        write_json(self.folder / key / ABOUT, about)
        return key

    def has(self, key: str) -> bool:
        """Whether a dataset is here, and its hours are not over."""
        about = self.folder / key / ABOUT
        if not KEY.fullmatch(key) or not about.is_file():
            return False
        return about.stat().st_mtime >= self._now() - self._seconds

    def title(self, key: str) -> str:
        return self._about(key)["title"]

    def left_out(self, key: str) -> list[Remark]:
        return [Remark(*entry) for entry in self._about(key)["left_out"]]

    def use(self, key: str) -> None:
        """It stays for all its hours again."""
        (self.folder / key / ABOUT).touch()

    def drop(self, in_use: Collection[str] = (), room: int = 0) -> None:
        """Removes what was not used for long, and the oldest where all is too much.

        room: bytes to be free for one more.
        """
        found = [path for path in self.folder.glob("*") if KEY.fullmatch(path.name)]
        idle = sorted((p for p in found if p.name not in in_use), key=_last_used)
        sizes = {path: _size(path) for path in found}
        for path in idle:
            is_old = _last_used(path) < self._now() - self._seconds
            if is_old or sum(sizes.values()) > MAX_KEPT_BYTES - room:
                shutil.rmtree(path, ignore_errors=True)
                del sizes[path]

    def _about(self, key: str) -> dict[str, list[list[object]]]:
        return json.loads((self.folder / key / ABOUT).read_text(encoding="utf-8"))


def _last_used(folder: Path) -> float:
    about = folder / ABOUT
    return (about if about.exists() else folder).stat().st_mtime


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
