"""What the Hugging Face hub, or a mirror of it, says of the files of a repository."""

import os
import re
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage
from urllib.parse import quote, urljoin, urlsplit

from lxmert_viz.checkpoints.download import AGENT, RemoteFile, open_web
from lxmert_viz.errors import DownloadError

HUB = "https://huggingface.co"
PART = r"[A-Za-z0-9](?:[A-Za-z0-9_]|[-.](?![-.])){0,95}"
REPOSITORY = re.compile(rf"{PART}/{PART}")
DIGESTS = {40: "git", 64: "sha256"}  # by the number of hex digits
HOPS = 5


@dataclass(frozen=True, slots=True)
class Listed:
    """A file of a repository, as it stands in one commit."""

    file: RemoteFile
    commit: str


class _Stay(urllib.request.HTTPRedirectHandler):
    """Redirects tell about the file; where they lead does not."""

    def redirect_request(self, *_: object) -> None:
        return None


def is_repository(name: str) -> bool:
    return REPOSITORY.fullmatch(name) is not None


def endpoint() -> str:
    """The hub, or the mirror that HF_ENDPOINT names. Raises DownloadError."""
    address = (os.environ.get("HF_ENDPOINT") or HUB).rstrip("/")
    if not re.fullmatch(r"https?://[^\s?#]+", address):
        raise DownloadError(f"HF_ENDPOINT is {address!r}; it should look like {HUB}.")
    return address


def look_up(repository: str, name: str, revision: str = "main") -> Listed | None:
    """Size and digest of a repository's file; None where it has no such file.

    Raises DownloadError when there is no such repository, or no answer.
    """
    if not is_repository(repository):
        raise DownloadError(f"{repository!r} is not a repository's name; it looks like owner/name.")
    url = f"{endpoint()}/{repository}/resolve/{quote(revision, safe='')}/{quote(name)}"
    headers = _headers(url, repository)
    if headers is None:
        return None
    digest = (headers.get("X-Linked-Etag") or headers.get("ETag") or "").removeprefix("W/")
    digest = digest.strip('"').lower()
    size = headers.get("X-Linked-Size") or headers.get("Content-Length") or ""
    if not re.fullmatch("[0-9a-f]+", digest) or len(digest) not in DIGESTS or not size.isdigit():
        raise DownloadError(
            f"{url} tells no size and hash of the file, so that what it sends cannot be checked. "
            "Use another mirror as HF_ENDPOINT, or none."
        )
    commit = headers.get("X-Repo-Commit", "")
    fixed = commit if re.fullmatch("[0-9a-f]{40}", commit) else revision
    pinned = f"{endpoint()}/{repository}/resolve/{quote(fixed, safe='')}/{quote(name)}"
    return Listed(RemoteFile(name, (pinned,), int(size), f"{DIGESTS[len(digest)]}:{digest}"), fixed)


def _headers(url: str, repository: str) -> HTTPMessage | None:
    """What the hub itself says of a file, before it sends the asker on to where the file lies."""
    for _ in range(HOPS):
        request = urllib.request.Request(url, headers=AGENT, method="HEAD")
        try:
            with open_web(request, _Stay) as response:
                return response.headers
        except urllib.error.HTTPError as error:
            moved = error.headers.get("Location", "") if 300 <= error.code < 400 else ""
            if not moved:
                return _absent(error, url, repository)
            following = urljoin(url, moved)
            if error.headers.get("X-Linked-Etag") or urlsplit(following)[:2] != urlsplit(url)[:2]:
                return error.headers
            url = following  # the repository was renamed
        except (OSError, HTTPException) as error:
            raise DownloadError(
                f"{url} does not answer ({getattr(error, 'reason', error)}). Is there a network? "
                "HF_ENDPOINT can name a mirror of the hub."
            ) from error
    raise DownloadError(f"{url} leads from one address to the next without end.")


def _absent(error: urllib.error.HTTPError, url: str, repository: str) -> None:
    """None for a file that the repository lacks. Raises DownloadError for anything else."""
    if error.code == 404 and error.headers.get("X-Error-Code") in (None, "EntryNotFound"):
        return
    if error.code in (401, 403, 404):
        raise DownloadError(
            f"There is no public repository {repository} at {endpoint()} ({error.code}). "
            "Private and gated ones must be downloaded by hand."
        ) from error
    raise DownloadError(f"{url} answers {error.code} {error.reason}; try again later.") from error
