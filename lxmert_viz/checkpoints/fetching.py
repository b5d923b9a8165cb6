"""Brings known checkpoints, and any LXMERT of the hub, into the models folder."""

import json
import os
import shutil
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lxmert_viz.checkpoints import hub
from lxmert_viz.checkpoints.download import Received, RemoteFile, bring, matches, receive
from lxmert_viz.checkpoints.folder import folder_name, models_folder
from lxmert_viz.checkpoints.known import (
    ANSWER_LISTS,
    DETECTOR_FILES,
    KNOWN,
    SHIPPED,
    VOCABULARY_REPOSITORY,
)
from lxmert_viz.checkpoints.record import Plan, locked, recorded, twins, write_record
from lxmert_viz.checkpoints.weight_files import INDEX_ENDING, WEIGHT_FILES, parts_of
from lxmert_viz.config import LxmertConfig
from lxmert_viz.errors import CheckpointError, DownloadError
from lxmert_viz.whole_files import put

JSON_LIMIT = 1 << 22  # bytes
FEATURES = 2048  # a region, from the published detector
SPARE_BYTES = 50_000_000  # left free on the disk
SPEED_SECONDS = 5.0  # over which the speed is told
SHORTEST_SECONDS = 0.2  # less tells nothing
OPTIONAL_FILES = ("tokenizer_config.json",)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a download is."""

    file: str
    done: int  # bytes, of all files
    total: int
    speed: float  # bytes a second, lately

    @property
    def share(self) -> float:
        return self.done / self.total if self.total else 1.0

    def line(self) -> str:
        """In words: the file, bytes, speed, time left."""
        text = f"{self.file}: {in_words(self.done)} of {in_words(self.total)}"
        if not self.speed:
            return text
        left = (self.total - self.done) / self.speed
        time_left = f"{left / 60:.0f} min" if left >= 90 else f"{left:.0f} s"
        return f"{text}, {in_words(self.speed)}/s, {time_left} left"


Hear = Callable[[Progress], None]


def in_words(count: float) -> str:
    """Bytes as people read them, in units of 1000."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.{2 if unit == 'GB' else 1}f} {unit}"
    return f"{count:.0f} bytes"


def plan(name: str, models: Path | None = None) -> Plan:
    """What fetching a checkpoint would bring; nothing is written yet.

    name: of the table, or owner/name of the hub. Without network it still knows a checkpoint that
    is already whole. Raises DownloadError, CheckpointError.
    """
    known = {checkpoint.name: checkpoint for checkpoint in KNOWN}.get(name)
    if name == SHIPPED:
        raise CheckpointError(f"{SHIPPED} is shipped with this project; it need not be fetched.")
    if known is None and not hub.is_repository(name):
        names = ", ".join(c.name for c in KNOWN if c.repository)
        raise CheckpointError(
            f"{name!r} cannot be fetched: it is none of {names}, and no owner/name of the hub."
        )
    folder = models_folder(models) / folder_name(name)
    earlier = recorded(folder)
    if earlier and all(matches(file.place(folder), file) for file in earlier.files):
        return earlier
    repository = known.repository if known else name
    config = hub.look_up(repository, "config.json", known.revision if known else "main")
    if config is None:
        raise DownloadError(f"{repository} holds no config.json, so it is no model to open here.")
    described = _read_config(config.file, repository)
    files = [config.file, *_hub_files(repository, config.commit), *DETECTOR_FILES]
    answers = ANSWER_LISTS.get(described.num_qa_labels)
    notes = ()
    if answers:
        files.append(answers)
    else:
        notes = (
            f"No list of {described.num_qa_labels} answers is published, so the answers of {name} "
            f"are numbers of labels; put your list at {folder / 'answers.json'}.",
        )
    files.sort(key=lambda file: file.size)  # what is wrong with a source shows early
    return Plan(name, folder, repository, config.commit, tuple(files), notes)


def fetch(chosen: Plan, hear: Hear) -> tuple[str, ...]:
    """Bring what is missing of a plan; returns what its owner must know.

    hear may raise to stop: what came so far is kept, and the next call goes on from there.
    Raises DownloadError.
    """
    _make_folder(chosen.folder)
    with locked(chosen):
        _check_room(chosen)
        write_record(chosen)
        return (*chosen.notes, *_bring_all(chosen, hear))


def _read_json(file: RemoteFile) -> Any:
    """What stands in a small file of the hub. Raises DownloadError, ValueError."""
    if file.size > JSON_LIMIT:
        raise ValueError(f"it has {in_words(file.size)}")
    with TemporaryDirectory() as folder:
        bring(file, Path(folder), lambda size: None, hub.receive)
        return json.loads(file.place(Path(folder)).read_bytes())


