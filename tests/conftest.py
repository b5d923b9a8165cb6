"""One tiny, complete checkpoint folder with random weights, and one photograph, made here."""

import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import settings
from PIL import Image, ImageDraw

from lxmert_viz.checkpoints.folder import MODELS_VARIABLE
from lxmert_viz.config import DetectorConfig, LxmertConfig, RegionProfile
from lxmert_viz.places import CACHE_VARIABLE, DATA_VARIABLE

if TYPE_CHECKING:  # tests of pictures or arrays should not wait for torch
    from playwright.sync_api import Browser
    from streamlit.testing.v1 import AppTest

    from lxmert_viz.pipeline import Pipeline
    from tests.helpers.hub_server import Hub
    from tests.helpers.small_page import Counted

PIECES = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "?", "##s", "##er")
WORDS = (
    "a and ball behind big blue circle color corner cube dog front green how in is it large left "
    "man many of on picture red right round shape small square the there to what where yellow"
)
OBJECTS = ("ball,globe", "cube", "dog", "man", "tree", "house")
ATTRIBUTES = ("red", "green", "blue,azure", "small", "large")
ANSWERS = ("yes", "no", "red", "green", "blue", "1", "2", "cube", "ball")
LXMERT = LxmertConfig(
    vocab_size=len(PIECES) + len(WORDS.split()),
    hidden_size=16,
    num_attention_heads=4,
    num_qa_labels=len(ANSWERS),
    num_object_labels=len(OBJECTS),
    num_attr_labels=len(ATTRIBUTES),
    intermediate_size=24,
    max_position_embeddings=64,
    initializer_range=0.4,  # at 0.02 a tiny network gives nearly the same answer to everything
    l_layers=3,
    x_layers=2,
    r_layers=2,
    visual_feat_dim=64,
)
DETECTOR = DetectorConfig(
    stem_channels=8,
    width=4,
    res2_channels=8,
    blocks=(1, 1, 1, 1),
    rpn_channels=8,
    anchor_sizes=(16.0, 32.0, 64.0),
    rpn_pre_nms=200,
    rpn_post_nms=24,
    pooler_resolution=4,
    num_objects=len(OBJECTS),
    num_attributes=len(ATTRIBUTES),
    class_embedding_size=8,
    attribute_hidden_size=8,
    profiles={
        "trained": RegionProfile(64, 128, "per_class", min_regions=4, max_regions=8),
        "demo": RegionProfile(96, 160, "agnostic", min_regions=4, max_regions=8),
    },
)
LONG = ("tests/runs/cluster/", "tests/browser/", "tests/serving/", "tests/commands/")
PLACED = (DATA_VARIABLE, MODELS_VARIABLE, "LXMERT_VIZ_STATES", "HF_HUB_CACHE")  # override the two


