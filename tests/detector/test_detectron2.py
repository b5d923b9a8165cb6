"""detectron2 as the backend: the same numbers as the reference, where it is installed."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from lxmert_viz.config import DetectorConfig, RegionProfile
from lxmert_viz.detector import detectron2
from lxmert_viz.detector.preprocessing import preprocess
from lxmert_viz.detector.selection import detect, select
from lxmert_viz.errors import CheckpointError
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.places import ASSETS
from tests.helpers.detector_weights import VECTORS, stand_in_detector, stand_in_picture_bgr

EXPECTED = json.loads((VECTORS / "expected.json").read_text())
DEMO = RegionProfile(320, 533, "agnostic")
needs_it = pytest.mark.skipif(
    not detectron2.is_here(),
    reason="detectron2 is not installed; scripts/build_detectron2.sh builds it",
)


def test_without_it_a_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detectron2, "is_here", lambda: False)
    with pytest.raises(CheckpointError, match="build it with scripts/build_detectron2.sh"):
        detectron2.visual_genome_detector(DetectorConfig(), {})
    with pytest.raises(CheckpointError, match="detectron2 is not installed"):
        detectron2.zoo_detector(Path("a.yaml"), {})


@needs_it
def test_it_agrees_with_the_reference_and_with_the_own_network() -> None:
    own = stand_in_detector()
    backend = detectron2.visual_genome_detector(own.config, own.state_dict())
    arrays = dict(np.load(VECTORS / "expected.npz"))
    picture = preprocess(stand_in_picture_bgr()[..., ::-1], DEMO, own.config.pixel_mean_bgr)
    with torch.inference_mode():
        features = backend.features(picture.pixels)
        proposals, logits = backend.propose(features, picture.size)
        fewer, _ = backend.propose(features, picture.size, 20)
        heads = backend.describe(features, proposals)
        expected_features = own.features(picture.pixels)
        own_proposals, _ = own.propose(expected_features, picture.size)
        own_heads = own.describe(expected_features, own_proposals)
    chosen = select(heads, proposals, picture.size, own.config.box_weights, DEMO)
    apart = {
        "res4": (features - expected_features).abs().max(),
        "proposals_px": (proposals - own_proposals).abs().max(),
        "features": (heads.feats - own_heads.feats).abs().max(),
        "class_logits": (heads.class_logits - own_heads.class_logits).abs().max(),
        "attribute_logits": (heads.attribute_logits - own_heads.attribute_logits).abs().max(),
    }
    print({name: float(value) for name, value in apart.items()})
    assert len(proposals) == EXPECTED["proposals"]["count"]
    assert np.abs(proposals.numpy() - arrays["proposals"]).max() < 1e-2
    assert chosen.indices.tolist() == EXPECTED["policy_hf"]["proposal_ids"]
    assert chosen.object_ids.tolist() == arrays["obj_ids"].tolist()
    assert chosen.attribute_ids.tolist() == arrays["attr_ids"].tolist()
    assert np.abs(heads.feats[chosen.indices].numpy() - arrays["roi_features"]).max() < 1e-4
    assert np.abs(chosen.scores.numpy() - arrays["obj_probs"]).max() < 1e-4
    assert max(apart["res4"], apart["features"], apart["attribute_logits"]) < 1e-4
    assert torch.equal(fewer, proposals[:20])


@needs_it
def test_the_miniature_sees_the_same_through_it() -> None:
    picture = (ASSETS / "scenes" / "scene-1.png").read_bytes()
    own, other = (
        Pipeline.open("miniature", device="cpu", backend=backend).look(picture)
        for backend in ("own", "detectron2")
    )
    assert own.names == other.names and len(own) > 3
    assert np.abs(own.boxes_unit - other.boxes_unit).max() < 1e-4
    assert np.abs(own.feats - other.feats).max() < 1e-3


@needs_it
def test_a_config_of_the_zoo_makes_regions_of_the_right_size() -> None:
    from detectron2.config import get_cfg
    from detectron2.modeling import build_model

    folder = Path(detectron2.importlib.util.find_spec("detectron2").origin).parent
    config = folder / "model_zoo" / "configs" / "COCO-Detection" / "faster_rcnn_R_50_C4_1x.yaml"
    settings = get_cfg()
    settings.merge_from_file(str(config))
    settings.MODEL.DEVICE = "cpu"
    torch.manual_seed(0)
    network = detectron2.zoo_detector(config, build_model(settings).state_dict())
    picture = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    found = detect(network, picture, RegionProfile(64, 96, "agnostic", 5, 5), proposals=20)
    assert found.feats.shape[1] == 2048
    assert 1 <= len(found.scores) <= 5
    assert (found.object_ids < 80).all()
    with pytest.raises(CheckpointError, match="2048 features a region"):
        fpn = config.with_name("faster_rcnn_R_50_FPN_1x.yaml")
        detectron2.zoo_detector(fpn, {})
