"""A kept trace comes back bit for bit, and what is no kept trace is one sentence."""

import json
import zipfile
from dataclasses import fields, replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lxmert_viz import traces
from lxmert_viz.errors import TraceError
from lxmert_viz.experiments.heads import value_norms
from lxmert_viz.picture import as_png, decode
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import LeftOut, Regions, Tokens, Trace


@pytest.fixture(scope="module")
def trace(tiny_pipeline: Pipeline, photograph: bytes) -> Trace:
    return tiny_pipeline.ask(tiny_pipeline.look(photograph), "what color is the strange cube?")


@pytest.fixture
def folder(tmp_path: Path, trace: Trace, photograph: bytes, tiny_pipeline: Pipeline) -> Path:
    norms = value_norms(tiny_pipeline.network, trace)
    traces.save(
        tmp_path / "kept", trace, photograph, norms=norms, settings={"profile": "trained"},
        digest=tiny_pipeline.digest,
    )  # fmt: skip
    return tmp_path / "kept"


Record = Tokens | Regions | LeftOut


def same(one: Record, other: Record) -> bool:
    pairs = [(getattr(one, f.name), getattr(other, f.name)) for f in fields(one)]
    return all(
        a.dtype == b.dtype and np.array_equal(a, b)
        if isinstance(a, np.ndarray)
        else same(a, b)
        if isinstance(a, LeftOut)
        else a == b
        for a, b in pairs
    )


def zipped(files: dict[str, bytes]) -> bytes:
    return traces.as_zip(files)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("packed", [False, True])
def test_everything_comes_back_bit_for_bit(
    folder: Path, trace: Trace, tiny_pipeline: Pipeline, packed: bool
) -> None:
    kept = traces.read(zipped(contents(folder)) if packed else folder)
    found = kept.trace
    assert same(found.tokens, trace.tokens)
    assert same(found.regions, trace.regions)
    for name in ("attention", "states"):
        before, after = getattr(trace, name), getattr(found, name)
        assert set(after) == set(before)
        assert all(np.array_equal(after[key], before[key]) for key in before)
        assert all(after[key].dtype == np.float32 for key in before)
    assert (found.answers, found.match) == (trace.answers, trace.match)
    assert (found.model, found.answer_kind, found.notes) == (trace.model, "softmax", trace.notes)
    norms = value_norms(tiny_pipeline.network, trace)
    assert all(np.array_equal(kept.norms[name], norms[name]) for name in norms)
    assert kept.settings == {"profile": "trained"}
    assert kept.digest == tiny_pipeline.digest
    assert kept.versions["numpy"] == np.__version__


def test_the_picture_asked_again_gives_the_same_numbers(
    folder: Path, trace: Trace, tiny_pipeline: Pipeline
) -> None:
    kept = traces.read(folder)
    again = tiny_pipeline.ask(tiny_pipeline.look(kept.picture), kept.trace.tokens.text)
    assert np.array_equal(again.regions.feats, trace.regions.feats)
    assert np.array_equal(again.states["pooled"], trace.states["pooled"])


def test_the_picture_has_no_metadata() -> None:
    written = BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "A camera of mine"
    exif[0x0112] = 6
    Image.new("RGB", (30, 20), "red").save(written, "JPEG", exif=exif, comment=b"at home")
    clean = as_png(written.getvalue())
    assert b"camera" not in clean
    assert b"home" not in clean
    with Image.open(BytesIO(clean)) as image:
        assert not image.info
        assert image.size == (20, 30)  # upright already
    assert np.array_equal(np.asarray(decode(clean)), np.asarray(decode(written.getvalue())))


def test_a_trace_without_a_matching_head_or_regions_is_kept_too(
    tmp_path: Path, tiny_pipeline: Pipeline, trace: Trace, photograph: bytes
) -> None:
    none = {
        field.name: getattr(trace.regions, field.name)[:0]
        for field in fields(Regions)
        if field.name not in ("size_px", "digest", "profile", "detector", "missing", "left_out")
    }
    empty = tiny_pipeline.ask(replace(trace.regions, **none), "red")
    traces.save(tmp_path, replace(empty, match=None, answers=(), answer_kind=""), photograph)
    found = traces.read(tmp_path).trace
    assert (found.match, found.answers, len(found.regions)) == (None, (), 0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"trace.json": b"{"}, "damaged"),
        ({"trace.json": b'{"format": 7}'}, "has the format 7"),
        ({"trace.json": b"[]"}, "has the format None"),
        ({"trace.safetensors": b"nothing"}, "damaged"),
        ({"picture.png": b"no picture"}, "has no picture"),
    ],
)
def test_a_damaged_file_is_one_sentence(folder: Path, change: dict[str, bytes], said: str) -> None:
    with pytest.raises(TraceError, match=said):
        traces.read(zipped(contents(folder) | change))


def test_words_and_maps_must_belong_together(folder: Path) -> None:
    files = contents(folder)
    words = json.loads(files["trace.json"])
    words["tokens"]["pieces"].append("more")
    with pytest.raises(TraceError, match="not complete.*tokens.ids has the shape"):
        traces.read(zipped(files | {"trace.json": json.dumps(words).encode()}))
    words["tokens"]["pieces"].pop()
    words["answers"] = [["red", "much"]]
    with pytest.raises(TraceError, match="not complete"):
        traces.read(zipped(files | {"trace.json": json.dumps(words).encode()}))
    del words["answers"]
    with pytest.raises(TraceError, match="not complete"):
        traces.read(zipped(files | {"trace.json": json.dumps(words).encode()}))


def test_anything_else_is_refused(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(TraceError, match="lacks trace.safetensors"):
        traces.read(tmp_path)
    with pytest.raises(TraceError, match="no saved analysis"):
        traces.read(b"PK no zip")
    other = BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("../trace.json", "{}")
    with pytest.raises(TraceError, match="no saved analysis"):
        traces.read(other.getvalue())


@pytest.mark.parametrize("packing", (zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA))
def test_a_zip_that_is_damaged_inside_is_refused(folder: Path, packing: int) -> None:
    other = BytesIO()
    with zipfile.ZipFile(other, "w", packing) as archive:
        for name, content in contents(folder).items():
            archive.writestr(name, content)
    content = other.getvalue()
    for start in range(60, 2000, 97):
        with pytest.raises(TraceError, match="no saved analysis"):
            traces.read(content[:start] + bytes([255] * 8) + content[start + 8 :])


def test_a_zip_that_grows_too_large_is_not_unpacked(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traces, "MAX_BYTES", 1000)
    with pytest.raises(TraceError, match="more than 1,000 bytes"):
        traces.read(zipped(contents(folder)))


def test_regions_with_numbers_that_are_none_are_not_opened(
    tmp_path: Path, trace: Trace, photograph: bytes
) -> None:
    feats = np.full_like(trace.regions.feats, np.nan)
    for changed, sentence in (
        ({"feats": feats}, "are not finite"),
        ({"boxes_unit": trace.regions.boxes_unit * 300}, "a box is x0, y0, x1, y1 in 0..1"),
    ):
        traces.save(tmp_path, replace(trace, regions=replace(trace.regions, **changed)), photograph)
        with pytest.raises(TraceError, match=sentence):
            traces.read(tmp_path)
    states = trace.states | {"lang": np.full_like(trace.states["lang"], np.inf)}
    traces.save(tmp_path, replace(trace, states=states), photograph)
    with pytest.raises(TraceError, match="lang are not finite"):
        traces.read(tmp_path)
