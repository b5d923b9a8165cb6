"""The person's token, proxies and cache, at a hub on this machine."""

import shutil
from pathlib import Path

import pytest
from huggingface_hub import constants, hf_hub_download
from huggingface_hub.utils import close_session

from lxmert_viz.checkpoints import hub as client
from lxmert_viz.checkpoints.fetching import plan
from lxmert_viz.checkpoints.folder import find
from lxmert_viz.errors import DownloadError
from lxmert_viz.model.files.naming import WORDS
from lxmert_viz.model.lxmert import LxmertForPreTraining
from lxmert_viz.model.tokenizer import LxmertTokenizerFast
from tests.checkpoints.test_fetching import fetched, models
from tests.helpers.hub_server import REPOSITORY, Hub

__all__ = ["models"]  # a fixture


def test_a_private_repository_opens_to_the_token_of_the_environment(
    hub: Hub, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.tokens[REPOSITORY] = "hf_right"
    with pytest.raises(DownloadError, match="or it is private: log in with `hf auth login`"):
        plan("lxmert-vqa", models)
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(DownloadError, match="HF_TOKEN"):
        plan("lxmert-vqa", models)
    monkeypatch.setenv("HF_TOKEN", "hf_right")
    fetched("lxmert-vqa", models)
    assert find("lxmert-vqa", models)


def test_the_token_of_hf_auth_login_is_used(hub: Hub, models: Path) -> None:
    hub.tokens[REPOSITORY] = "hf_kept"
    Path(constants.HF_TOKEN_PATH).write_text("hf_kept")
    fetched("lxmert-vqa", models)


def test_the_token_goes_to_the_hub_alone(
    hub: Hub, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_right")
    fetched("lxmert-vqa", models)
    assert {token for path, token in hub.told if path.startswith("/raw/")} == {""}


def test_terms_that_nobody_accepted_are_named(hub: Hub, models: Path) -> None:
    hub.gated.add(REPOSITORY)
    with pytest.raises(DownloadError, match=f"{REPOSITORY} at .* is gated: accept its terms"):
        plan("lxmert-vqa", models)


def test_what_the_persons_cache_holds_is_not_brought_again(hub: Hub, models: Path) -> None:
    kept = Path(hf_hub_download(REPOSITORY, "pytorch_model.bin", endpoint=hub.address))
    asked = len(hub.asked("/pytorch_model.bin"))
    chosen = plan("lxmert-vqa", models)
    assert chosen.missing_bytes() == chosen.total_bytes - kept.stat().st_size
    fetched("lxmert-vqa", models)
    assert len(hub.asked("/pytorch_model.bin")) == asked
    assert (models / "lxmert-vqa" / "pytorch_model.bin").samefile(kept.resolve())


def test_a_damaged_file_of_the_cache_is_not_believed(hub: Hub, models: Path) -> None:
    kept = Path(hf_hub_download(REPOSITORY, "pytorch_model.bin", endpoint=hub.address)).resolve()
    kept.write_bytes(bytes(kept.stat().st_size))
    fetched("lxmert-vqa", models)
    assert (models / "lxmert-vqa" / "pytorch_model.bin").read_bytes() != kept.read_bytes()


def test_a_repository_in_the_cache_opens_by_its_name_without_network(
    hub: Hub, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("config.json", "pytorch_model.bin", "vocab.txt"):
        kept = hf_hub_download(REPOSITORY, name, endpoint=hub.address)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert find(REPOSITORY, models) == Path(kept).parent


def test_a_break_is_taken_up_where_it_was(hub: Hub, models: Path) -> None:
    chosen = plan("lxmert-vqa", models)
    (weights,) = (file for file in chosen.files if file.path == "pytorch_model.bin")
    address = weights.urls[0].removeprefix(hub.address)
    hub.drops[address] = [10_000]
    fetched("lxmert-vqa", models)
    assert [asked for asked in hub.asked(address) if asked] == ["bytes=10000-"] * 2  # and its place
    assert find("lxmert-vqa", models)


def test_proxies_are_used(hub: Hub, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.invalid")
    monkeypatch.setenv("HTTP_PROXY", hub.address)
    monkeypatch.setenv("http_proxy", hub.address)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    close_session()  # a session reads its proxies once
    try:
        listed = client.look_up(REPOSITORY, "config.json")
    finally:
        close_session()
    assert listed is not None
    assert listed.file.urls[0].startswith("http://hub.invalid/")


def test_networks_and_tokenizers_come_by_their_name_on_the_hub(
    hub: Hub, tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LXMERT_VIZ_MODELS", str(tmp_path))
    network = LxmertForPreTraining.from_pretrained(REPOSITORY, torch_dtype="float64")
    own = LxmertForPreTraining.from_pretrained(tiny_folder, dtype="float64")
    assert network.get_parameter(WORDS).equal(own.get_parameter(WORDS))
    words = LxmertTokenizerFast.from_pretrained(REPOSITORY)
    assert words.vocab == LxmertTokenizerFast.from_pretrained(tiny_folder).vocab
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # nobody is there
    LxmertForPreTraining.from_pretrained(REPOSITORY)
    with pytest.raises(DownloadError, match="does not answer"):
        LxmertForPreTraining.from_pretrained("me/other")


def test_a_fetched_model_comes_before_the_hub(
    hub: Hub, tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LXMERT_VIZ_MODELS", str(tmp_path))
    shutil.copytree(tiny_folder, tmp_path / "unc-nlp--lxmert-vqa-uncased")
    LxmertForPreTraining.from_pretrained(REPOSITORY)
    assert hub.requests == []
