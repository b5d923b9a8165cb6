"""The Hugging Face hub, or a mirror of it, through huggingface_hub.

Its tokens (HF_TOKEN, `hf auth login`), proxies and cache (HF_HOME) are the person's.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from lxmert_viz.checkpoints.download import (
    STALLED_SECONDS,
    Arrived,
    RemoteFile,
    check_online,
    refusal,
)
from lxmert_viz.checkpoints.weight_files import (
    INDEX_ENDING,
    WEIGHT_FILES,
    parts_of,
    snapshot,
    weight_files,
)
from lxmert_viz.config import read_json
from lxmert_viz.errors import DownloadError

HUB = "https://huggingface.co"
PART = r"[A-Za-z0-9](?:[A-Za-z0-9_]|[-.](?![-.])){0,95}"
REPOSITORY = re.compile(rf"{PART}/{PART}")
DIGESTS = {40: "git", 64: "sha256"}  # by the number of hex digits
LOG_IN = "log in with `hf auth login`, or set HF_TOKEN to a token that may read it"


@dataclass(frozen=True, slots=True)
class Listed:
    """A file of a repository, as it stands in one commit."""

    file: RemoteFile
    commit: str


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
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    if not is_repository(repository):
        raise DownloadError(f"{repository!r} is not a repository's name; it looks like owner/name.")
    url = hf_hub_url(repository, name, revision=revision, endpoint=endpoint())
    check_online(url)
    try:
        with _in_words(repository):
            facts = get_hf_file_metadata(url)
    except _Absent:
        return None
    digest = (facts.etag or "").lower()
    if not re.fullmatch("[0-9a-f]+", digest) or len(digest) not in DIGESTS or facts.size is None:
        raise DownloadError(
            f"{url} tells no size and hash of the file, so that what it sends cannot be checked. "
            "Use another mirror as HF_ENDPOINT, or none."
        )
    fixed = facts.commit_hash or revision
    pinned = hf_hub_url(repository, name, revision=fixed, endpoint=endpoint())
    digest = f"{DIGESTS[len(digest)]}:{digest}"
    file = RemoteFile(name, (pinned,), facts.size, digest, repository=repository, commit=fixed)
    return Listed(file, fixed)


def receive(url: str, have: int, arrived: Arrived) -> None:
    """As download.receive, with the person's token and proxies.

    Files that the hub keeps in Xet storage come over its bridge to the web: its own client can
    neither be stopped nor go on with what an earlier try left.
    """
    import httpx2
    from huggingface_hub.utils import build_hf_headers, get_session

    check_online(url)
    headers = build_hf_headers(library_name="lxmert-viz") | {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    asked = {"headers": headers, "timeout": STALLED_SECONDS, "follow_redirects": True}
    try:
        with get_session().stream("GET", url, **asked) as response:
            if response.is_error:
                raise refusal(response.status_code, response.reason_phrase)
            begins = response.headers.get("Content-Range", "")
            arrived(response.status_code, begins, response.iter_bytes())
    except httpx2.HTTPError as error:
        raise ConnectionError(str(error) or type(error).__name__) from error


def kept_file(file: RemoteFile) -> Path | None:
    """Where the person's cache has a file of the hub already; None where it has not."""
    from huggingface_hub import try_to_load_from_cache

    if not file.repository:
        return None
    found = try_to_load_from_cache(file.repository, file.path, revision=file.commit)
    return Path(found).resolve() if isinstance(found, str) else None


def kept_folder(repository: str) -> Path | None:
    """What the person's cache has of a repository's main branch; None where it has nothing."""
    from huggingface_hub import constants

    folder = Path(constants.HF_HUB_CACHE) / f"models--{repository.replace('/', '--')}"
    return snapshot(folder) if folder.is_dir() else None


def weights_of(repository: str) -> Path:
    """A repository's config.json and weights in the person's cache, brought there if need be.

    Returns their folder. Raises DownloadError where the repository or its weights are not there.
    """
    kept = kept_folder(repository)
    if kept and any(not path.name.endswith(INDEX_ENDING) for path in weight_files(kept)):
        return kept
    _bring(repository, "config.json")
    for name in WEIGHT_FILES:
        found = _bring(repository, name)
        if found is None:
            continue
        if name.endswith(INDEX_ENDING):
            for part in parts_of(read_json(found), str(found)):
                if _bring(repository, part) is None:
                    raise DownloadError(f"{repository} lacks {part}, which its {name} names.")
        return found.parent
    raise DownloadError(f"{repository} holds none of {', '.join(WEIGHT_FILES)}.")


def files_of(repository: str, names: tuple[str, ...]) -> Path:
    """Those of the files that a repository has, as weights_of. Raises DownloadError without any."""
    kept = kept_folder(repository)
    if kept and any((kept / name).is_file() for name in names):
        return kept
    found = [path for path in (_bring(repository, name) for name in names) if path]
    if not found:
        raise DownloadError(f"{repository} holds none of {', '.join(names)}.")
    return found[0].parent


def _bring(repository: str, name: str) -> Path | None:
    """A file in the person's cache; None where the repository has no such file."""
    from huggingface_hub import hf_hub_download

    if look_up(repository, name) is None:  # tells at once that there is no network
        return None
    with _in_words(repository):
        return Path(hf_hub_download(repository, name, endpoint=endpoint()))


class _Absent(Exception):
    """A repository has no such file."""


@contextmanager
def _in_words(repository: str) -> Iterator[None]:
    """What went wrong at the hub as a DownloadError, or as _Absent."""
    import httpx2
    from huggingface_hub import errors

    place = f"{repository} at {endpoint()}"
    try:
        yield
    except errors.GatedRepoError as error:
        raise DownloadError(
            f"{place} is gated: accept its terms on its page there, then {LOG_IN}."
        ) from error
    except errors.HfHubHTTPError as error:
        answer = error.response
        unknown = isinstance(error, errors.RepositoryNotFoundError)
        if unknown or answer.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise DownloadError(f"There is no {place}, or it is private: {LOG_IN}.") from error
        if answer.status_code == HTTPStatus.NOT_FOUND:
            raise _Absent from error
        raise DownloadError(
            f"{answer.url} answers {answer.status_code} {answer.reason_phrase}; try again later."
        ) from error
    except (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled, httpx2.HTTPError) as error:
        check_online(place)
        raise DownloadError(
            f"{place} does not answer ({error}). Is there a network? "
            "HF_ENDPOINT can name a mirror of the hub."
        ) from error
