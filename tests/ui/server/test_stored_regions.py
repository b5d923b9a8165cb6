"""Parts of pictures that stored regions show: found by the one rule for names."""

from pathlib import Path

import numpy as np
import pytest

from lxmert_viz.region_files.bank import FeatureBank
from lxmert_viz.ui.server import lenses
from lxmert_viz.ui.server.lenses import Head, stored_region

BOX = np.array([[0.1, 0.1, 0.9, 0.9]], np.float32)


@pytest.mark.parametrize(
    ("files", "picture", "is_shown"),
    [
        (["images/a.jpg"], "a", True),
        (["a.JPG"], "pictures/a.png", False),  # another folder than the written
        (["images/a.JPG"], "images/a.png", True),
        (["COCO_val2014_000000000042.jpg"], "42", True),
        (["images/a.jpg", "a.jpg"], "a", False),  # it may be either
        (["b.jpg"], "a", False),
    ],
)
def test_a_stored_region_shows_its_own_picture_or_none(
    files: list[str],
    picture: str,
    is_shown: bool,
    tmp_path: Path,
    photograph: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(photograph)
    stored = FeatureBank(np.zeros((1, 4), np.float32), BOX, ("dog",), (picture,), (1,))
    monkeypatch.setattr(lenses, "bank", lambda model, path: stored)
    head = Head("tiny", "content", "features", str(tmp_path / "regions.tsv"))
    shown, name = stored_region(head, 0)
    assert (shown is not None, name) == (is_shown, "dog")
