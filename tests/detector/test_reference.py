"""The full-size detector against what the reference computed with the same stand-in weights.

One network, one picture, looked at once: about a minute on two cores.
"""

import json
import zlib
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor

from lxmert_viz.config import DetectorConfig, RegionProfile
from lxmert_viz.detector.boxes import clip_xyxy, decode_deltas
from lxmert_viz.detector.network import FasterRCNN, RegionHeads
from lxmert_viz.detector.preprocessing import ScaledPicture, preprocess
from lxmert_viz.detector.selection import Selection, select, select_agnostic, select_per_class
from tests.helpers.detector_weights import VECTORS, stand_in_detector, stand_in_picture_bgr

EXPECTED = json.loads((VECTORS / "expected.json").read_text())
ARRAYS = dict(np.load(VECTORS / "expected.npz"))
DEMO = RegionProfile(320, 533, "agnostic")
TRAINED = RegionProfile(320, 533, "per_class")
WEIGHTS = DetectorConfig().box_weights


class Look(NamedTuple):
    picture: ScaledPicture
    stem: Tensor
    features: Tensor
    proposals: Tensor
    logits: Tensor
    heads: RegionHeads

    def class_boxes(self) -> Tensor:
        boxes = decode_deltas(self.proposals[:, None], self.heads.box_deltas, WEIGHTS)
        return clip_xyxy(boxes, self.picture.size)


@pytest.fixture(scope="module")
def look() -> Look:
    network: FasterRCNN = stand_in_detector()
    bgr = stand_in_picture_bgr()
    assert zlib.crc32(bgr.tobytes()) == EXPECTED["image"]["crc32"]
    picture = preprocess(bgr[..., ::-1], DEMO, network.config.pixel_mean_bgr)
    with torch.inference_mode():
        stem = network.backbone.stem(picture.pixels)
        features = network.features(picture.pixels)
        proposals, logits = network.propose(features, picture.size)
        heads = network.describe(features, proposals)
    return Look(picture, stem, features, proposals, logits, heads)


@pytest.fixture(scope="module")
def demo(look: Look) -> Selection:
    return select(look.heads, look.proposals, look.picture.size, WEIGHTS, DEMO)


def test_the_picture_is_resized_as_in_the_reference(look: Look) -> None:
    expected = EXPECTED["preprocess"]
    pixels = look.picture.pixels
    assert list(look.picture.size) == expected["resized_hw"]
    assert pixels.mean().item() == pytest.approx(expected["tensor_mean"], abs=1e-4)
    assert pixels[0, :, 100, 200].tolist() == pytest.approx(expected["at_y100_x200"], abs=1e-3)
    assert pixels[0, :, 0, 0].tolist() == pytest.approx(expected["at_0_0"], abs=1e-3)


def test_stem_and_res4_are_those_of_the_reference(look: Look) -> None:
    assert list(look.stem.shape) == EXPECTED["stem"]["shape"]
    assert look.stem.mean().item() == pytest.approx(EXPECTED["stem"]["mean"], abs=1e-5)
    assert list(look.features.shape) == EXPECTED["res4"]["shape"]
    assert look.features.mean().item() == pytest.approx(EXPECTED["res4"]["mean"], abs=1e-5)
    first = look.features[0, 0, 0, :8].tolist()
    assert first == pytest.approx(EXPECTED["res4"]["first8_of_ch0_row0"], abs=1e-4)


def test_all_proposals_are_those_of_the_reference(look: Look) -> None:
    assert len(look.proposals) == EXPECTED["proposals"]["count"]
    assert np.abs(look.proposals.numpy() - ARRAYS["proposals"]).max() < 1e-2
    assert look.logits[:5].tolist() == pytest.approx(EXPECTED["proposals"]["top5_logits"], abs=1e-4)


def test_pooled_features_are_those_of_the_reference(look: Look) -> None:
    expected = EXPECTED["heads"]
    assert look.heads.feats.mean().item() == pytest.approx(expected["pooled_mean"], abs=1e-5)
    first = look.heads.feats[0, :8].tolist()
    assert first == pytest.approx(expected["pooled_row0_first8"], abs=1e-4)
    classes = look.heads.class_logits.argmax(1)
    assert (classes == 1600).sum().item() == expected["cls_argmax_background"]


def test_the_demo_profile_picks_the_regions_of_the_reference(look: Look, demo: Selection) -> None:
    assert demo.indices.tolist() == EXPECTED["policy_hf"]["proposal_ids"]
    assert demo.object_ids.tolist() == ARRAYS["obj_ids"].tolist()
    assert demo.attribute_ids.tolist() == ARRAYS["attr_ids"].tolist()
    assert np.abs(demo.scores.numpy() - ARRAYS["obj_probs"]).max() < 1e-4
    assert np.abs(demo.attribute_scores.numpy() - ARRAYS["attr_probs"]).max() < 1e-4
    assert np.abs(look.heads.feats[demo.indices].numpy() - ARRAYS["roi_features"]).max() < 1e-4


def test_the_demo_profiles_boxes_are_those_of_the_reference(look: Look, demo: Selection) -> None:
    unit = look.picture.unit_from_px(demo.boxes_px).numpy()
    assert np.abs(unit - ARRAYS["normalized_boxes"]).max() < 5e-5
    assert np.abs(unit * [200, 150, 200, 150] - ARRAYS["boxes"]).max() < 1e-2


def test_thresholds_from_a_third_pick_what_the_coco_script_picks(look: Look) -> None:
    expected = EXPECTED["policy_coco_maxnms"]
    picked = select_agnostic(look.heads, look.class_boxes(), DEMO, expected["thresholds"])
    assert picked.indices.tolist() == expected["proposal_ids"]
    assert picked.object_ids.tolist() == expected["obj_ids"]


def test_the_trained_profile_picks_what_the_caffe_rule_picks(look: Look) -> None:
    expected = EXPECTED["policy_lxmert_caffe_rule"]
    picked = select_per_class(look.heads, look.proposals, TRAINED)
    assert picked.indices.tolist() == expected["proposal_ids"]
    assert picked.object_ids.tolist() == expected["obj_ids"]
    assert torch.equal(picked.boxes_px, look.proposals[picked.indices])
    generous = RegionProfile(320, 533, "per_class", 0, 300, 0.2)
    confident = select_per_class(look.heads, look.proposals, generous)
    assert len(confident.indices) == expected["above_0p2"]
    assert confident.indices.tolist() == sorted(confident.indices.tolist())
