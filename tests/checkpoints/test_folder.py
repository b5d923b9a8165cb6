import json
import re
import shutil
from pathlib import Path

import pytest

from lxmert_viz.checkpoints import contents, known
from lxmert_viz.checkpoints.contents import Scope
from lxmert_viz.checkpoints.folder import (
    MODELS_VARIABLE,
    called,
    find,
    installed,
    missing_detector_files,
    without_detector,
)
from lxmert_viz.checkpoints.known import KNOWN
from lxmert_viz.errors import CheckpointError
from lxmert_viz.places import ASSETS

PUBLISHED = [checkpoint for checkpoint in KNOWN if checkpoint.repository]


@pytest.fixture
def folder(tmp_path: Path, tiny_folder: Path) -> Path:
    """A complete checkpoint that a test may break."""
    return Path(shutil.copytree(tiny_folder, tmp_path / "models" / "mine"))


def test_a_folder_is_found_by_its_path(folder: Path) -> None:
    assert find(folder) == folder
    assert find(str(folder)) == folder


def test_a_folder_is_found_by_its_name_among_the_models(folder: Path) -> None:
    assert find("mine", folder.parent) == folder


def test_the_environment_names_the_models_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MODELS_VARIABLE, str(folder.parent))
    assert find("mine") == folder


def test_a_published_name_is_looked_for_among_the_models(folder: Path) -> None:
    own = folder.rename(folder.parent / "lxmert-vqa")
    assert find("lxmert-vqa", own.parent) == own


@pytest.mark.parametrize(
    ("file", "listed"),
    [
        ("model.safetensors", "model.safetensors or pytorch_model.bin is missing"),
        ("vocab.txt", "vocab.txt or tokenizer.json is missing"),
    ],
)
def test_a_missing_file_is_named(folder: Path, file: str, listed: str) -> None:
    (folder / file).unlink()
    with pytest.raises(CheckpointError, match=listed):
        find(folder)


def test_a_torch_file_serves_as_well_as_safetensors(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    assert find(folder) == folder


@pytest.mark.parametrize("file", ["model.safetensors", "objects.txt", "attributes.txt"])
def test_a_folder_opens_without_what_only_the_detector_needs(folder: Path, file: str) -> None:
    assert missing_detector_files(folder) == []
    assert without_detector(folder) == ""
    (folder / "detector" / file).unlink()
    assert find(folder) == folder
    assert installed(folder.parent) == ("miniature", "mine")
    (missing,) = missing_detector_files(folder)
    assert f"detector/{file}" in missing
    assert f"detector/{file}" in without_detector(folder)


def test_a_hub_cache_folder_is_what_its_main_branch_holds(folder: Path) -> None:
    cache = folder.parent / "models--me--mine"
    shutil.copytree(folder, cache / "snapshots" / "abc")
    assert find(cache) == cache / "snapshots" / "abc"  # the only one
    shutil.copytree(folder, cache / "snapshots" / "def")
    with pytest.raises(CheckpointError, match="snapshots: abc, def"):
        find(cache)
    (cache / "refs").mkdir()
    (cache / "refs" / "main").write_text("def")
    assert find(cache) == cache / "snapshots" / "def"
    assert called(find(cache)) == "me/mine"
    assert "models--me--mine" in installed(folder.parent)


@pytest.mark.parametrize("checkpoint", PUBLISHED)
def test_a_published_model_that_is_not_there_says_where_to_put_what(
    tmp_path: Path, checkpoint: known.KnownCheckpoint
) -> None:
    with pytest.raises(CheckpointError) as raised:
        find(checkpoint.name, tmp_path)
    message = str(raised.value)
    assert str(tmp_path / checkpoint.name) in message
    assert f"huggingface.co/{checkpoint.repository}/resolve/main/config.json" in message
    files = ("config.json", "pytorch_model.bin", "vocab.txt", "answers.json")
    for file in (*files, "detector/pytorch_model.bin", "detector/objects.txt"):
        assert re.search(rf"{re.escape(file)} from https://\S+", message)
    assert f"python -m lxmert_viz fetch {checkpoint.name}" in message


def test_an_unknown_model_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="'vilbert'.*miniature, lxmert-base") as raised:
        find("vilbert", tmp_path)
    assert str(tmp_path) in str(raised.value)


def test_a_models_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no-such-place"):
        find("lxmert-vqa", tmp_path / "no-such-place")