def _read_config(file: RemoteFile, repository: str) -> LxmertConfig:
    """The repository's config, read before anything large is asked for."""
    try:
        values = _read_json(file)
        if not isinstance(values, dict) or values.get("model_type", "lxmert") != "lxmert":
            raise CheckpointError(f"{repository} is no LXMERT, and only LXMERT opens here.")
        config = LxmertConfig.from_dict(values)
    except (ValueError, TypeError) as error:
        raise CheckpointError(f"{repository} has no usable config.json: {error}.") from error
    if config.visual_feat_dim != FEATURES:
        raise CheckpointError(
            f"{repository} reads {config.visual_feat_dim} features a region, and the published "
            f"detector makes {FEATURES}: there is nothing that could show it pictures."
        )
    return config


def _hub_files(repository: str, commit: str) -> list[RemoteFile]:
    weights = _weights(repository, commit)
    vocabulary = hub.look_up(repository, "vocab.txt", commit) or hub.look_up(
        VOCABULARY_REPOSITORY, "vocab.txt"
    )
    if vocabulary is None:
        raise DownloadError(f"{VOCABULARY_REPOSITORY} has lost its vocab.txt.")
    optional = [hub.look_up(repository, name, commit) for name in OPTIONAL_FILES]
    return [*weights, *(listed.file for listed in (vocabulary, *optional) if listed)]


def _weights(repository: str, commit: str) -> list[RemoteFile]:
    """The first kind of weights that the repository has: one file, or an index and its parts."""
    for name in WEIGHT_FILES:
        listed = hub.look_up(repository, name, commit)
        if listed is None:
            continue
        if not name.endswith(INDEX_ENDING):
            return [listed.file]
        try:
            parts = parts_of(_read_json(listed.file), listed.file.urls[0])
        except ValueError as error:
            raise CheckpointError(f"{repository} has no usable {name}: {error}.") from error
        found = {part: hub.look_up(repository, part, commit) for part in parts}
        absent = [part for part, there in found.items() if there is None]
        if absent:
            raise DownloadError(f"{repository} lacks {absent[0]}, which its {name} names.")
        return [listed.file, *(there.file for there in found.values())]
    raise DownloadError(f"{repository} holds none of {', '.join(WEIGHT_FILES)}.")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DownloadError(
            f"{folder} cannot be made ({error.strerror}); name another models folder."
        ) from error


def _check_room(chosen: Plan) -> None:
    missing, free = chosen.missing_bytes(), chosen.free_bytes()
    if missing and missing + SPARE_BYTES > free:
        raise DownloadError(
            f"{chosen.name} needs {in_words(missing)} more and {chosen.folder} has "
            f"{in_words(free)} free. Make room, or name a models folder on another disk."
        )


def _bring_all(chosen: Plan, hear: Hear) -> list[str]:
    notes = []
    before = 0
    for file in chosen.files:
        hear(Progress(file.path, before, chosen.total_bytes, 0.0))
        if not matches(file.place(chosen.folder), file) and not _take_twin(file, chosen.folder):
            ask = hub.receive if file.repository else receive
            try:
                bring(file, chosen.folder, _teller(chosen, file, before, hear), ask)
            except DownloadError as error:
                if file.needed:
                    raise
                notes.append(f"{error} {chosen.name} opens without it.")
        before += file.size
    return notes


def _teller(chosen: Plan, file: RemoteFile, before: int, hear: Hear) -> Received:
    """Makes progress of the whole plan out of bytes of one file."""
    pace = _Pace()

    def received(size: int) -> None:
        done = before + size
        hear(Progress(file.path, done, chosen.total_bytes, pace.at(done)))

    return received


class _Pace:
    """Bytes a second over the last seconds; 0 while there is nothing to tell."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque()

    def at(self, done: int) -> float:
        now = time.monotonic()
        if self._marks and done < self._marks[-1][1]:  # begun again
            self._marks.clear()
        self._marks.append((now, done))
        while now - self._marks[0][0] > SPEED_SECONDS and len(self._marks) > 2:
            self._marks.popleft()
        began, bytes_then = self._marks[0]
        return (done - bytes_then) / (now - began) if now - began > SHORTEST_SECONDS else 0.0


def _take_twin(file: RemoteFile, folder: Path) -> bool:
    """Share a file that another checkpoint, as the detector, or the person's hub cache has."""
    place, part = file.place(folder), file.part(folder)
    place.parent.mkdir(parents=True, exist_ok=True)
    for twin in twins(file, folder):
        if not matches(twin, file):
            continue
        part.unlink(missing_ok=True)
        try:
            os.link(twin, part)
        except OSError:  # another disk, or one that knows no links
            shutil.copyfile(twin, part)
        put(part, place)
        return True
    return False
