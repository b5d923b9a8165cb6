"""The config.yaml beside the published detector -> DetectorConfig."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from lxmert_viz.config import DetectorConfig, RegionProfile
from lxmert_viz.errors import CheckpointError

BLOCKS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
FIXED: dict[tuple[str, str], Any] = {  # what this network is built for
    ("model", "max_pool"): True,
    ("model", "pixel_std"): [1.0, 1.0, 1.0],
    ("input", "format"): "BGR",
    ("resnets", "stride_in_1x1"): True,
    ("resnets", "num_groups"): 1,
    ("roi_box_head", "res5halve"): False,  # means: res5 without stride, its 3x3 dilated by 2
    ("roi_box_head", "cls_agnostic_bbox_reg"): False,
}


def read_published_config(path: Path) -> DetectorConfig:
    """Raises CheckpointError for a broken file, and for settings that this network cannot have."""
    try:
        values = yaml.safe_load(path.read_text())
        _check_fixed(values, path)
        return _config(values)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise CheckpointError(f"{path} cannot be read as YAML: {error}.") from error
    except (KeyError, TypeError, IndexError, ValueError, ArithmeticError) as error:
        raise CheckpointError(
            f"{path} does not describe the published detector ({type(error).__name__}: {error})."
        ) from error


def _check_fixed(values: Mapping[str, Any], path: Path) -> None:
    for (group, name), needed in FIXED.items():
        found = values[group][name]
        if found != needed:
            raise CheckpointError(
                f"{path} says {group}.{name} is {found!r}; the detector here is built for "
                f"{needed!r}, and its features would be wrong."
            )


def _config(values: Mapping[str, Any]) -> DetectorConfig:
    resnets, rpn, head = values["resnets"], values["rpn"], values["roi_box_head"]
    anchors, seen = values["anchor_generator"], values["input"]
    counts = (int(values["min_detections"]), int(values["max_detections"]))
    profiles = DetectorConfig().profiles | {
        "demo": RegionProfile(seen["min_size_test"], seen["max_size_test"], "agnostic", *counts)
    }
    return DetectorConfig(
        stem_channels=resnets["stem_out_channels"],
        width=resnets["width_per_group"],
        res2_channels=resnets["res2_out_channels"],
        blocks=BLOCKS[resnets["depth"]],
        rpn_channels=values["proposal_generator"]["hidden_channels"],
        anchor_sizes=tuple(map(float, anchors["sizes"][0])),
        anchor_ratios=tuple(map(float, anchors["aspect_ratios"][0])),
        rpn_pre_nms=rpn["pre_nms_topk_test"],
        rpn_post_nms=rpn["post_nms_topk_test"],
        rpn_nms=rpn["nms_thresh"],
        pooler_resolution=head["pooler_resolution"],
        num_objects=values["roi_heads"]["num_classes"],
        num_attributes=head["num_attrs"] if head["attr"] else 0,
        box_weights=tuple(head["bbox_reg_weights"]),
        pixel_mean_bgr=tuple(values["model"]["pixel_mean"]),
        profiles=profiles,
    )
