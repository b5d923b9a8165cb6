"""What a visitor hands over: side by side in one folder, bounded, nowhere else, for some hours."""

import io
import os
import stat
import zipfile
from pathlib import Path

import pytest

from lxmert_viz.dataset import uploads
from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.dataset.upload_store import FILES, UploadStore
from lxmert_viz.dataset.uploads import Given, put
from lxmert_viz.errors import DatasetError

TABLE = b"id,image,question,answer\nq1,pictures/a.jpg,why?,yes\n"


def packed(entries: dict[str, bytes], name: str = "mine.zip") -> Given:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, written in entries.items():
            archive.writestr(path, written)
    return Given(name, content.getvalue())


def test_an_archive_and_files_beside_it_are_one_dataset(tmp_path: Path, photograph: bytes) -> None:
    archive = packed(
        {
            "top/data/mine.csv": TABLE,
            "top/pictures/a.jpg": photograph,
            "__MACOSX/top/._a.jpg": b"x",
            "top/readme.txt": b"hello",
        }
    )
    folder = tmp_path / "kept"
    remarks = put([archive, Given("b.jpg", photograph)], folder)
    assert sorted(path.name for path in folder.iterdir()) == ["a.jpg", "b.jpg", "mine.csv"]
    assert [(r.file, r.what) for r in remarks] == [
        ("mine.zip: top/readme.txt", "This kind of file is not read.")
    ]
    dataset = open_dataset(folder)
    assert [example.picture for example in dataset.examples] == ["a"]
    assert dataset.pictures["a"].read_bytes() == photograph


@pytest.mark.parametrize(
    "path", ["../a.csv", "/etc/a.csv", "x/../../a.csv", "..\\a.csv", "C:\\a.csv"]
)
def test_an_archive_that_points_elsewhere_is_refused_whole(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "inner" / "kept"
    with pytest.raises(DatasetError, match="points out of the archive"):
        put([packed({"good.csv": TABLE, path: TABLE})], folder)
    assert not folder.exists() and list((tmp_path / "inner").iterdir()) == []


def test_a_link_in_an_archive_is_refused(tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        link = zipfile.ZipInfo("a.jpg")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(DatasetError, match="points out of the archive"):
        put([Given("mine.zip", content.getvalue())], tmp_path / "kept")


def damaged(content: bytes) -> bytes:
    """With other bytes in the middle of its first packed entry."""
    middle = len(content) // 3
    return content[:middle] + bytes([255] * 20) + content[middle + 20 :]


def test_an_archive_that_is_damaged_inside_is_refused_whole(tmp_path: Path) -> None:
    table = "\n".join(f"{n},{n * n % 97},{n % 13}" for n in range(2000)).encode()
    given = packed({"a.csv": table})
    with pytest.raises(DatasetError, match="mine.zip cannot be unpacked"):
        put([given._replace(content=damaged(given.content))], tmp_path / "kept")
    assert list(tmp_path.iterdir()) == []


def test_bounds_hold_for_what_is_told_and_for_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MAX_BYTES", 100_000)
    bomb = packed({"a.csv": bytes(1_000_000)})
    assert len(bomb.content) < 2_000
    for given in (bomb, Given("a.csv", bytes(100_001))):
        with pytest.raises(DatasetError, match="This is more than"):
            put([given], tmp_path / "kept")
    lying = bomb.content.replace((1_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    assert lying != bomb.content
    with pytest.raises(DatasetError):  # its content does not fit what its list tells
        put([Given("mine.zip", lying)], tmp_path / "kept")
    monkeypatch.setattr(uploads, "MAX_FILES", 3)
    with pytest.raises(DatasetError, match="This is more than 3 files"):
        put([packed({f"{n}.jpg": b"" for n in range(4)})], tmp_path / "kept")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([Given("mine.zip", b"PK no archive")], "cannot be unpacked"),
        ([Given("a.csv", TABLE), Given("A.csv", TABLE)], "have the same name"),
        ([Given("a.exe", b"")], "None of these files is read"),
        ([Given("x" * 300 + ".csv", TABLE)], "is no name for a file"),
    ],
)
def test_what_cannot_be_kept_is_told_in_a_sentence(
    tmp_path: Path, given: list[Given], said: str
) -> None:
    with pytest.raises(DatasetError, match=said):
        put(given, tmp_path / "kept")
    assert list(tmp_path.iterdir()) == []


def test_the_store_keeps_for_its_hours_and_what_is_in_use(tmp_path: Path) -> None:
    now = [0.0]
    store = UploadStore(tmp_path / "uploads", hours=1, now=lambda: now[0])

    def kept(at: float) -> str:
        key = store.keep([Given("a.csv", TABLE), Given("b.txt", b"")])
        os.utime(store.folder / key / "about.json", (at, at))
        return key

    old, used, young = kept(0), kept(0), kept(5_000)
    assert store.title(young) == "a.csv and 1 more"
    assert [remark.file for remark in store.left_out(young)] == ["b.txt"]
    now[0] = 5_000.0
    assert not store.has(old) and store.has(young)
    store.drop(in_use=[used])
    assert sorted(p.name for p in store.folder.iterdir()) == sorted([used, young])
    assert (store.folder / young / FILES / "a.csv").read_bytes() == TABLE
    assert not store.has("../" + young) and not store.has("")


def test_a_server_that_keeps_nothing_takes_nothing(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="keeps nothing"):
        UploadStore(tmp_path, hours=0).keep([Given("a.csv", TABLE)])
    assert list(tmp_path.iterdir()) == []
