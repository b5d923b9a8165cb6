"""Weights that a hub holds in several files."""

import json
from pathlib import Path

import pytest

from lxmert_viz.checkpoints.fetching import plan
from lxmert_viz.errors import CheckpointError, DownloadError
from tests.checkpoints.test_fetching import fetched, models
from tests.conftest import ANSWERS
from tests.helpers.hub_server import REPOSITORY, Hub

__all__ = ["models"]  # a fixture


def publish_in_parts(hub: Hub, folder: Path, named: tuple[str, str]) -> None:
    """The weights as two files and an index that names them, instead of one file."""
    from safetensors.torch import load_file, save

    for address in [a for a in hub.files if a.endswith("/pytorch_model.bin")]:
        del hub.files[address]
    tensors = list(load_file(folder / "model.safetensors").items())
    halves = dict(tensors[::2]), dict(tensors[1::2])
    for part, half in zip(("first.safetensors", "second.safetensors"), halves, strict=True):
        hub.hold(REPOSITORY, part, save(half))
    places = {name: part for part, half in zip(named, halves, strict=True) for name in half}
    index = json.dumps({"metadata": {}, "weight_map": places}).encode()
    hub.hold(REPOSITORY, "model.safetensors.index.json", index)


def test_weights_in_parts_come_with_all_their_parts(
    hub: Hub, models: Path, tiny_folder: Path
) -> None:
    from lxmert_viz.pipeline import Pipeline

    publish_in_parts(hub, tiny_folder, ("first.safetensors", "second.safetensors"))
    fetched("lxmert-vqa", models)
    assert (models / "lxmert-vqa" / "second.safetensors").exists()
    assert Pipeline.open("lxmert-vqa", device="cpu", models=models).answer_vocabulary == ANSWERS


@pytest.mark.parametrize(
    ("second", "kind", "sentence"),
    [
        ("third.safetensors", DownloadError, "lacks third.safetensors"),
        ("../second.safetensors", CheckpointError, "not the name of a file"),
    ],
)
def test_parts_that_are_not_there_or_elsewhere_are_refused(
    hub: Hub, models: Path, tiny_folder: Path, second: str, kind: type[Exception], sentence: str
) -> None:
    publish_in_parts(hub, tiny_folder, ("first.safetensors", second))
    with pytest.raises(kind, match=sentence):
        plan("lxmert-vqa", models)
    assert not list(models.rglob("*.safetensors"))
