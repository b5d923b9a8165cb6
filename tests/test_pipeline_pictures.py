"""From a file's bytes to regions: what a person may upload, and what they get for it."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lxmert_viz.__main__ import main
from lxmert_viz.errors import PictureError
from lxmert_viz.picture import decode
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions

QUESTION = "what color is the large cube?"


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def same_regions(one: Regions, other: Regions) -> bool:
    return (
        np.array_equal(one.boxes_unit, other.boxes_unit)
        and np.array_equal(one.feats, other.feats)
        and one.names == other.names
        and one.size_px == other.size_px
    )


@pytest.fixture(scope="module")
def upright(photograph: bytes) -> Image.Image:
    return decode(photograph)


def test_another_picture_has_other_regions(
    tiny_pipeline: Pipeline, photograph: bytes, upright: Image.Image
) -> None:
    mirrored = saved(upright.transpose(Image.Transpose.FLIP_LEFT_RIGHT), "PNG")
    assert not same_regions(tiny_pipeline.look(mirrored), tiny_pipeline.look(photograph))


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(lambda image: saved(image.resize((1, 1)), "PNG"), id="1 x 1"),
        pytest.param(lambda image: saved(image.resize((4000, 20)), "PNG"), id="very wide"),
        pytest.param(lambda image: saved(image.resize((20, 4000)), "PNG"), id="very tall"),
        pytest.param(lambda image: saved(image.convert("CMYK"), "JPEG"), id="CMYK"),
        pytest.param(lambda image: saved(image.quantize(8), "PNG", transparency=0), id="palette"),
        pytest.param(
            lambda image: saved(
                image, "GIF", save_all=True, append_images=[image.rotate(90)], loop=0
            ),
            id="animated",
        ),
    ],
)
def test_unusual_pictures_can_be_asked_about(
    tiny_pipeline: Pipeline, upright: Image.Image, picture: object
) -> None:
    regions = tiny_pipeline.look(picture(upright))
    trace = tiny_pipeline.ask(regions, QUESTION)
    assert regions.size_px == decode(picture(upright)).size
    assert np.isfinite(regions.feats).all()
    assert ((regions.boxes_unit >= 0) & (regions.boxes_unit <= 1)).all()
    assert sum(answer.probability for answer in trace.answers) == pytest.approx(1, abs=1e-5)


def bomb() -> bytes:
    """A PNG of a few bytes that claims 30,000 x 30,000 pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + header
        + struct.pack(">I", zlib.crc32(header))
    )


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda picture: b"", id="empty"),
        pytest.param(lambda picture: b"What is this?", id="text"),
        pytest.param(lambda picture: picture[: len(picture) // 2], id="cut short"),
        pytest.param(lambda picture: bomb(), id="bomb"),
    ],
)
def test_what_cannot_be_a_picture_ends_in_one_sentence(
    tiny_pipeline: Pipeline,
    tiny_folder: Path,
    tmp_path: Path,
    photograph: bytes,
    spoil: object,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(PictureError):
        tiny_pipeline.look(spoil(photograph))
    path = tmp_path / "upload.jpg"
    path.write_bytes(spoil(photograph))
    assert main(["ask", str(path), QUESTION, "--model", str(tiny_folder)]) == 2
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert "Traceback" not in shown


def test_published_photographs_give_regions(tiny_pipeline: Pipeline, test_data: Path) -> None:
    photographs = sorted((test_data / "coco_sample").rglob("*.jpg"))[:3]
    assert photographs
    for path in photographs:
        regions = tiny_pipeline.look(path.read_bytes())
        assert 0 < len(regions) <= 8
        assert regions.size_px == Image.open(path).size
