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
ORIENTATION = 0x0112


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


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_the_file_format_does_not_change_the_regions(
    tiny_pipeline: Pipeline, photograph: bytes, upright: Image.Image, kind: str
) -> None:
    expected = tiny_pipeline.look(photograph)
    found = tiny_pipeline.look(saved(upright, kind))
    assert same_regions(found, expected)
    assert found.digest != expected.digest


def test_a_photograph_taken_sideways_has_the_regions_of_the_upright_one(
    tiny_pipeline: Pipeline, photograph: bytes, upright: Image.Image
) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    sideways = saved(upright.transpose(Image.Transpose.ROTATE_90), "PNG", exif=exif)
    assert same_regions(tiny_pipeline.look(sideways), tiny_pipeline.look(photograph))


def test_another_picture_has_other_regions(
    tiny_pipeline: Pipeline, photograph: bytes, upright: Image.Image
) -> None:
    mirrored = saved(upright.transpose(Image.Transpose.FLIP_LEFT_RIGHT), "PNG")
    assert not same_regions(tiny_pipeline.look(mirrored), tiny_pipeline.look(photograph))


def grey_of_16_bits(image: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)


def test_sixteen_bit_greyscale_has_the_regions_of_eight_bits(
    tiny_pipeline: Pipeline, upright: Image.Image
) -> None:
    fine = tiny_pipeline.look(saved(grey_of_16_bits(upright), "PNG"))
    assert same_regions(fine, tiny_pipeline.look(saved(upright.convert("L"), "PNG")))


def sixteen_bit_colour(image: Image.Image) -> bytes:
    """A PNG of 16 bits a channel; Pillow cannot write one."""
    pixels = np.asarray(image).astype(">u2") * 257
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", *image.size, 16, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def test_sixteen_bit_colour_has_the_regions_of_eight_bits(
    tiny_pipeline: Pipeline, photograph: bytes, upright: Image.Image
) -> None:
    fine = tiny_pipeline.look(sixteen_bit_colour(upright))
    assert same_regions(fine, tiny_pipeline.look(photograph))


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
