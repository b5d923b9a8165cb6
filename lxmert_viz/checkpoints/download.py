"""One file from the network to its place: resumed after a break, checked, and never there in part.

For files that are on no hub, with the standard library; hub.py gives `bring` another `receive`.
"""

import errno
import hashlib
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from lxmert_viz.errors import DownloadError
from lxmert_viz.whole_files import put

CHUNK = 1 << 18
STALLED_SECONDS = 30.0  # without a byte, after which a connection counts as broken
PAUSES_SECONDS = (0.5, 2.0, 5.0, 10.0)  # before each new try; what brought bytes begins again
WORTH_ANOTHER_TRY = {408, 416, 425, 429, 500, 502, 503, 504}
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
AGENT = {"User-Agent": "lxmert-viz"}
Received = Callable[[int], None]  # hears how many bytes of the file are here


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file as it was published."""

    path: str  # below the model's folder
    urls: tuple[str, ...]  # tried in turn; the digest decides, not the address
    size: int  # bytes
    digest: str  # "sha256:..." of the content, or "git:...", its name among git's objects
    needed: bool = True  # a model opens without it
    repository: str = ""  # owner/name on the hub; "": it is on none
    commit: str = ""  # of that repository

    def __post_init__(self) -> None:
        path = PurePosixPath(self.path)
        if path.is_absolute() or {"..", ""} & {*path.parts, self.path} or "\\" in self.path:
            raise ValueError(f"{self.path!r} is no path below a model's folder")

    def place(self, folder: Path) -> Path:
        return folder / self.path

    def part(self, folder: Path) -> Path:
        """Where it grows; the name tells it from parts of another version."""
        place = self.place(folder)
        return place.with_name(f"{place.name}.{self.digest.partition(':')[2][:12]}.part")


class Unavailable(Exception):
    """One address does not give the file; another may."""


class Busy(Exception):
    """One address does not give the file now; asked again, it may."""


class _WebOnly(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: object,
        code: int,
        msg: str,
        headers: object,
        url: str,
    ) -> urllib.request.Request | None:
        if not url.startswith(("https://", "http://" if req.type == "http" else "https://")):
            raise urllib.error.URLError(f"it leads to {url}")
        return super().redirect_request(req, fp, code, msg, headers, url)


def offline() -> bool:
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}


def check_online(wanted: str) -> None:
    """Raises DownloadError when this machine should stay offline. wanted: what is asked for."""
    if offline():
        raise DownloadError(
            "HF_HUB_OFFLINE is set, so nothing is downloaded. Unset it, or put the files there by "
            f"hand; first {wanted}."
        )


def open_web(request: urllib.request.Request, *handlers: object) -> HTTPResponse:
    """The answer to a request. Raises DownloadError when this machine should stay offline."""
    check_online(request.full_url)
    if request.type not in ("http", "https"):
        raise DownloadError(f"{request.full_url} is not a web address.")
    opener = urllib.request.build_opener(*(handlers or (_WebOnly,)))
    return opener.open(request, timeout=STALLED_SECONDS)


def matches(path: Path, file: RemoteFile) -> bool:
    """Whether a file on this machine is the published one, to the last bit."""
    if not path.is_file() or path.stat().st_size != file.size:
        return False
    kind, _, published = file.digest.partition(":")
    state = hashlib.sha256() if kind == "sha256" else hashlib.sha1(b"blob %d\0" % file.size)
    with path.open("rb") as content:
        return hashlib.file_digest(content, lambda: state).hexdigest() == published


def receive(url: str, have: int, arrived: "Arrived") -> None:
    """Ask for a file from its byte `have` on, over one connection.

    Raises Unavailable, Busy, OSError and HTTPException for what is wrong with it.
    """
    asked = {"Range": f"bytes={have}-"} if have else {}
    try:
        with open_web(urllib.request.Request(url, headers=AGENT | asked)) as response:
            begins = response.headers.get("Content-Range", "")
            arrived(response.status, begins, iter(lambda: response.read1(CHUNK), b""))
    except urllib.error.HTTPError as error:
        raise refusal(error.code, error.reason) from error


def refusal(code: int, reason: str) -> Unavailable | Busy:
    """What an answer that is no file means for the next try."""
    return (Busy if code in WORTH_ANOTHER_TRY else Unavailable)(f"{code} {reason}")


# hears the status, the header Content-Range and the bytes of one answer
Arrived = Callable[[int, str, Iterable[bytes]], None]
Receive = Callable[[str, int, Arrived], None]


def bring(file: RemoteFile, folder: Path, received: Received, receive: Receive = receive) -> None:
    """Download a file to its place below the folder, going on from what an earlier try left.

    received may raise to stop; what came so far is kept. receive: how it is asked for. Raises
    DownloadError.
    """
    part = file.part(folder)
    part.parent.mkdir(parents=True, exist_ok=True)
    problems = []
    for url in file.urls:
        try:
            _bring_whole(url, file, part, received, receive)
        except Unavailable as problem:
            problems.append(f"{url}: {problem}")
        else:
            put(part, file.place(folder))
            return
    raise DownloadError(
        f"{file.path} cannot be downloaded ({'; '.join(problems)}). Try again later: it goes on "
        f"where it stopped. Or put the file at {file.place(folder)} by hand."
    )


def _bring_whole(
    url: str, file: RemoteFile, part: Path, received: Received, receive: Receive
) -> None:
    resumed = part.exists()
    _grow(url, file, part, received, receive)
    if resumed and not matches(part, file):  # what lay here may have been the fault
        part.unlink()
        _grow(url, file, part, received, receive)
    if not matches(part, file):
        part.unlink()
        raise Unavailable(f"what it sends is not the published file ({file.digest})")


def _grow(url: str, file: RemoteFile, part: Path, received: Received, receive: Receive) -> None:
    """Try until the part has the file's size, as long as tries bring something."""
    fruitless = 0
    if _size(part) > file.size:
        part.unlink()
    while (have := _size(part)) != file.size:
        problem = "it sent less than it promised"
        try:
            receive(url, have, partial(_append, file, part, have, received))
        except Busy as busy:
            problem = str(busy)
            if problem.startswith(f"{HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:d}"):
                part.unlink(missing_ok=True)
        except (OSError, HTTPException) as error:
            problem = str(getattr(error, "reason", "") or error) or type(error).__name__
        if _size(part) > file.size:
            part.unlink()
            raise Unavailable(f"it sends more than the {file.size} bytes of the published file")
        fruitless = 0 if _size(part) > have else fruitless + 1
        if fruitless > len(PAUSES_SECONDS):
            raise Unavailable(problem)
        if _size(part) != file.size:
            time.sleep(PAUSES_SECONDS[max(fruitless - 1, 0)])


def _append(
    file: RemoteFile,
    part: Path,
    have: int,
    received: Received,
    status: int,
    begins: str,
    chunks: Iterable[bytes],
) -> None:
    """One connection's worth of the file, appended to the part."""
    if status != HTTPStatus.PARTIAL_CONTENT:
        have = 0
    elif not begins.startswith(f"bytes {have}-"):
        raise ConnectionError("it went on from another place than it was asked to")
    # it grows over several tries, and gets its name when its digest is right
    with part.open("ab" if have else "wb", buffering=0) as output:
        received(have)
        for chunk in chunks:
            _write(output, chunk)
            have += len(chunk)
            received(min(have, file.size))
            if have > file.size:
                return


def _write(output: BinaryIO, chunk: bytes) -> None:
    rest = memoryview(chunk)
    try:
        while rest:
            rest = rest[output.write(rest) :]
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise DownloadError(
            f"The disk is full at {Path(output.name).parent}. Make room there and try again: "
            "the download goes on where it stopped."
        ) from error


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
