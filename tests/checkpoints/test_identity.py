import hashlib
import os
import shutil
from pathlib import Path

import pytest

from lxmert_viz.checkpoints.identity import Identity, stamp
from lxmert_viz.errors import CheckpointError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files of weights, their names, and what decides nothing."""
    made = tmp_path / "model"
    (made / "detector").mkdir(parents=True)
    (made / "model.safetensors").write_bytes(b"network")
    (made / "README.md").write_text("a card")
    (made / "detector" / "weights.pkl").write_bytes(b"detector")
    (made / "detector" / "objects.txt").write_text("cube")
    return made


def test_digests_are_of_places_and_contents(folder: Path) -> None:
    def sha(content: bytes) -> str:
        return hashlib.sha256(content).hexdigest()

    lines = (
        f"detector/objects.txt {sha(b'cube')}\n"
        f"detector/weights.pkl {sha(b'detector')}\n"
        f"model.safetensors {sha(b'network')}\n"
    )
    identity = Identity(folder)
    assert identity.digest == sha(lines.encode())
    own = "".join(line.removeprefix("detector/") for line in lines.splitlines(True)[:2])
    assert identity.detector_digest == sha(own.encode())


def test_a_copy_elsewhere_is_the_same_checkpoint(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "another name")
    (copy / "README.md").write_text("another card")
    (copy / "fetched.json").write_text("{}")
    (copy / "optimizer.pt").write_bytes(b"for going on training")
    (copy / "checkpoint-500").mkdir()
    (copy / "checkpoint-500" / "model.safetensors").write_bytes(b"of an earlier step")
    (copy / "detector" / "converted.safetensors").write_bytes(b"made when it was opened")
    assert Identity(copy).digest == Identity(folder).digest
    assert Identity(copy).detector_digest == Identity(folder).detector_digest


@pytest.mark.parametrize("file", ["detector/objects.txt", "detector/weights.pkl"])
def test_another_detector_is_told(folder: Path, file: str) -> None:
    before, stamped = Identity(folder), stamp(folder)
    told = before.digest, before.detector_digest
    (folder / file).write_bytes(b"others")
    after = Identity(folder)
    assert stamp(folder) != stamped
    assert after.digest != told[0]
    assert after.detector_digest != told[1]


def test_weights_of_a_training_loop_are_weights(folder: Path) -> None:
    own = (folder / "model.safetensors").rename(folder / "last.ckpt")
    before = Identity(folder).digest
    own.write_bytes(b"NETWORK")
    assert Identity(folder).digest != before


def test_another_network_leaves_the_detector_the_same(folder: Path) -> None:
    before = Identity(folder)
    told = before.digest, before.detector_digest
    (folder / "model.safetensors").write_bytes(b"NETWORK")
    after = Identity(folder)
    assert after.digest != told[0]
    assert after.detector_digest == told[1]


def test_a_file_put_in_the_place_of_another_is_seen_whatever_its_time(folder: Path) -> None:
    weights, before = folder / "model.safetensors", stamp(folder)
    facts = weights.stat()
    other = folder / "other.part"
    other.write_bytes(b"NETWORK")  # as many bytes
    os.utime(other, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    other.replace(weights)
    assert stamp(folder) != before


def test_what_changed_after_it_was_opened_is_not_told_as_if_it_had_not(folder: Path) -> None:
    opened = Identity(folder)
    (folder / "model.safetensors").write_bytes(b"trained on")
    with pytest.raises(CheckpointError, match="changed since they were opened"):
        _ = opened.digest


def test_a_file_that_is_taken_away_meanwhile_is_a_change(folder: Path) -> None:
    opened = Identity(folder)
    (folder / "detector" / "objects.txt").unlink()
    with pytest.raises(CheckpointError, match="changed since they were opened"):
        _ = opened.detector_digest


def test_files_are_read_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read, digest_of = [], hashlib.file_digest
    monkeypatch.setattr(
        hashlib, "file_digest", lambda file, kind: read.append(file.name) or digest_of(file, kind)
    )
    identity = Identity(folder)
    assert not read
    assert identity.digest == identity.digest != identity.detector_digest
    assert len(read) == len(set(read)) == 3
