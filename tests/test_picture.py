import io
import struct
import tracemalloc
import zlib
from concurrent.futures import ThreadPoolExecutor, wait

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lxmert_viz import picture as reading
from lxmert_viz.errors import PictureError
from lxmert_viz.picture import (
    MAX_BYTES,
    MAX_PIXELS,
    MAX_SCANS,
    MAX_SIDE_PX,
    blank_like,
    crop,
    crop_px,
    decode,
)

ORIENTATION = 0x0112


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png(width: int, height: int, depth: int, colour: int, rows: bytes, *more: bytes) -> bytes:
    """A PNG made by hand, so that its header may lie about its pixels."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = (
        _chunk(b"IHDR", header),
        *more,
        _chunk(b"IDAT", zlib.compress(rows)),
        _chunk(b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + checksum


@pytest.fixture(scope="module")
def scene() -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (24, 31, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM"])
def test_a_lossless_picture_keeps_every_pixel(scene: Image.Image, kind: str) -> None:
    assert np.array_equal(decode(saved(scene, kind)), scene)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF"])
def test_a_lossy_picture_keeps_its_size_and_is_rgb(scene: Image.Image, kind: str) -> None:
    decoded = decode(saved(scene, kind))
    assert (decoded.mode, decoded.size) == ("RGB", scene.size)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize(
    ("orientation", "undo"),
    [
        (2, Image.Transpose.FLIP_LEFT_RIGHT),
        (3, Image.Transpose.ROTATE_180),
        (4, Image.Transpose.FLIP_TOP_BOTTOM),
        (5, Image.Transpose.TRANSPOSE),
        (6, Image.Transpose.ROTATE_90),
        (7, Image.Transpose.TRANSVERSE),
        (8, Image.Transpose.ROTATE_270),
    ],
)
def test_a_photograph_taken_sideways_comes_out_upright(
    scene: Image.Image, kind: str, orientation: int, undo: Image.Transpose
) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    stored = saved(scene.transpose(undo), kind, exif=exif)
    assert np.array_equal(decode(stored), scene)


def test_broken_exif_does_not_cost_the_photograph(scene: Image.Image) -> None:
    exif = b"Exif\0\0II*\0\x08\0\0\0\xff\xff"
    assert decode(saved(scene, "JPEG", exif=exif)).size == scene.size


def test_transparent_parts_lie_on_white(scene: Image.Image) -> None:
    see_through = scene.convert("RGBA")
    alpha = np.full((24, 31), 255, np.uint8)
    alpha[:, :10] = 0
    see_through.putalpha(Image.fromarray(alpha))
    decoded = np.asarray(decode(saved(see_through, "PNG")))
    assert (decoded[:, :10] == 255).all()
    assert np.array_equal(decoded[:, 10:], np.asarray(scene)[:, 10:])


def test_a_transparent_palette_entry_lies_on_white() -> None:
    image = Image.new("P", (4, 2), 1)
    image.putpalette([10, 20, 30, 200, 0, 0])
    image.putpixel((0, 0), 0)
    decoded = np.asarray(decode(saved(image, "PNG", transparency=0)))
    assert decoded[0, 0].tolist() == [255, 255, 255]
    assert decoded[1, 1].tolist() == [200, 0, 0]


def test_sixteen_bit_greyscale_keeps_its_upper_eight_bits() -> None:
    values = np.array([[0, 255, 256, 0x8000, 0xFFFF]], np.uint16)
    decoded = np.asarray(decode(saved(Image.fromarray(values), "PNG")))
    assert decoded[0].tolist() == [[v, v, v] for v in (0, 0, 1, 128, 255)]


def test_sixteen_bit_colour_keeps_its_upper_eight_bits() -> None:
    rows = b"\0" + struct.pack(">6H", 0, 256, 0xFFFF, 0x8000, 511, 1)
    assert np.asarray(decode(png(2, 1, 16, 2, rows))).tolist() == [[[0, 1, 255], [128, 1, 0]]]


def test_a_transparent_grey_of_sixteen_bits_lies_on_white() -> None:
    rows = b"\0" + struct.pack(">2H", 0x1000, 0x2000)
    picture = png(2, 1, 16, 0, rows, _chunk(b"tRNS", struct.pack(">H", 0x1000)))
    assert np.asarray(decode(picture))[0].tolist() == [[255] * 3, [0x20] * 3]


def test_greyscale_outside_of_sixteen_bits_is_refused() -> None:
    values = np.array([[-1, 70000]], np.int32)
    with pytest.raises(PictureError, match="from -1 to 70000"):
        decode(saved(Image.fromarray(values), "TIFF"))


def test_floating_point_pixels_are_refused() -> None:
    with pytest.raises(PictureError, match="floating-point"):
        decode(saved(Image.fromarray(np.ones((2, 2), np.float32)), "TIFF"))


def test_cmyk_becomes_the_rgb_it_was_made_from() -> None:
    red = Image.new("RGB", (16, 16), (200, 30, 40))
    decoded = np.asarray(decode(saved(red.convert("CMYK"), "JPEG", quality=100)), int)
    assert abs(decoded - [200, 30, 40]).max() <= 3


def test_lab_colours_become_rgb() -> None:
    white = Image.new("LAB", (2, 2), (255, 128, 128))
    assert np.asarray(decode(saved(white, "TIFF"))).min() > 250


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_many_frames_the_first_is_shown(kind: str) -> None:
    red, blue = (Image.new("RGB", (8, 6), colour) for colour in ("red", "blue"))
    picture = saved(red, kind, save_all=True, append_images=[blue], lossless=True)
    assert np.array_equal(decode(picture), red)


def test_one_pixel_is_a_picture() -> None:
    assert decode(saved(Image.new("RGB", (1, 1), "red"), "PNG")).getpixel((0, 0)) == (255, 0, 0)


def test_a_very_wide_picture_is_a_picture() -> None:
    assert decode(saved(Image.new("RGB", (20_000, 100)), "PNG")).size == (20_000, 100)


@pytest.mark.parametrize(
    "picture", [b"", b"hello", b"<svg/>", b"%!PS-Adobe-3.0 EPSF-3.0", bytes(1000)]
)
def test_what_is_no_picture_is_refused(picture: bytes) -> None:
    with pytest.raises(PictureError, match="JPEG, PNG"):
        decode(picture)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM"])
def test_a_picture_cut_short_is_refused(scene: Image.Image, kind: str) -> None:
    whole = saved(scene, kind)
    with pytest.raises(PictureError, match="again|not a picture"):
        decode(whole[: len(whole) * 2 // 3])


@pytest.mark.parametrize(("width", "height"), [(30_000, 30_000), (9_000, 6_000), (2**31 - 1, 1)])
def test_a_pixel_bomb_is_refused_before_its_pixels_exist(width: int, height: int) -> None:
    bomb = png(width, height, 8, 2, bytes(1000))
    tracemalloc.start()
    with pytest.raises(PictureError, match="50 million"):
        decode(bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10_000_000


def test_the_largest_picture_allowed_is_only_refused_for_its_missing_pixels() -> None:
    side = int(MAX_PIXELS**0.5)
    with pytest.raises(PictureError, match="cut short"):
        decode(png(side, side, 8, 0, b""))


def jpeg_of_scans(more: int, end: bytes = b"") -> bytes:
    """A progressive grey JPEG, whose last scan stands there `more` times more."""
    whole = saved(Image.new("L", (64, 64), 128), "JPEG", progressive=True)
    last = whole.rfind(b"\xff\xda")
    return whole[:-2] + whole[last:-2] * more + whole[-2:] + end


def test_more_scans_than_any_program_writes_are_refused() -> None:
    own = jpeg_of_scans(0).count(b"\xff\xda")
    assert decode(jpeg_of_scans(MAX_SCANS - own)).size == (64, 64)
    with pytest.raises(PictureError, match=f"more than {MAX_SCANS} scans"):
        decode(jpeg_of_scans(MAX_SCANS - own + 1))


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_what_is_no_scan_of_a_jpeg_is_not_counted(mode: str) -> None:
    comment = b"\xff\xda" * 100  # as of a small picture within, or of a film behind
    noise = Image.effect_noise((200, 160), 90).convert(mode)
    options = {"progressive": True, "quality": 95, "comment": comment, "restart_marker_rows": 1}
    picture = saved(noise, "JPEG", **options)
    assert picture.count(comment) == 1
    assert decode(picture + comment).size == (200, 160)


def test_a_side_of_any_jpeg_is_read_and_no_longer_one() -> None:
    assert decode(saved(Image.new("L", (MAX_SIDE_PX, 2)), "PNG")).size == (MAX_SIDE_PX, 2)
    for size in ((1, MAX_SIDE_PX + 1), (MAX_SIDE_PX + 1, 1)):
        with pytest.raises(PictureError, match="no side of more than 65,535"):
            decode(saved(Image.new("L", size), "PNG"))


def test_one_large_picture_is_decoded_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    small, large = (saved(Image.new("L", (8, side)), "PNG") for side in (8, 16))
    monkeypatch.setattr(reading, "LARGE_PIXELS", 100)
    with ThreadPoolExecutor(1) as others:
        with reading.ONE_LARGE:
            waiting = others.submit(decode, large)
            assert decode(small).size == (8, 8)
            assert not wait([waiting], 0.2).done
        assert waiting.result().size == (8, 16)


def test_too_many_bytes_are_refused() -> None:
    with pytest.raises(PictureError, match=f"at most {MAX_BYTES:,}"):
        decode(bytes(MAX_BYTES + 1))


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_damage_gives_a_picture_or_one_sentence(data: st.DataObject) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    kind = data.draw(st.sampled_from(["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "AVIF", "PPM"]))
    options = {} if kind in ("GIF", "BMP", "PPM") else {"exif": exif}
    picture = bytearray(saved(Image.radial_gradient("L").resize((9, 7)), kind, **options))
    for place in data.draw(st.lists(st.integers(0, len(picture) - 1), max_size=8)):
        picture[place] = data.draw(st.integers(0, 255))
    try:
        assert decode(bytes(picture)).mode == "RGB"
    except PictureError as error:
        assert "\n" not in str(error)
        assert str(error).endswith(".")


def test_a_blank_picture_has_the_same_size_and_one_colour() -> None:
    blank = decode(blank_like(saved(Image.new("RGB", (31, 17), (9, 200, 3)), "PNG")))
    assert blank.size == (31, 17)
    assert blank.getcolors() == [(31 * 17, (128, 128, 128))]


def test_a_crop_is_the_part_in_the_box() -> None:
    image = Image.new("RGB", (40, 20), (255, 255, 255))
    image.paste((200, 0, 0), (10, 5, 20, 15))
    part = decode(crop(saved(image, "PNG"), (0.25, 0.25, 0.5, 0.75)))
    assert part.size == (10, 10)
    assert part.getcolors() == [(100, (200, 0, 0))]
    assert decode(crop(saved(image, "PNG"), (0.5, 0.5, 0.5, 0.5))).size == (1, 1)


def test_a_part_is_cut_out_of_the_upright_picture(photograph: bytes) -> None:
    part = decode(crop_px(photograph, (15, 40, 65.4, 90)))
    whole = decode(photograph)
    assert part.size == (50, 50)
    assert part.getpixel((25, 25)) == whole.getpixel((40, 65))
    assert decode(crop_px(photograph, (150, -5, 900, 900))).size == (10, 120)
    with pytest.raises(PictureError, match="outside of a picture of 160 x 120"):
        crop_px(photograph, (200, 0, 300, 10))
