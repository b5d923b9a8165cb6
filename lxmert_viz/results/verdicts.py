"""What a person writes beside a run's rows: verdicts, tags, texts; kept in the run's folder."""

import json
import os
import threading
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from lxmert_viz.forms import check_words
from lxmert_viz.whole_files import reading_back

FILE = "notes.jsonl"


@dataclass(frozen=True, slots=True)
class Note:
    id: str  # the example's
    verdict: str = ""
    tags: str = ""  # words, parted by spaces
    text: str = ""
    at: str = ""  # when, UTC

    @property
    def is_empty(self) -> bool:
        return not (self.verdict or self.tags or self.text)


class Notes:
    """Every change is a line more: the last one of an example counts. Many threads may write.

    Raises DatasetError for a file that others changed into something else.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._lock = threading.Lock()
        self._notes: dict[str, Note] = {}
        lines = self.path.read_bytes().split(b"\n") if self.path.exists() else []
        for number, line in enumerate(lines, 1):
            if line.endswith(b"}"):  # a killed process may leave half of a last line
                note = _note(line, f"{self.path}, line {number}")
                self._notes[note.id] = note

    def of(self, name: str) -> Note:
        return self._notes.get(name, Note(name))

    def all(self) -> list[Note]:
        return [note for note in self._notes.values() if not note.is_empty]

    def write(self, note: Note) -> None:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        line = json.dumps(asdict(note) | {"at": at}, ensure_ascii=False)
        with self._lock:
            whole = not self.path.exists() or self.path.read_bytes()[-1:] in (b"", b"\n")
            # a line more, not a file anew: each is written at a person's key press
            with self.path.open("a", encoding="utf-8") as file:
                file.write(("" if whole else "\n") + line + "\n")
                file.flush()
                os.fsync(file.fileno())
            self._notes[note.id] = Note(note.id, note.verdict, note.tags, note.text, at)


def _note(line: bytes, place: str) -> Note:
    with reading_back(place, "mend that line, or take it out"):
        note = Note(**json.loads(line))
        check_words(note)
    return note
