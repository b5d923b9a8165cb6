"""A server that keeps objects as S3 does, in memory: as much of it as pyarrow asks for."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import BinaryIO
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import uuid4
from xml.etree import ElementTree

BUCKET = "bucket"
EMPTY = b""


@dataclass
class Objects:
    """What the bucket holds."""

    port: int = 0
    kept: dict[str, tuple[bytes, datetime]] = field(default_factory=dict)
    unfinished: dict[str, dict[int, bytes]] = field(default_factory=dict)  # uploads in parts
    refused: bool = False  # whatever is written

    def address(self, folder: str) -> str:
        """folder: as an address has it, with %20 for a space."""
        there = f"endpoint_override=127.0.0.1:{self.port}&scheme=http&region=us-east-1"
        return f"s3://name:secret@{BUCKET}/{folder}?{there}"

    def put(self, key: str, content: bytes) -> None:
        self.kept[key] = content, datetime.now(UTC)


@contextmanager
def object_store() -> Iterator[Objects]:
    objects = Objects()

    class Handler(_Handler):
        def setup(self) -> None:
            self.objects = objects
            super().setup()

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        objects.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield objects
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    objects: Objects
    protocol_version = "HTTP/1.1"
    wbufsize = 2**16  # head and content in one piece: else each waits for the other's receipt
    disable_nagle_algorithm = True

    def handle_expect_100(self) -> bool:
        """Said at once: who sends waits a second for it."""
        goes_on = super().handle_expect_100()
        self.wfile.flush()
        return goes_on

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""

    def do_HEAD(self) -> None:
        key, _ = self._asked()
        if not key:
            self._say(200)
        elif key in self.objects.kept:
            self._say_object(key, EMPTY)
        else:
            self._say(404)

    def do_GET(self) -> None:
        key, asked = self._asked()
        if not key:
            self._say(200, self._listing(asked))
        elif key in self.objects.kept:
            self._say_object(key, self.objects.kept[key][0])
        else:
            self._say(404, b"<Error><Code>NoSuchKey</Code></Error>")

    def do_PUT(self) -> None:
        (key, asked), content = self._asked(), self._content()
        if self.objects.refused:
            self._say(403, b"<Error><Code>AccessDenied</Code></Error>")
            return
        if "uploadId" in asked:
            self.objects.unfinished[asked["uploadId"]][int(asked["partNumber"])] = content
        else:
            self.objects.put(key, content)
        self._say(200, headers={"ETag": '"1"'})

    def do_POST(self) -> None:
        (key, asked), content = self._asked(), self._content()
        if "delete" in asked:
            for name in ElementTree.fromstring(content).iter():
                if name.tag.endswith("Key"):
                    self.objects.kept.pop(name.text or "", None)
            self._say(200, b"<DeleteResult></DeleteResult>")
        elif "uploads" in asked:
            if self.objects.refused:
                self._say(403, b"<Error><Code>AccessDenied</Code></Error>")
                return
            number = uuid4().hex
            self.objects.unfinished[number] = {}
            told = f"<InitiateMultipartUploadResult><UploadId>{number}</UploadId>"
            self._say(200, f"{told}</InitiateMultipartUploadResult>".encode())
        else:
            parts = self.objects.unfinished.pop(asked["uploadId"])
            self.objects.put(key, b"".join(parts[number] for number in sorted(parts)))
            self._say(200, b"<CompleteMultipartUploadResult></CompleteMultipartUploadResult>")

    def do_DELETE(self) -> None:
        key, _ = self._asked()
        self.objects.kept.pop(key, None)
        self._say(204)

    def _asked(self) -> tuple[str, dict[str, str]]:
        """The key, "" for the bucket itself, and what is asked about it."""
        parts = urlsplit(self.path)
        asked = {name: value[0] for name, value in parse_qs(parts.query, True).items()}
        return unquote(parts.path).removeprefix(f"/{BUCKET}").lstrip("/"), asked

    def _content(self) -> bytes:
        """Of HTTP's chunks or of one, and of Amazon's chunks in it."""
        if self.headers.get("Transfer-Encoding") == "chunked":
            whole = b"".join(_chunks(self.rfile))
            self.rfile.readline()
        else:
            whole = self.rfile.read(int(self.headers["Content-Length"] or 0))
        is_chunked = "aws-chunked" in self.headers.get("Content-Encoding", "")
        return b"".join(_chunks(BytesIO(whole))) if is_chunked else whole

    def _listing(self, asked: dict[str, str]) -> bytes:
        prefix, apart = asked.get("prefix", ""), asked.get("delimiter", "")
        found, folders = [], set()
        for key, (content, time) in sorted(self.objects.kept.items()):
            rest = key.removeprefix(prefix)
            if not key.startswith(prefix):
                continue
            if apart and apart in rest:
                folders.add(prefix + rest.partition(apart)[0] + apart)
                continue
            when = time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            found.append(
                f"<Contents><Key>{key}</Key><LastModified>{when}</LastModified>"
                f"<Size>{len(content)}</Size></Contents>"
            )
        found += [f"<CommonPrefixes><Prefix>{f}</Prefix></CommonPrefixes>" for f in sorted(folders)]
        most = int(asked.get("max-keys", 1000))
        count = len(found)
        told = f"<KeyCount>{min(count, most)}</KeyCount><IsTruncated>false</IsTruncated>"
        return f"<ListBucketResult>{told}{''.join(found[:most])}</ListBucketResult>".encode()

    def _say_object(self, key: str, content: bytes) -> None:
        whole, time = self.objects.kept[key]
        headers = {"Last-Modified": format_datetime(time, usegmt=True), "ETag": '"1"'}
        span = self.headers.get("Range")
        if span and content:
            first, _, last = span.removeprefix("bytes=").partition("-")
            end = min(int(last), len(whole) - 1) + 1 if last else len(whole)
            content = whole[int(first) : end]
            headers["Content-Range"] = f"bytes {first}-{end - 1}/{len(whole)}"
            self._say(206, content, headers)
            return
        self._say(200, content, headers | {"Content-Length": str(len(whole))})

    def _say(
        self, code: int, content: bytes = EMPTY, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(code)
        for name, value in ({"Content-Length": str(len(content))} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    while length := int(stream.readline().strip().partition(b";")[0], 16):
        yield stream.read(length)
        stream.readline()
