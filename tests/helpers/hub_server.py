"""A small web server on this machine that speaks the hub's protocol, and can misbehave."""

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from huggingface_hub import constants

from lxmert_viz.checkpoints import download, fetching, known
from lxmert_viz.checkpoints.download import RemoteFile

COMMIT = "0123456789abcdef0123456789abcdef01234567"
REPOSITORY = "unc-nlp/lxmert-vqa-uncased"
DETECTOR = ("objects.txt", "attributes.txt", "config.json", "model.safetensors")
LARGE = 20_000  # bytes; larger files are sent on to another address, as the hub does


@dataclass
class Hub:
    """Files by address, requests as they came, and how often which address breaks."""

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    requests: list[tuple[str, str, str]] = field(default_factory=list)  # method, path, range
    drops: dict[str, list[int]] = field(default_factory=dict)  # path: bytes sent before each break
    answers: dict[str, list[int]] = field(default_factory=dict)  # path: status codes to give first
    moved: dict[str, str] = field(default_factory=dict)
    no_ranges: bool = False
    slow_seconds: float = 0.0  # between pieces
    piece: int = 4096  # bytes
    rests: dict[str, int] = field(default_factory=dict)  # path: bytes sent before it waits
    go_on: threading.Event = field(default_factory=threading.Event)
    tells_digests: bool = True
    told: list[tuple[str, str]] = field(default_factory=list)  # path, token that came along
    tokens: dict[str, str] = field(default_factory=dict)  # private repository -> its token
    gated: set[str] = field(default_factory=set)  # repositories whose terms nobody accepted

    def hold(self, repository: str, name: str, content: bytes) -> None:
        """A file of a repository, on main and in its commit."""
        for revision in ("main", COMMIT):
            self.files[f"/{repository}/resolve/{revision}/{name}"] = content

    def asked(self, ending: str, method: str = "GET") -> list[str]:
        """The ranges that were asked of addresses with this ending; "" is a whole file."""
        return [r for m, path, r in self.requests if m == method and path.endswith(ending)]


def digests(content: bytes) -> tuple[str, str]:
    """sha256, and the name among git's objects."""
    git = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    return hashlib.sha256(content).hexdigest(), git


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

        def do_HEAD(self) -> None:
            self._answer()

        def do_GET(self) -> None:
            self._answer()

        def _answer(self) -> None:
            asked = self.headers.get("Range", "")
            self.path = self.path.removeprefix("http://hub.invalid")  # as a proxy is asked
            hub.requests.append((self.command, self.path, asked))
            hub.told.append((self.path, self.headers.get("Authorization", "")))
            codes = hub.answers.get(self.path, [])
            if codes:
                return self._empty(codes.pop(0))
            if refused := self._refusal():
                return self._empty(*refused)
            if self.path in hub.moved:
                return self._empty(307, {"Location": hub.moved[self.path]})
            stored = self.path.removeprefix("/elsewhere")
            if stored not in hub.files:
                return self._empty(404, {"X-Error-Code": "EntryNotFound"})
            content = hub.files[stored]
            facts = self._facts(content) if "/resolve/" in self.path else {}
            if stored == self.path and "/resolve/" in stored and len(content) > LARGE:
                return self._empty(302, facts | {"Location": f"/elsewhere{self.path}"})
            self._send(content, facts, int(asked.removeprefix("bytes=").rstrip("-") or 0))

        def _refusal(self) -> tuple[int, dict[str, str]] | None:
            """As the hub answers for repositories that are not the asker's to read."""
            repository = "/".join(self.path.split("/")[1:3])
            if repository in hub.gated:
                return 403, {"X-Error-Code": "GatedRepo"}
            wanted = hub.tokens.get(repository)
            if wanted is None or self.headers.get("Authorization") == f"Bearer {wanted}":
                return None
            return 401, {"X-Error-Code": "RepoNotFound"}

        def _facts(self, content: bytes) -> dict[str, str]:
            sha256, git = digests(content)
            facts = {"X-Repo-Commit": COMMIT, "ETag": '"opaque"'}
            if hub.tells_digests and len(content) > LARGE:
                facts |= {"X-Linked-Etag": f'"{sha256}"', "X-Linked-Size": str(len(content))}
            elif hub.tells_digests:
                facts["ETag"] = f'W/"{git}"'
            return facts

        def _empty(self, code: int, headers: dict[str, str] | None = None) -> None:
            self.send_response(code)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _send(self, content: bytes, headers: dict[str, str], start: int) -> None:
            if hub.no_ranges:
                start = 0
            self.send_response(206 if start else 200)
            for name, value in headers.items():
                self.send_header(name, value)
            if start:
                place = f"bytes {start}-{len(content) - 1}/{len(content)}"
                self.send_header("Content-Range", place)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            if self.command == "GET":
                self._write(content[start:])

        def _write(self, content: bytes) -> None:
            breaks = hub.drops.get(self.path.removeprefix("/elsewhere"), [])
            end = breaks.pop(0) if breaks else len(content)
            step = hub.piece if hub.slow_seconds else len(content) or 1
            if first := hub.rests.pop(self.path, 0):
                self.wfile.write(content[:first])
                self.wfile.flush()
                hub.go_on.wait()
            for place in range(first, min(end, len(content)), step):
                self.wfile.write(content[place : min(place + step, end)])
                self.wfile.flush()
                time.sleep(hub.slow_seconds)
            if end < len(content):
                self.close_connection = True

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Clients that hang up are part of the tests."""


@contextmanager
def serving() -> Iterator[Hub]:
    hub = Hub()
    server = _Server(("127.0.0.1", 0), _handler(hub))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    hub.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def publish(hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    """A tiny checkpoint as if it were lxmert-vqa: half on the hub, half elsewhere.

    cache: in place of the person's own hub cache.
    """
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(cache / "token"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr(download, "PAUSES_SECONDS", (0.0, 0.0))
    monkeypatch.setattr(fetching, "FEATURES", 64)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("HF_ENDPOINT", hub.address)
    for name in ("config.json", "vocab.txt"):
        hub.hold(REPOSITORY, name, (folder / name).read_bytes())
    hub.hold(REPOSITORY, "pytorch_model.bin", (folder / "model.safetensors").read_bytes())
    parts = [_elsewhere(hub, folder, f"detector/{name}") for name in DETECTOR]
    for module in (known, fetching):
        monkeypatch.setattr(module, "DETECTOR_FILES", tuple(parts))
    answers = _elsewhere(hub, folder, "answers.json", needed=False)
    count = len(json.loads((folder / "answers.json").read_text()))
    monkeypatch.setitem(known.ANSWER_LISTS, count, answers)


def _elsewhere(hub: Hub, folder: Path, path: str, needed: bool = True) -> RemoteFile:
    content = (folder / path).read_bytes()
    hub.files[f"/raw/{path}"] = content
    url = f"{hub.address}/raw/{path}"
    return RemoteFile(path, (url,), len(content), f"sha256:{digests(content)[0]}", needed)
