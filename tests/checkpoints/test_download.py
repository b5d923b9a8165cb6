"""One file from a server on this machine that breaks off, lies, stalls, or sends too much."""

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from lxmert_viz.checkpoints import download
from lxmert_viz.checkpoints.download import RemoteFile, bring, matches
from lxmert_viz.errors import DownloadError
from tests.helpers.hub_server import Hub, digests, serving

CONTENT = bytes(range(256)) * 400  # 102,400 bytes


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setattr(download, "PAUSES_SECONDS", (0.0, 0.0, 0.0))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with serving() as hub:
        hub.files["/weights.bin"] = CONTENT
        yield hub


def file_at(hub: Hub, *paths: str, content: bytes = CONTENT) -> RemoteFile:
    urls = tuple(hub.address + path for path in paths or ("/weights.bin",))
    return RemoteFile("part/weights.bin", urls, len(content), f"sha256:{digests(content)[0]}")


def unheard(size: int) -> None:
    """Nobody waits."""


def files_in(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_a_file_comes_whole_and_leaves_nothing_else(hub: Hub, tmp_path: Path) -> None:
    heard: list[int] = []
    bring(file_at(hub), tmp_path, heard.append)
    assert (tmp_path / "part" / "weights.bin").read_bytes() == CONTENT
    assert files_in(tmp_path) == ["part/weights.bin"]
    assert heard == sorted(heard)
    assert (heard[0], heard[-1]) == (0, len(CONTENT))


def test_dropped_connections_are_taken_up_where_they_broke(hub: Hub, tmp_path: Path) -> None:
    hub.drops["/weights.bin"] = [10_000, 0, 5_000]
    bring(file_at(hub), tmp_path, unheard)
    assert (tmp_path / "part" / "weights.bin").read_bytes() == CONTENT
    assert hub.asked("/weights.bin") == ["", "bytes=10000-", "bytes=10000-", "bytes=15000-"]


def test_what_was_stopped_goes_on_later(hub: Hub, tmp_path: Path) -> None:
    hub.rests["/weights.bin"] = 40_000

    def stop(size: int) -> None:
        if size > 30_000:
            raise KeyboardInterrupt

    file = file_at(hub)
    with pytest.raises(KeyboardInterrupt):
        bring(file, tmp_path, stop)
    hub.go_on.set()
    assert not file.place(tmp_path).exists()
    part = file.part(tmp_path).stat().st_size
    assert 30_000 < part < len(CONTENT)
    bring(file, tmp_path, unheard)
    assert hub.asked("/weights.bin") == ["", f"bytes={part}-"]
    assert matches(file.place(tmp_path), file)


def test_a_server_without_ranges_is_asked_for_everything_again(hub: Hub, tmp_path: Path) -> None:
    hub.no_ranges = True
    hub.drops["/weights.bin"] = [10_000]
    bring(file_at(hub), tmp_path, unheard)
    assert (tmp_path / "part" / "weights.bin").read_bytes() == CONTENT


def test_another_content_is_refused_and_not_kept(hub: Hub, tmp_path: Path) -> None:
    hub.files["/weights.bin"] = CONTENT[::-1]
    with pytest.raises(DownloadError, match="not the published file"):
        bring(file_at(hub), tmp_path, unheard)
    assert files_in(tmp_path) == []


@pytest.mark.parametrize("left", [b"rubbish", b"x" * (len(CONTENT) + 1), b"x" * len(CONTENT)])
def test_rubbish_left_by_an_earlier_try_does_no_harm(hub: Hub, tmp_path: Path, left: bytes) -> None:
    file = file_at(hub)
    file.part(tmp_path).parent.mkdir()
    file.part(tmp_path).write_bytes(left)
    bring(file, tmp_path, unheard)
    assert matches(file.place(tmp_path), file)


@pytest.mark.parametrize("sent", [CONTENT + b"more", CONTENT[:-1], b""])
def test_too_much_or_too_little_is_no_file(hub: Hub, tmp_path: Path, sent: bytes) -> None:
    hub.files["/weights.bin"] = sent
    file = file_at(hub)
    with pytest.raises(DownloadError, match=r"part/weights\.bin cannot be downloaded"):
        bring(file, tmp_path, unheard)
    assert not file.place(tmp_path).exists()


def test_the_second_address_serves_when_the_first_does_not(hub: Hub, tmp_path: Path) -> None:
    hub.files["/other.bin"] = CONTENT[::-1]
    file = file_at(hub, "/absent.bin", "/other.bin", "/weights.bin")
    bring(file, tmp_path, unheard)
    assert matches(file.place(tmp_path), file)


def test_a_missing_file_says_where_it_was_looked_for_and_is_asked_for_once(
    hub: Hub, tmp_path: Path
) -> None:
    with pytest.raises(DownloadError, match=r"/absent\.bin: 404") as raised:
        bring(file_at(hub, "/absent.bin"), tmp_path, unheard)
    assert str(tmp_path / "part" / "weights.bin") in str(raised.value)
    assert len(hub.asked("/absent.bin")) == 1


def test_a_busy_server_is_asked_again_and_in_the_end_left_alone(hub: Hub, tmp_path: Path) -> None:
    hub.answers["/weights.bin"] = [503, 429, 500]
    bring(file_at(hub), tmp_path, unheard)
    hub.answers["/weights.bin"] = [503] * 9
    with pytest.raises(DownloadError, match="503"):
        bring(file_at(hub), tmp_path / "again", unheard)
    assert len(hub.asked("/weights.bin")) == 4 + 4


def test_slow_bytes_come_and_a_stalled_server_is_tried_again(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.slow_seconds = 0.02
    bring(file_at(hub), tmp_path, unheard)
    monkeypatch.setattr(download, "STALLED_SECONDS", 0.1)
    hub.slow_seconds = 0.4
    file = file_at(hub, content=CONTENT[:9_000])
    hub.files["/weights.bin"] = CONTENT[:9_000]
    bring(file, tmp_path / "again", unheard)
    assert "bytes=4096-" in hub.asked("/weights.bin")


def test_nobody_there_is_one_sentence(tmp_path: Path) -> None:
    file = RemoteFile("a.bin", ("http://127.0.0.1:9/a.bin",), 3, "sha256:" + "0" * 64)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(DownloadError, match="refused"):
        patch.setattr(download, "PAUSES_SECONDS", (0.0,))
        bring(file, tmp_path, unheard)


def test_a_full_disk_says_so_and_keeps_what_came(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        name = str(tmp_path / "part" / "weights.bin")

        def write(self, _: memoryview) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    write = download._write
    file = file_at(hub)
    hub.drops["/weights.bin"] = [10_000]

    def fill_up(output: object, chunk: bytes) -> None:
        write(Full() if file.part(tmp_path).stat().st_size else output, chunk)

    monkeypatch.setattr(download, "_write", fill_up)
    with pytest.raises(DownloadError, match="disk is full"):
        bring(file, tmp_path, unheard)
    assert 0 < file.part(tmp_path).stat().st_size < len(CONTENT)
    monkeypatch.undo()
    bring(file, tmp_path, unheard)
    assert matches(file.place(tmp_path), file)


@pytest.mark.parametrize("variable", ["1", "true", "ON", "yes"])
def test_offline_asks_nobody(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", variable)
    with pytest.raises(DownloadError, match="HF_HUB_OFFLINE is set"):
        bring(file_at(hub), tmp_path, unheard)
    assert hub.requests == []


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://127.0.0.1/a", "data:,abc"])
def test_only_the_web_is_asked(tmp_path: Path, url: str) -> None:
    with pytest.raises(DownloadError, match="not a web address"):
        bring(RemoteFile("a", (url,), 3, "sha256:" + "0" * 64), tmp_path, unheard)


@pytest.mark.parametrize("target", ["file:///etc/hostname", "ftp://127.0.0.1/a"])
def test_a_server_cannot_lead_to_files_of_this_machine(
    hub: Hub, tmp_path: Path, target: str
) -> None:
    hub.moved["/weights.bin"] = target
    with pytest.raises(DownloadError, match="cannot be downloaded"):
        bring(file_at(hub), tmp_path, unheard)
    assert files_in(tmp_path) == []


@pytest.mark.parametrize("path", ["/etc/a", "../a", "a/../../b", "", "..", "a\\..\\b"])
def test_no_path_leads_out_of_the_folder(path: str) -> None:
    with pytest.raises(ValueError, match="no path below"):
        RemoteFile(path, (), 0, "sha256:")


def test_small_files_of_a_hub_are_known_by_their_git_names(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"what is up, doc?")
    named = RemoteFile("a", (), 16, "git:bd9dbf5aae1a3862dd1526723246b20206e5fc37")
    assert matches(tmp_path / "a", named)  # the example of the Pro Git book
    (tmp_path / "a").write_bytes(b"what is up, dog?")
    assert not matches(tmp_path / "a", named)
