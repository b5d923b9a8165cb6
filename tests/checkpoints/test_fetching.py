"""A checkpoint from a hub on this machine into a models folder, opened, shared, removed."""

import json
import shutil
from pathlib import Path

import pytest

from lxmert_viz.__main__ import main
from lxmert_viz.checkpoints.download import RemoteFile, matches
from lxmert_viz.checkpoints.fetching import Progress, fetch, in_words, plan
from lxmert_viz.checkpoints.folder import find, installed
from lxmert_viz.checkpoints.known import ANSWER_LISTS, DETECTOR_FILES, KNOWN
from lxmert_viz.checkpoints.record import RECORD, Plan, kept, remove
from lxmert_viz.errors import CheckpointError, DownloadError
from tests.conftest import ANSWERS
from tests.helpers.hub_server import COMMIT, REPOSITORY, Hub


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


def unheard(progress: Progress) -> None:
    """Nobody waits."""


def fetched(name: str, models: Path) -> Plan:
    chosen = plan(name, models)
    assert fetch(chosen, unheard) == chosen.notes
    return chosen


def test_a_known_checkpoint_comes_whole_and_opens(hub: Hub, models: Path) -> None:
    from lxmert_viz.pipeline import Pipeline

    chosen = fetched("lxmert-vqa", models)
    assert find("lxmert-vqa", models) == models / "lxmert-vqa"
    assert installed(models) == ("miniature", "lxmert-vqa")
    assert chosen.commit == COMMIT
    from_hub = {f.path: f.urls for f in chosen.files if "/raw/" not in f.urls[0]}
    pinned = f"{hub.address}/{REPOSITORY}/resolve/{COMMIT}"
    names = ("config.json", "pytorch_model.bin", "vocab.txt")
    assert from_hub == {name: (f"{pinned}/{name}",) for name in names}
    pipeline = Pipeline.open("lxmert-vqa", device="cpu", models=models)
    assert pipeline.answer_vocabulary == ANSWERS
    assert not [p for p in models.rglob("*.part")]


def test_any_lxmert_of_the_hub_comes_by_its_id(hub: Hub, models: Path) -> None:
    fetched(REPOSITORY, models)
    assert find(REPOSITORY, models) == models / "unc-nlp--lxmert-vqa-uncased"


