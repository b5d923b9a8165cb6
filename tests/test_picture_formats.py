"""One picture, saved without loss in many ways, has the same regions; in other colours it has not.

As bytes and as a file, in every format, colour model and orientation that is written here.
"""

import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lxmert_viz.__main__ import main
from lxmert_viz.picture import UPRIGHT, decode
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions
from tests.test_pipeline_pictures import QUESTION, same_regions, saved

ORIENTATION = 0x0112
Save = Callable[[Image.Image], bytes]
BACK = {2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}  # orientation -> the one that undoes it


def grey_of_16_bits(image: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)


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


def turned(orientation: int, kind: str) -> Save:
    """Stored turned, with the mark that tells how to turn it back."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return lambda image: saved(image.transpose(UPRIGHT[BACK[orientation]]), kind, exif=exif)


LOSSLESS: dict[str, Save] = {
    "PNG": lambda image: saved(image, "PNG"),
    "BMP": lambda image: saved(image, "BMP"),
    "PPM": lambda image: saved(image, "PPM"),
    "TIFF": lambda image: saved(image, "TIFF"),
    "TIFF, packed": lambda image: saved(image, "TIFF", compression="tiff_lzw"),
    "WebP": lambda image: saved(image, "WEBP", lossless=True),
    "with an opaque alpha channel": lambda image: saved(image.convert("RGBA"), "PNG"),
    "WebP with alpha": lambda image: saved(
        image.convert("RGBA"), "WEBP", lossless=True, exact=True
    ),
    "CMYK": lambda image: saved(image.convert("CMYK"), "TIFF"),
    "16 bits a channel": sixteen_bit_colour,
    **{f"PNG, orientation {o}": turned(o, "PNG") for o in BACK},
    **{f"TIFF, orientation {o}": turned(o, "TIFF") for o in (3, 6, 8)},
}
GREY: dict[str, Save] = {
    "one channel": lambda image: saved(image.convert("L"), "PNG"),
    "one channel, TIFF": lambda image: saved(image.convert("L"), "TIFF"),
    "with alpha": lambda image: saved(image.convert("LA"), "PNG"),
    "PGM": lambda image: saved(image.convert("L"), "PPM"),
    "16 bits": lambda image: saved(grey_of_16_bits(image), "PNG"),
    "16 bits, TIFF": lambda image: saved(grey_of_16_bits(image), "TIFF"),
    "GIF": lambda image: saved(image.convert("L"), "GIF"),
}


@pytest.fixture(scope="module")
def upright(photograph: bytes) -> Image.Image:
    return decode(photograph)


@pytest.fixture(scope="module")
def expected(tiny_pipeline: Pipeline, photograph: bytes) -> Regions:
    return tiny_pipeline.look(photograph)


@pytest.mark.parametrize("way", LOSSLESS)
def test_a_picture_saved_without_loss_has_the_same_regions(
    tiny_pipeline: Pipeline, upright: Image.Image, expected: Regions, way: str
) -> None:
    assert same_regions(tiny_pipeline.look(LOSSLESS[way](upright)), expected)


@pytest.fixture(scope="module")
def grey(tiny_pipeline: Pipeline, upright: Image.Image) -> Regions:
    return tiny_pipeline.look(saved(upright.convert("L").convert("RGB"), "PNG"))


@pytest.mark.parametrize("way", GREY)
def test_a_grey_picture_has_the_same_regions_however_it_is_stored(
    tiny_pipeline: Pipeline, upright: Image.Image, grey: Regions, way: str
) -> None:
    assert same_regions(tiny_pipeline.look(GREY[way](upright)), grey)


def test_a_palette_has_the_regions_of_its_colours(
    tiny_pipeline: Pipeline, upright: Image.Image
) -> None:
    few = upright.quantize(64)
    plain = tiny_pipeline.look(saved(few.convert("RGB"), "PNG"))
    for kind in ("PNG", "GIF", "BMP"):
        assert same_regions(tiny_pipeline.look(saved(few, kind)), plain)


@pytest.mark.parametrize(
    "way", ["PNG", "CMYK", "PNG, orientation 6", "with an opaque alpha channel"]
)
def test_a_file_has_the_regions_of_its_bytes(
    tiny_folder: Path,
    tmp_path: Path,
    upright: Image.Image,
    expected: Regions,
    way: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "picture"  # its name tells nothing
    path.write_bytes(LOSSLESS[way](upright))
    assert main(["ask", str(path), QUESTION, "--model", str(tiny_folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["regions"]
    boxes = np.array([region["box_unit"] for region in found])
    np.testing.assert_allclose(boxes, expected.boxes_unit, atol=1e-6)
    assert tuple(region["name"] for region in found) == expected.names


def test_other_colours_are_other_regions(
    tiny_pipeline: Pipeline, upright: Image.Image, expected: Regions
) -> None:
    swapped = Image.fromarray(np.asarray(upright)[..., ::-1])
    assert not same_regions(tiny_pipeline.look(saved(swapped, "PNG")), expected)


def test_colours_are_called_by_their_names() -> None:
    """The shipped detector was trained on coloured things: swapped, red ones are blue ones."""
    pipeline = Pipeline.open("miniature", device="cpu")
    from lxmert_viz.places import ASSETS

    scene = (ASSETS / "scenes" / "scene-1.png").read_bytes()
    swapped = Image.fromarray(np.ascontiguousarray(np.asarray(decode(scene))[..., ::-1]))
    seen = pipeline.look(scene)
    again = pipeline.look(saved(swapped, "PNG"), boxes_unit=seen.boxes_unit)
    words = {"red": "blue", "blue": "red", "yellow": "cyan", "cyan": "yellow"}
    coloured = [
        (before, after)
        for before, after in zip(seen.names, again.names, strict=True)
        if set(before.split()) & words.keys()
    ]
    assert coloured
    for before, after in coloured:
        colour = next(word for word in before.split() if word in words)
        assert colour not in after.split(), (before, after)
