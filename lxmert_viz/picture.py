"""Picture bytes -> upright RGB, or one sentence that says why not."""

import hashlib
import re
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from io import BytesIO
from threading import Lock
from typing import Self

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from lxmert_viz.errors import PictureError

MAX_BYTES = 200_000_000  # a 50-megapixel bitmap needs 150 million
MAX_PIXELS = 50_000_000
MAX_SIDE_PX = 65_535  # as a JPEG's; Pillow keeps some bytes for each row beside its pixels
MAX_SCANS = 30  # of a JPEG, each as long as all pixels; progressive ones have 10, in CMYK 18
LARGE_PIXELS = 12_000_000  # from here on a picture takes a second and hundreds of megabytes
HEIF = "HEIF"
ENDINGS_OF = {  # by Pillow's name of the format
    "JPEG": (".jpg", ".jpeg"),
    "PNG": (".png",),
    "GIF": (".gif",),
    "BMP": (".bmp",),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
    "AVIF": (".avif",),
    "PPM": (".ppm", ".pgm", ".pbm"),
    HEIF: (".heic", ".heif"),
}
PICTURE_ENDINGS = tuple(ending for endings in ENDINGS_OF.values() for ending in endings)
HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
LONGEST_BRANDS = 256  # bytes; the box that names them is the first
GREY = (128, 128, 128)
READ_BY_EYE = "JPEG, PNG, GIF, BMP, TIFF, WebP, AVIF or PPM"

WITH_SCANS = ("JPEG", "MPO")
# of a JPEG; in the data of a scan FF stands before 00 or a restart, and before FF it fills
MARKER = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])")
START_OF_SCAN, END_OF_IMAGE = b"\xda", b"\xd9"
WITHOUT_SEGMENT = (b"\xd8", b"\x01")
ONE_LARGE = Lock()

# what Pillow's readers raise on damaged files
DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    LookupError,
    ArithmeticError,
    RuntimeError,
    struct.error,
)

UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture's file and what tells it from others; made once, where a picture comes in."""

    content: bytes = field(compare=False, repr=False)  # encoded as it was given
    digest: str  # sha256 of the content, in hexadecimal digits

    @classmethod
    def of(cls, content: bytes) -> Self:
        return cls(content, hashlib.sha256(content).hexdigest())


TURNED = (
    Image.Transpose.TRANSPOSE,
    Image.Transpose.ROTATE_270,
    Image.Transpose.TRANSVERSE,
    Image.Transpose.ROTATE_90,
)


def decode(picture: bytes) -> Image.Image:
    """The picture as a person sees it: upright, RGB, first frame, transparent parts on white.

    16 bits a channel keep their upper 8. Raises PictureError for what is no picture, is damaged,
    or is too large. One large picture at a time: others wait.
    """
    image = _open(picture)
    if image.format in WITH_SCANS and _has_more_scans(picture, MAX_SCANS):
        raise PictureError(
            f"This JPEG has more than {MAX_SCANS} scans, which no camera or program writes; "
            "save it again."
        )
    with _one_large(image.width * image.height):
        try:
            image.load()
        except DAMAGE as error:
            raise PictureError(
                f"This {image.format} picture of {image.width} x {image.height} pixels is damaged "
                f"or cut short ({_sentence(error)}); save or download it again."
            ) from error
        turn = UPRIGHT.get(_orientation(image))
        rgb = _to_rgb(image)
        return rgb if turn is None else rgb.transpose(turn)


def size_px(picture: bytes) -> tuple[int, int]:
    """Width and height as a person sees it, from its header alone. Raises PictureError."""
    image = _open(picture)
    is_turned = UPRIGHT.get(_orientation(image)) in TURNED
    return (image.height, image.width) if is_turned else image.size


def as_jpeg(picture: bytes, side_px: int) -> bytes:
    """The picture as a person sees it, no side longer than side_px, without any metadata."""
    image = decode(picture)
    image.thumbnail((side_px, side_px))
    written = BytesIO()
    image.save(written, "JPEG", quality=88, comment=b"")  # nor a comment of the original
    return written.getvalue()


def crop_px(picture: bytes, box_px: Sequence[float]) -> bytes:
    """A part of the picture as a person sees it, as PNG. box_px: xyxy; what lies outside is cut.

    Raises PictureError where nothing of it lies inside.
    """
    image = decode(picture)
    left, top = (max(0, round(side)) for side in box_px[:2])
    right, bottom = (
        min(most, round(side)) for most, side in zip(image.size, box_px[2:], strict=True)
    )
    if left >= right or top >= bottom:
        raise PictureError(
            f"The part from {box_px[0]:g}, {box_px[1]:g} to {box_px[2]:g}, {box_px[3]:g} lies "
            f"outside of a picture of {image.width} x {image.height} pixels."
        )
    return _png(image.crop((left, top, right, bottom)))


def as_png(picture: bytes) -> bytes:
    """The picture as a person sees it, without any metadata; decoded again, the same pixels."""
    return _png(Image.fromarray(np.asarray(decode(picture))))


def blank_like(picture: bytes) -> bytes:
    """A grey PNG of the same size, with nothing on it."""
    return _png(Image.new("RGB", decode(picture).size, GREY))


def blank(size_px: tuple[int, int], name: str) -> bytes:
    """A grey PNG in the place of a picture that is not here; another name is another file."""
    told = PngInfo()
    told.add_text("picture", name)
    return _png(Image.new("RGB", size_px, GREY), told)