def test_what_is_here_is_not_fetched_again_and_no_network_is_needed(
    hub: Hub, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched("lxmert-vqa", models)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    before = len(hub.requests)
    assert plan("lxmert-vqa", models).missing_bytes() == 0
    fetched("lxmert-vqa", models)
    assert len(hub.requests) == before


def test_offline_without_the_files_says_why(
    hub: Hub, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(DownloadError, match="HF_HUB_OFFLINE is set"):
        plan("lxmert-vqa", models)


def test_the_detector_is_shared_between_checkpoints(hub: Hub, models: Path) -> None:
    first, second = fetched("lxmert-vqa", models), plan(REPOSITORY, models)
    detector = "detector/model.safetensors"
    fetch(second, unheard)
    assert len(hub.asked("/raw/detector/model.safetensors")) == 1
    assert (first.folder / detector).samefile(second.folder / detector)
    alone, together = kept(models)[0].size_bytes, sum(k.size_bytes for k in kept(models))
    assert alone < together < 2 * alone
    remove("lxmert-vqa", models)
    assert find(REPOSITORY, models)


def test_a_stopped_fetch_is_no_model_and_goes_on(hub: Hub, models: Path) -> None:
    chosen = plan("lxmert-vqa", models)

    def stop(progress: Progress) -> None:
        if progress.share > 0.5:
            raise KeyboardInterrupt

    hub.slow_seconds = 0.001
    with pytest.raises(KeyboardInterrupt):
        fetch(chosen, stop)
    assert installed(models) == ("miniature",)
    with pytest.raises(CheckpointError, match="python -m lxmert_viz fetch lxmert-vqa"):
        find("lxmert-vqa", models)
    (entry,) = kept(models)
    assert not entry.complete
    assert entry.size_bytes > 0
    assert chosen.missing_bytes() < chosen.total_bytes
    hub.slow_seconds = 0.0
    fetched("lxmert-vqa", models)
    assert find("lxmert-vqa", models)


def test_a_damaged_file_is_mended(hub: Hub, models: Path) -> None:
    chosen = fetched("lxmert-vqa", models)
    weights = chosen.folder / "pytorch_model.bin"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    fetched("lxmert-vqa", models)
    content[-1] ^= 1
    assert weights.read_bytes() == content


def test_a_model_without_its_answer_list_opens_and_says_why(hub: Hub, models: Path) -> None:
    del hub.files["/raw/answers.json"]
    chosen = plan("lxmert-vqa", models)
    (note,) = fetch(chosen, unheard)
    assert "answers.json cannot be downloaded" in note
    assert find("lxmert-vqa", models)


def test_a_head_of_another_size_gets_no_list_that_would_misname_it(
    hub: Hub, models: Path, tiny_folder: Path
) -> None:
    config = json.loads((tiny_folder / "config.json").read_text()) | {"num_qa_labels": 7}
    hub.hold(REPOSITORY, "config.json", json.dumps(config).encode())
    chosen = plan("lxmert-vqa", models)
    assert "No list of 7 answers" in chosen.notes[0]
    assert "answers.json" not in [file.path for file in chosen.files]


@pytest.mark.parametrize(
    ("change", "said"),
    [({"model_type": "bert"}, "no LXMERT"), ({"visual_feat_dim": 128}, "128 features")],
)
def test_what_cannot_open_here_is_told_before_anything_large_comes(
    hub: Hub, models: Path, tiny_folder: Path, change: dict[str, object], said: str
) -> None:
    config = json.loads((tiny_folder / "config.json").read_text()) | change
    hub.hold(REPOSITORY, "config.json", json.dumps(config).encode())
    with pytest.raises(CheckpointError, match=said):
        plan("lxmert-vqa", models)
    assert hub.asked("pytorch_model.bin") == []


def test_a_repository_without_a_vocabulary_reads_with_the_published_one(
    hub: Hub, models: Path, tiny_folder: Path
) -> None:
    hub.hold("unc-nlp/lxmert-base-uncased", "vocab.txt", (tiny_folder / "vocab.txt").read_bytes())
    for revision in ("main", COMMIT):
        del hub.files[f"/{REPOSITORY}/resolve/{revision}/vocab.txt"]
    fetched("lxmert-vqa", models)
    brought = models / "lxmert-vqa" / "vocab.txt"
    assert brought.read_bytes() == (tiny_folder / "vocab.txt").read_bytes()
    assert hub.asked(f"lxmert-base-uncased/resolve/{COMMIT}/vocab.txt") == [""]


def test_a_renamed_repository_is_followed(hub: Hub, models: Path) -> None:
    for name in ("config.json", "vocab.txt", "model.safetensors", "pytorch_model.bin"):
        old = f"/unc-nlp/lxmert-gqa-uncased/resolve/{{}}/{name}"
        for revision in ("main", COMMIT):
            hub.moved[old.format(revision)] = f"/{REPOSITORY}/resolve/{revision}/{name}"
    fetched("lxmert-gqa", models)
    assert find("lxmert-gqa", models) == models / "lxmert-gqa"
    assert hub.asked("lxmert-vqa-uncased/resolve/main/config.json", "HEAD")  # where it moved to


def test_an_unknown_repository_is_one_sentence(hub: Hub, models: Path) -> None:
    hub.answers["/me/private/resolve/main/config.json"] = [401]
    with pytest.raises(DownloadError, match="no me/private at .*or it is private"):
        plan("me/private", models)
    with pytest.raises(DownloadError, match="no config.json"):
        plan("me/absent", models)
    hub.answers["/me/busy/resolve/main/config.json"] = [503]
    with pytest.raises(DownloadError, match="503"):
        plan("me/busy", models)


@pytest.mark.parametrize(
    "name",
    ["../up", "a/../b", "/etc", "a/b/c", "a", "a/", "a b/c", "a--b/c", "a/b..c", "x" * 99 + "/y"],
)
def test_names_that_are_no_repositories_ask_nobody(hub: Hub, models: Path, name: str) -> None:
    with pytest.raises(CheckpointError, match="cannot be fetched"):
        plan(name, models)
    assert hub.requests == []
    assert list(models.iterdir()) == []


def test_a_mirror_that_tells_no_hashes_is_not_trusted(hub: Hub, models: Path) -> None:
    hub.tells_digests = False
    with pytest.raises(DownloadError, match="cannot be checked"):
        plan("lxmert-vqa", models)


@pytest.mark.parametrize("address", ["ftp://x", "huggingface.co", "https://a b", "file:///etc"])
def test_an_endpoint_that_is_no_address_is_named(
    models: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("HF_ENDPOINT", address)
    with pytest.raises(DownloadError, match="HF_ENDPOINT"):
        plan("lxmert-vqa", models)


def test_too_little_room_is_told_before_anything_comes(
    hub: Hub, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = plan("lxmert-vqa", models)
    usage = shutil.disk_usage(models)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DownloadError, match="1.0 kB free"):
        fetch(chosen, unheard)
    assert hub.asked("pytorch_model.bin") == []


def test_two_at_once_do_not_write_into_one_file(hub: Hub, models: Path) -> None:
    chosen = plan("lxmert-vqa", models)

    def meanwhile(progress: Progress) -> None:
        with pytest.raises(DownloadError, match="already"):
            fetch(chosen, unheard)
        with pytest.raises(DownloadError, match="already"):
            remove("lxmert-vqa", models)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(chosen, meanwhile)


def test_removing_takes_what_was_fetched_and_leaves_what_was_not(hub: Hub, models: Path) -> None:
    own = models / "mine"
    own.mkdir()
    (own / "config.json").write_text("{}")
    chosen = fetched("lxmert-vqa", models)
    (chosen.folder / "scope.json").write_text("{}")
    copy = chosen.folder / "detector" / "converted.safetensors"  # made when it was first opened
    copy.touch()
    assert remove("lxmert-vqa", models) > 1000
    assert not copy.exists()
    assert sorted(str(p.relative_to(models)) for p in models.rglob("*.json")) == [
        "lxmert-vqa/scope.json",
        "mine/config.json",
    ]
    with pytest.raises(CheckpointError, match="mine was not fetched"):
        remove("mine", models)


def test_a_record_that_names_files_outside_is_refused(models: Path) -> None:
    folder = models / "evil"
    folder.mkdir()
    victim = models / "victim"
    victim.write_text("x")
    entry = {"path": "../victim", "urls": [], "size": 1, "digest": "sha256:x", "needed": True}
    record = {"name": "evil", "repository": "a/b", "commit": "c", "files": [entry], "notes": []}
    (folder / RECORD).write_text(json.dumps(record))
    with pytest.raises(CheckpointError, match="damaged"):
        remove("evil", models)
    assert victim.exists()


def test_progress_tells_bytes_speed_and_time_left() -> None:
    line = Progress("pytorch_model.bin", 300_000_000, 1_000_000_000, 5_000_000.0).line()
    assert line == "pytorch_model.bin: 300.0 MB of 1.00 GB, 5.0 MB/s, 2 min left"
    assert Progress("a", 0, 10, 0.0).line() == "a: 0 bytes of 10 bytes"
    assert [in_words(n) for n in (0, 999, 1000, 2_500_000)] == [
        "0 bytes",
        "999 bytes",
        "1.0 kB",
        "2.5 MB",
    ]


def test_progress_goes_from_nothing_to_everything(hub: Hub, models: Path) -> None:
    heard: list[Progress] = []
    fetch(plan("lxmert-vqa", models), heard.append)
    assert heard[0].done == 0
    assert heard[-1].share == 1
    assert [p.done for p in heard] == sorted(p.done for p in heard)


def test_the_table_has_the_addresses_and_sizes_of_every_file() -> None:
    assert [known.answers for known in KNOWN[1:]] == [9500, 3129, 1842]
    for known in KNOWN[1:]:
        files = {file.path: file for file in (*DETECTOR_FILES, known.answer_list)}
        rest = known.download_bytes - sum(file.size for file in files.values())
        assert rest == known.weight_bytes > 800_000_000
        addresses = known.addresses()
        assert addresses.keys() == {*files, "config.json", "pytorch_model.bin", "vocab.txt"}
        own = f"https://huggingface.co/{known.repository}/resolve/main"
        assert addresses["pytorch_model.bin"] == f"{own}/pytorch_model.bin"


@pytest.mark.parametrize(
    ("published", "file"),
    [
        ("lxmert_all_ans.json", ANSWER_LISTS[9500]),
        ("vqa_label2ans.json", ANSWER_LISTS[3129]),
        ("gqa_label2ans.json", ANSWER_LISTS[1842]),
        ("objects_vocab.txt", DETECTOR_FILES[0]),
        ("attributes_vocab.txt", DETECTOR_FILES[1]),
    ],
)
def test_sizes_and_digests_are_those_of_the_published_files(
    test_data: Path, published: str, file: RemoteFile
) -> None:
    assert matches(test_data / published, file)


def test_fetch_and_cache_from_the_command_line(
    hub: Hub, models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ["--models", str(models)]
    assert main(["fetch", "lxmert-vqa", "--list", *place]) == 0
    shown = capsys.readouterr().out
    assert "to download into" in shown
    assert f"{hub.address}/raw/detector/objects.txt" in shown
    assert list(models.iterdir()) == []
    assert main(["fetch", "lxmert-vqa", *place]) == 0
    shown = capsys.readouterr()
    assert "are free" in shown.out
    assert f"lxmert-vqa is whole and checked in {models / 'lxmert-vqa'}" in shown.out
    assert "100%" in shown.err
    assert main(["cache", *place]) == 0
    assert "1 downloaded checkpoints" in capsys.readouterr().out
    assert main(["cache", "--clear", *place]) == 0
    assert "lxmert-vqa: " in capsys.readouterr().out
    assert list(models.iterdir()) == []
    assert main(["fetch", "vilbert", *place]) == 2
    assert main(["cache", "--clear", "lxmert-gqa", *place]) == 2
