"""A trace as a folder that can be kept, sent and opened again, bit for bit.

    trace.safetensors   every array: attention.*, states.*, tokens.*, regions.*, norms.*
    trace.json          everything else: words, names, answers, settings, hashes, versions
    picture.png         the upright picture, encoded anew, so that no metadata is in it

The same three files in a zip are read as well.
"""

import json
import platform
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from importlib import metadata
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from lxmert_viz.errors import ARCHIVE_ERRORS, PictureError, TraceError
from lxmert_viz.forms import check_words
from lxmert_viz.kept_form import check_arrays
from lxmert_viz.picture import as_png, decode
from lxmert_viz.records import FAMILIES, Answer, LeftOut, Regions, Tokens, Trace
from lxmert_viz.whole_files import write_together

ARRAYS, WORDS, PICTURE = FILES = ("trace.safetensors", "trace.json", "picture.png")
FORMAT = 1
MAX_BYTES = 500_000_000  # of one file; a full-size trace has about 5 million
STATES = ("lang", "vision", "lang_cross", "vision_cross", "pooled")
VERSIONED = ("numpy", "torch", "tokenizers", "safetensors")


@dataclass(frozen=True, slots=True)
class KeptTrace:
    trace: Trace
    picture: bytes  # PNG
    norms: dict[str, np.ndarray]  # family -> (L, H, K); empty where they were not kept
    settings: dict[str, Any]  # how the trace was made, as the writer said it
    digest: str  # of the checkpoint, as Pipeline.digest; "" where the writer did not say it
    versions: dict[str, str]  # what made it


