"""One list of the kinds of pictures, for every door; and HEIC, whose reader is not always there."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lxmert_viz import picture
from lxmert_viz.__main__ import main
from lxmert_viz.dataset.uploads import KINDS
from lxmert_viz.errors import PictureError
from lxmert_viz.picture import ENDINGS_OF, HEIF, PICTURE_ENDINGS, blank, decode
from lxmert_viz.region_files.picture_ids import pictures_below

WRITTEN = {name: endings for name, endings in ENDINGS_OF.items() if name != HEIF}
# the first box of a photograph from a phone
HEIC_START = bytes.fromhex("0000001c66747970") + b"heic\0\0\0\0mif1heic"


def small(kind: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (16, 8), (200, 40, 30)).save(file, kind)
    return file.getvalue()


def heic() -> bytes:
    pillow_heif = pytest.importorskip("pillow_heif")
    written = io.BytesIO()
    red = Image.new("RGB", (64, 32), (200, 40, 30))
    pillow_heif.from_pillow(red).save(written)
    return written.getvalue()


@pytest.mark.parametrize(("kind", "ending"), [(k, e) for k, es in WRITTEN.items() for e in es])
def test_every_kind_is_read_and_found_by_each_of_its_endings(
    tmp_path: Path, kind: str, ending: str
) -> None:
    (tmp_path / f"p{ending.upper()}").write_bytes(small(kind))
    (found,) = pictures_below(tmp_path).values()
    assert decode(found.read_bytes()).size == (16, 8)
    assert ending in PICTURE_ENDINGS and ending in KINDS


def test_heic_is_read_where_its_reader_is() -> None:
    seen = np.asarray(decode(heic()))
    assert seen.shape == (32, 64, 3)
    assert np.abs(seen.mean((0, 1)) - (200, 40, 30)).max() < 12


def test_a_damaged_heic_is_one_sentence() -> None:
    pytest.importorskip("pillow_heif")
    with pytest.raises(PictureError, match="This HEIC picture is damaged"):
        decode(HEIC_START + bytes(200))


def test_heic_without_its_reader_is_named_with_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(picture, "find_spec", lambda name: None)
    with pytest.raises(PictureError, match="HEIC picture.*pip install pillow-heif.*as JPEG"):
        decode(HEIC_START + bytes(200))
    (tmp_path / "p.heic").write_bytes(HEIC_START + bytes(200))
    assert main(["ask", str(tmp_path / "p.heic"), "is there a cube?"]) == 2
    assert "HEIC" in capsys.readouterr().err


def test_avif_is_no_heic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "find_spec", lambda name: None)
    assert decode(small("AVIF")).size == (16, 8)


def test_an_address_in_the_place_of_a_picture_is_shown_whole(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["ask", "https://example.org/a.jpg", "is there a cube?"]) == 2
    assert "https://example.org/a.jpg is an address" in capsys.readouterr().err


def test_blank_pictures_of_two_names_are_two() -> None:
    one, other = blank((30, 20), "one"), blank((30, 20), "other")
    assert one != other
    assert decode(one).size == (30, 20)
    assert np.array_equal(np.asarray(decode(one)), np.asarray(decode(other)))