def pytest_configure(config: pytest.Config) -> None:
    """Nothing is kept in the person's folders, nor found there.

    Before anything is collected: huggingface_hub looks at its variable once, when it is imported.
    """
    folder = TemporaryDirectory(prefix="lxmert-viz-tests-")
    config.add_cleanup(folder.cleanup)
    os.environ[CACHE_VARIABLE] = str(Path(folder.name) / "cache")
    os.environ["HF_HOME"] = str(Path(folder.name) / "hub")
    for variable in PLACED:
        os.environ.pop(variable, None)
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    threads = max(1, (os.cpu_count() or 1) // workers)  # torch would take all in each worker
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files begin first, so that no worker is left alone with one at the end."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


settings.register_profile("unhurried", deadline=None)  # a busy machine is no fault of the code
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that a checkpoint folder holds; read only, copy it to change it."""
    import torch
    from safetensors.torch import save_file

    from lxmert_viz.detector.network import FasterRCNN
    from lxmert_viz.model.lxmert import LxmertForPreTraining

    folder = tmp_path_factory.mktemp("models") / "tiny"
    (folder / "detector").mkdir(parents=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        LxmertForPreTraining(LXMERT).save_pretrained(folder)
        detector = FasterRCNN(DETECTOR)
        save_file(detector.state_dict(), folder / "detector" / "model.safetensors")
    DETECTOR.to_file(folder / "detector" / "config.json")
    (folder / "vocab.txt").write_text("\n".join((*PIECES, *WORDS.split())) + "\n")
    (folder / "answers.json").write_text(json.dumps(ANSWERS))
    (folder / "scope.json").write_text(
        json.dumps({"world": "Nothing: its weights are random.", "longest_text": 12})
    )
    (folder / "detector" / "objects.txt").write_text("\n".join(OBJECTS))
    (folder / "detector" / "attributes.txt").write_text("\n".join(ATTRIBUTES))
    return folder


@pytest.fixture
def hub(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[Hub]":
    """A hub on this machine that has the tiny checkpoint under a published name."""
    from tests.helpers.hub_server import publish, serving

    with serving() as hub:
        publish(hub, tiny_folder, monkeypatch, tmp_path_factory.mktemp("hub-cache"))
        yield hub


@pytest.fixture(scope="session")
def tiny_pipeline(tiny_folder: Path) -> "Pipeline":
    from lxmert_viz.pipeline import Pipeline

    return Pipeline.open(tiny_folder, device="cpu")


@pytest.fixture(scope="session")
def photograph() -> bytes:
    """A JPEG of 160 x 120 pixels with a sky, a ground, a ball and a cube."""
    down = np.linspace(90, 220, 120)[:, None].repeat(160, 1)
    across = np.linspace(0, 30, 160)[None, :]
    sky = np.stack([down + across, down, 255 - down + across], -1).clip(0, 255)
    image = Image.fromarray(sky.astype(np.uint8))
    draw = ImageDraw.Draw(image)
    draw.ellipse((15, 40, 65, 90), fill=(200, 40, 30), outline=(90, 10, 10))
    draw.rectangle((90, 55, 140, 105), fill=(30, 60, 190), outline=(10, 20, 80))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=95)
    return file.getvalue()


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of published data that LXMERT_VIZ_TEST_DATA names."""
    folder = os.environ.get("LXMERT_VIZ_TEST_DATA")
    if not folder:
        pytest.skip("LXMERT_VIZ_TEST_DATA names no folder with published data")
    return Path(folder)


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """A headless Chromium: the machine's own, or else the one that Playwright installed."""
    from playwright.sync_api import sync_playwright

    from tests.helpers.chromium import find

    place = find()
    if place is None:
        pytest.skip("there is no Chromium: run `python -m tests.helpers.chromium`")
    with sync_playwright() as playwright:
        # Chromium refuses to sandbox itself for root, which is what containers run as
        started = playwright.chromium.launch(executable_path=place, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def counted(
    tiny_pipeline: "Pipeline", tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> "Iterator[Counted]":
    """The page's only pipeline; what the server keeps of any model is gone before and after."""
    from lxmert_viz.checkpoints.folder import find, models_folder
    from lxmert_viz.ui.server import models
    from tests.helpers.small_page import Counted, forget_models

    def place(name: str) -> Path:
        is_here = (models_folder() / name).is_dir()
        return tiny_folder if name == tiny_pipeline.name and not is_here else find(name)

    pipeline = Counted(tiny_pipeline)
    monkeypatch.setattr(models, "load_pipeline", lambda name: pipeline)
    monkeypatch.setattr(models, "find", place)
    forget_models()
    yield pipeline
    forget_models()


@pytest.fixture
def page(counted: "Counted") -> "AppTest":
    """The page as it opens, on the tiny checkpoint."""
    from tests.helpers.small_page import opened

    return opened()


@pytest.fixture(scope="session")
def address() -> "Iterator[str]":
    """Where the app is served, with the shipped miniature."""
    from lxmert_viz.places import APP, ASSETS
    from tests.helpers.served_page import served

    if not (ASSETS / "miniature" / "model.safetensors").exists():
        pytest.skip("the miniature's weights are not here")
    with served(APP) as found:
        yield found