def save(
    folder: Path,
    trace: Trace,
    picture: bytes,
    *,
    norms: Mapping[str, np.ndarray] | None = None,
    settings: Mapping[str, Any] | None = None,
    digest: str = "",
) -> None:
    """Write the folder's three files. picture: encoded as it was given. Raises PictureError.

    digest: of the checkpoint.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_together(folder, files_of(trace, picture, norms or {}, settings or {}, digest))


def as_zip(files: Mapping[str, bytes]) -> bytes:
    written = BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return written.getvalue()


def files_of(
    trace: Trace,
    picture: bytes,
    norms: Mapping[str, np.ndarray],
    settings: Mapping[str, Any],
    digest: str,
) -> dict[str, bytes]:
    arrays = _grouped("attention", trace.attention) | _grouped("states", trace.states)
    arrays |= _grouped("norms", norms)
    arrays |= _grouped("tokens", _arrays_of(trace.tokens))
    arrays |= _grouped("regions", _arrays_of(trace.regions))
    others = trace.regions.left_out
    if others is not None:
        arrays |= _grouped("left_out", _arrays_of(others))
    words = {
        "format": FORMAT,
        "model": trace.model,
        "tokens": _words_of(trace.tokens),
        "regions": _words_of(replace(trace.regions, left_out=None)),
        "left_out": others and _words_of(others),
        "answers": list(trace.answers),
        "answer_kind": trace.answer_kind,
        "match": trace.match,
        "notes": trace.notes,
        "settings": dict(settings),
        "digest": digest,
        "versions": versions(),
    }
    return {
        ARRAYS: safetensors.numpy.save(arrays),
        WORDS: json.dumps(words, ensure_ascii=False, indent=1).encode(),
        PICTURE: as_png(picture),
    }


def read(source: Path | bytes, inside: str = "") -> KeptTrace:
    """A folder, a zip, or a zip's bytes. Raises TraceError for anything else.

    inside: "other/" for what it was compared with, where the page kept that too.
    """
    files = _files(source, inside)
    try:
        arrays = safetensors.numpy.load(files[ARRAYS])
        words = json.loads(files[WORDS])
    except (safetensors.SafetensorError, ValueError, KeyError, RecursionError) as error:
        # KeyError: an array of a kind that numpy lacks
        raise TraceError(f"This saved analysis is damaged ({error}); save it again.") from error
    if not isinstance(words, dict) or words.get("format") != FORMAT:
        found = words.get("format") if isinstance(words, dict) else None
        raise TraceError(
            f"This saved analysis has the format {found!r} and this version reads {FORMAT}: "
            "open it with the version that trace.json names."
        )
    try:
        kept = _kept(arrays, words, files[PICTURE])
        _check(kept, arrays)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise TraceError(
            f"This saved analysis is not complete ({error!r}); save it again."
        ) from error
    except PictureError as error:
        raise TraceError(f"This saved analysis has no picture. {error}") from error
    return kept


def versions() -> dict[str, str]:
    found = {name: metadata.version(name) for name in VERSIONED}
    return {"python": platform.python_version(), **found}


def _grouped(group: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {f"{group}.{name}": np.ascontiguousarray(array) for name, array in arrays.items()}


def _arrays_of(record: Tokens | Regions | LeftOut) -> dict[str, np.ndarray]:
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}


def _words_of(record: Tokens | Regions | LeftOut) -> dict[str, Any]:
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    return {name: value for name, value in values.items() if not isinstance(value, np.ndarray)}


def names_in(zipped: bytes) -> list[str]:
    """Raises TraceError for what is no zip."""
    with _archive(zipped) as archive:
        return archive.namelist()


def content_of(zipped: bytes, name: str) -> bytes:
    """One file of a zip. Raises TraceError for one that is damaged or too large."""
    with _archive(zipped) as archive:
        return _unpacked(archive, name)


@contextmanager
def _archive(source: Path | bytes) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(BytesIO(source) if isinstance(source, bytes) else source) as archive:
            yield archive
    except (*ARCHIVE_ERRORS, KeyError) as error:
        raise TraceError(
            f"This is no saved analysis: a folder or a zip with {', '.join(FILES)} is one."
        ) from error


def _files(source: Path | bytes, inside: str) -> dict[str, bytes]:
    if isinstance(source, Path) and source.is_dir():
        source = source / inside
        missing = [name for name in FILES if not (source / name).is_file()]
        if missing:
            raise TraceError(f"{source} lacks {', '.join(missing)}; it is no saved analysis.")
        return {name: (source / name).read_bytes() for name in FILES}
    with _archive(source) as archive:
        return {name: _unpacked(archive, f"{inside}{name}") for name in FILES}


def _unpacked(archive: zipfile.ZipFile, name: str) -> bytes:
    """Only as much as fits; what a zip says of its sizes is not believed."""
    with archive.open(name) as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise TraceError(f"{name} in this zip has more than {MAX_BYTES:,} bytes.")
    return content


def _kept(arrays: dict[str, np.ndarray], words: dict[str, Any], picture: bytes) -> KeptTrace:
    groups: dict[str, dict[str, np.ndarray]] = {}
    for name, array in arrays.items():
        group, _, own = name.partition(".")
        groups.setdefault(group, {})[own] = array
    others = None
    if words["left_out"] is not None:
        others = LeftOut(**_frozen(words["left_out"]), **groups["left_out"])
    trace = Trace(
        model=words["model"],
        tokens=Tokens(**_frozen(words["tokens"]), **groups["tokens"]),
        regions=replace(Regions(**_frozen(words["regions"]), **groups["regions"]), left_out=others),
        attention={family: groups["attention"][family] for family in FAMILIES},
        states={name: groups["states"][name] for name in STATES},
        answers=tuple(Answer(text, float(share)) for text, share in words["answers"]),
        answer_kind=words["answer_kind"],
        match=None if words["match"] is None else float(words["match"]),
        notes=tuple(words["notes"]),
    )
    norms = groups.get("norms", {})
    settings, versions = (dict(words[name]) for name in ("settings", "versions"))
    digest = words.get("digest", "")  # earlier versions named files of weights instead
    return KeptTrace(trace, picture, norms, settings, digest, versions)


def _frozen(values: dict[str, Any]) -> dict[str, Any]:
    """Lists of JSON as the tuples that they were."""
    return {
        name: tuple(tuple(v) if isinstance(v, list) else v for v in value)
        if isinstance(value, list)
        else value
        for name, value in values.items()
    }


def _check(kept: KeptTrace, arrays: Mapping[str, np.ndarray]) -> None:
    """Raises ValueError where words, regions and maps are not what they should be."""
    trace = kept.trace
    tokens, regions, others = trace.tokens, trace.regions, trace.regions.left_out
    for record in (tokens, regions, trace, kept, *trace.answers, *((others,) if others else ())):
        check_words(record)
    check_arrays(arrays, len(tokens.pieces), len(regions.names))
    regions.checked()
    if not len(tokens.pieces) == len(tokens.offsets) == len(tokens.word_ids):
        raise ValueError("word pieces, offsets and words are not equally many")
    if others and not len(others.names) == len(others.reasons) == len(others.scores):
        raise ValueError("names and reasons of what was left out are not equally many")
    shares = [share for _, share in trace.answers]
    if not all(0 <= share <= 1 for share in (*shares, trace.match or 0.0)):
        raise ValueError("a probability is not between 0 and 1")
    decode(kept.picture)