def test_installed_models_are_the_shipped_one_and_every_complete_folder(folder: Path) -> None:
    (folder.parent / "half").mkdir()
    shutil.copy(folder / "config.json", folder.parent / "half")
    assert installed(folder.parent) == ("miniature", "mine")


def test_without_a_models_folder_only_the_shipped_model_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(MODELS_VARIABLE, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert installed() == ("miniature",)


def test_the_shipped_model_is_complete() -> None:
    assert find("miniature") == ASSETS / "miniature"


def test_a_folder_without_a_scope_has_that_of_the_published_checkpoints(folder: Path) -> None:
    (folder / "scope.json").unlink()
    scope = contents.read_scope(folder)
    assert scope == Scope()
    assert scope.longest_text == 20
    assert "photographs" in scope.world


@pytest.mark.parametrize("content", ['{"wrold": "x"}', '["x"]', '{"answers_trained_as": "relu"}'])
def test_a_scope_that_means_nothing_is_refused(folder: Path, content: str) -> None:
    (folder / "scope.json").write_text(content)
    with pytest.raises(CheckpointError, match="scope.json"):
        contents.read_scope(folder)


def test_the_pretraining_list_of_answers_is_read_as_published(folder: Path) -> None:
    entries = [{"ans": "yes", "dsets": ["vqa"]}, {"ans": "no", "dsets": []}]
    (folder / "answers.json").write_text(json.dumps(entries))
    assert contents.read_answers(folder) == ("yes", "no")


@pytest.mark.parametrize(
    "content", ['{"no": 1, "yes": 0}', '{"1": "no", "0": "yes"}', '["yes", "no"]']
)
def test_answers_are_read_in_every_form_that_training_code_writes(
    folder: Path, content: str
) -> None:
    (folder / "answers.json").write_text(content)
    assert contents.read_answers(folder) == ("yes", "no")


def test_answers_that_are_numbers_are_told_from_labels(folder: Path) -> None:
    (folder / "answers.json").write_text('{"2": 0, "0": 1, "1": 2}')
    assert contents.read_answers(folder) == ("2", "0", "1")


def test_without_a_list_the_names_of_config_json_are_taken(folder: Path) -> None:
    (folder / "answers.json").unlink()
    config = json.loads((folder / "config.json").read_text())
    named = {"1": "no", "0": "yes"}
    (folder / "config.json").write_text(json.dumps(config | {"id2label": named}))
    assert contents.read_answers(folder) == ("yes", "no")
    unnamed = {"0": "LABEL_0", "1": "LABEL_1"}
    (folder / "config.json").write_text(json.dumps(config | {"id2label": unnamed}))
    assert contents.read_answers(folder) == ()


@pytest.mark.parametrize(
    "content",
    ['{"yes": 1}', '{"a": 0, "b": 0}', '{"0": 1, "yes": "no"}', '["yes", 3]', '[{"b": "c"}]', "7"],
)
def test_a_list_of_answers_that_names_none_is_refused(folder: Path, content: str) -> None:
    (folder / "answers.json").write_text(content)
    with pytest.raises(CheckpointError, match="answers.json"):
        contents.read_answers(folder)


def test_of_synonyms_the_first_names_a_region(folder: Path) -> None:
    (folder / "detector" / "objects.txt").write_bytes(b"tshirt,t-shirt,t shirt\r\ndog\r\ncat")
    names = contents.read_region_names(folder)
    assert names.objects == ("tshirt", "dog", "cat")
    assert names.of(0, 2) == "blue tshirt"


@pytest.mark.parametrize(
    ("checkpoint", "file"),
    [
        (PUBLISHED[0], "lxmert_all_ans.json"),
        (PUBLISHED[1], "vqa_label2ans.json"),
        (PUBLISHED[2], "gqa_label2ans.json"),
    ],
)
def test_published_answer_lists_have_the_length_of_their_heads(
    folder: Path, test_data: Path, checkpoint: known.KnownCheckpoint, file: str
) -> None:
    shutil.copy(test_data / file, folder / "answers.json")
    assert len(contents.read_answers(folder)) == checkpoint.answers


def test_published_region_names_are_1600_and_400(folder: Path, test_data: Path) -> None:
    for name in ("objects", "attributes"):
        shutil.copy(test_data / f"{name}_vocab.txt", folder / "detector" / f"{name}.txt")
    names = contents.read_region_names(folder)
    assert len(set(names.objects)) == len(names.objects) == 1600
    assert len(names.attributes) == 400
    assert names.of(16, 1) == "multi colored stop sign"