def crop(picture: bytes, box_unit: Sequence[float]) -> bytes:
    """The part of a picture in a box (xyxy, 0..1), as PNG; at least one pixel."""
    image = decode(picture)
    left, top = (int(e * s) for e, s in zip(box_unit[:2], image.size, strict=True))
    right, bottom = (round(e * s) for e, s in zip(box_unit[2:], image.size, strict=True))
    return _png(image.crop((left, top, max(right, left + 1), max(bottom, top + 1))))


def _png(image: Image.Image, told: PngInfo | None = None) -> bytes:
    written = BytesIO()
    image.save(written, "PNG", pnginfo=told)
    return written.getvalue()


def _open(picture: bytes) -> Image.Image:
    """The picture with its header read and its pixels not yet."""
    if not isinstance(picture, bytes | bytearray | memoryview):
        raise ValueError(f"a picture is the bytes of its file, not {picture!r}")
    if not picture:
        raise PictureError(f"This file is empty; choose a picture ({READ_BY_EYE}).")
    if len(picture) > MAX_BYTES:
        raise PictureError(
            f"This file has {len(picture):,} bytes and at most {MAX_BYTES:,} are read; "
            "save the picture smaller or as a JPEG."
        )
    formats = _formats(bytes(picture[:LONGEST_BRANDS]))
    try:
        image = Image.open(BytesIO(picture), formats=formats)
    except UnidentifiedImageError as error:
        if formats == [HEIF]:
            told = "This HEIC picture is damaged or cut short; save or download it again."
        else:
            told = f"This file is not a picture that can be read here; use {READ_BY_EYE}."
        raise PictureError(told) from error
    except Image.DecompressionBombError as error:
        raise PictureError(_too_large("far more")) from error
    except DAMAGE as error:
        raise PictureError(
            f"This picture's header is damaged ({_sentence(error)}); save or download it again."
        ) from error
    if image.width * image.height > MAX_PIXELS:
        raise PictureError(_too_large(f"{image.width:,} x {image.height:,}"))
    if max(image.size) > MAX_SIDE_PX:
        raise PictureError(
            f"This picture has {image.width:,} x {image.height:,} pixels and no side of more than "
            f"{MAX_SIDE_PX:,} is read; cut a part out and try again."
        )
    return image


@contextmanager
def _one_large(pixels: int) -> Iterator[None]:
    if pixels < LARGE_PIXELS:
        yield
        return
    with ONE_LARGE:
        yield


def _has_more_scans(jpeg: bytes, most: int) -> bool:
    """Up to the picture's end; what follows may be another picture, or a film."""
    scans, marker = 0, MARKER.search(jpeg)
    while marker and marker[1] != END_OF_IMAGE and scans <= most:
        place, scans = marker.end(), scans + (marker[1] == START_OF_SCAN)
        if marker[1] not in WITHOUT_SEGMENT:
            place += int.from_bytes(jpeg[place : place + 2])
        marker = MARKER.search(jpeg, place)
    return scans > most


def _formats(start: bytes) -> list[str]:
    """Whose readers may try. Raises PictureError for a HEIC picture that none can read here."""
    if not _is_heic(start):
        return [name for name in ENDINGS_OF if name != HEIF]
    if find_spec("pillow_heif") is None:
        raise PictureError(
            "This is a HEIC picture, as phones take them. Install its reader with "
            "`pip install pillow-heif` where this program runs, or save the picture as JPEG."
        )
    from pillow_heif import register_heif_opener

    register_heif_opener()
    return [HEIF]


def _is_heic(start: bytes) -> bool:
    """By the brands in its first box; AVIF has the same box with others."""
    if start[4:8] != b"ftyp":
        return False
    box = start[: int.from_bytes(start[:4])]
    brands = {box[place : place + 4] for place in (8, *range(16, len(box), 4))}
    return bool(brands & HEIC_BRANDS)


def _too_large(pixels: str) -> str:
    return (
        f"This picture has {pixels} pixels and at most {MAX_PIXELS // 10**6} million are read; "
        "scale it down and try again."
    )


def _orientation(image: Image.Image) -> int:
    try:
        return image.getexif().get(ExifTags.Base.Orientation, 1)
    except DAMAGE:
        return 1  # browsers show a photograph with broken EXIF as it is stored


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        image = _upper_8_bits(image)
    if image.mode == "F":
        raise PictureError(
            "This picture holds floating-point pixels, whose range is not known; "
            "save it with 8 or 16 bits a channel."
        )
    if not image.has_transparency_data:
        return image.convert("RGB")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")


def _upper_8_bits(image: Image.Image) -> Image.Image:
    """Greyscale of 16 bits as 8; Pillow does so for colour, but would clip greyscale at 255."""
    grey = np.asarray(image)
    if grey.min() < 0 or grey.max() > 0xFFFF:
        raise PictureError(
            f"This greyscale picture has values from {grey.min()} to {grey.max()}, outside of "
            "0 to 65535; save it with 8 or 16 bits a channel."
        )
    eight = Image.fromarray((grey >> 8).astype(np.uint8))
    transparent = image.info.get("transparency")
    if transparent is not None:
        eight.putalpha(Image.fromarray(np.where(grey == transparent, 0, 255).astype(np.uint8)))
    return eight


def _sentence(error: BaseException) -> str:
    return str(error).strip().rstrip(".") or type(error).__name__
