"""The detector's published files: config.yaml, the torch file, and the authors' pickles."""

import pickle
import pickletools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file

from lxmert_viz.checkpoints import contents, known
from lxmert_viz.checkpoints.folder import DETECTOR_WEIGHTS, missing_detector_files
from lxmert_viz.checkpoints.tensors import read_tensors
from lxmert_viz.config import DetectorConfig
from lxmert_viz.detector.network import FasterRCNN
from lxmert_viz.detector.published_config import read_published_config
from lxmert_viz.detector.selection import detect
from lxmert_viz.detector.weights import ANCHORS, load_detector
from lxmert_viz.errors import CheckpointError
from tests.helpers.detector_weights import TINY, tiny_detector

PKL = "faster_rcnn_from_caffe_attr.pkl"
PUBLISHED = {  # as unc-nlp/frcnn-vg-finetuned/config.yaml has it; what only training reads left out
    "model": {
        "max_pool": True,
        "pixel_mean": [102.9801, 115.9465, 122.7717],
        "pixel_std": [1.0, 1.0, 1.0],
    },
    "input": {"max_size_test": 1333, "min_size_test": 800, "format": "BGR"},
    "proposal_generator": {"hidden_channels": 512, "min_size": 0.0},
    "anchor_generator": {
        "sizes": [[64, 128, 256, 512]],
        "aspect_ratios": [[0.5, 1.0, 2.0]],
        "offset": 0,
    },
    "rpn": {"pre_nms_topk_test": 6000, "post_nms_topk_test": 300, "nms_thresh": 0.7},
    "roi_heads": {"num_classes": 1600, "nms_thresh_test": [0.5, 0.6, 0.7]},
    "roi_box_head": {
        "bbox_reg_weights": [10.0, 10.0, 5.0, 5.0],
        "pooler_resolution": 14,
        "res5halve": False,
        "attr": True,
        "num_attrs": 400,
        "cls_agnostic_bbox_reg": False,
    },
    "resnets": {
        "depth": 101,
        "num_groups": 1,
        "width_per_group": 64,
        "stride_in_1x1": True,
        "res5_dilation": 1,
        "res2_out_channels": 256,
        "stem_out_channels": 64,
    },
    "min_detections": 36,
    "max_detections": 36,
}


def written(folder: Path, **changes: dict[str, Any]) -> Path:
    path = folder / "config.yaml"
    groups = {k: {**v, **changes.get(k, {})} if k in changes else v for k, v in PUBLISHED.items()}
    path.write_text(yaml.safe_dump(groups))
    return path


def test_the_published_config_says_what_we_take_without_one(tmp_path: Path) -> None:
    assert read_published_config(written(tmp_path)) == DetectorConfig()


def test_other_sizes_are_taken_as_the_file_has_them(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        roi_heads={"num_classes": 7},
        rpn={"post_nms_topk_test": 1000},
        input={"min_size_test": 600, "max_size_test": 1000},
        roi_box_head={"attr": False},
    )
    config = read_published_config(path)
    assert (config.num_objects, config.rpn_post_nms, config.num_attributes) == (7, 1000, 0)
    assert (config.profiles["demo"].min_size, config.profiles["demo"].max_size) == (600, 1000)
    assert config.profiles["trained"] == DetectorConfig().profiles["trained"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"input": {"format": "RGB"}}, "input.format is 'RGB'"),
        ({"model": {"max_pool": False}}, "model.max_pool is False"),
        ({"model": {"pixel_std": [57.0, 57.0, 58.0]}}, "model.pixel_std"),
        ({"roi_box_head": {"res5halve": True}}, "roi_box_head.res5halve is True"),
        ({"resnets": {"depth": 18}}, "does not describe the published detector"),
        ({"anchor_generator": {"sizes": [[10**400]]}}, "does not describe the published detector"),
    ],
)
def test_settings_that_would_give_wrong_features_are_refused(
    tmp_path: Path, changes: dict[str, dict[str, Any]], sentence: str
) -> None:
    with pytest.raises(CheckpointError, match=sentence):
        read_published_config(written(tmp_path, **changes))


@pytest.mark.parametrize(
    "content", ["a: [", "- 1", "", "model: 3", "!!python/object:os.system {}", "[" * 9000]
)
def test_a_broken_config_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(content)
    with pytest.raises(CheckpointError, match="config.yaml"):
        read_published_config(path)


def arrays(network: FasterRCNN) -> dict[str, np.ndarray]:
    """As the pickles have them: without the counts of training steps."""
    state = network.state_dict().items()
    return {k: v.numpy() for k, v in state if not k.endswith("num_batches_tracked")}


def pickled(folder: Path, weights: dict[str, Any], protocol: int = 2) -> Path:
    path = folder / PKL
    content = {"model": weights, "__author__": "somebody"}
    path.write_bytes(pickle.dumps(content, protocol))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    TINY.to_file(tmp_path / "config.json")
    return tmp_path


def same_weights(one: FasterRCNN, other: FasterRCNN) -> bool:
    states = one.state_dict(), other.state_dict()
    return states[0].keys() == states[1].keys() and all(
        torch.equal(states[0][name], states[1][name]) for name in states[0]
    )


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4])
def test_the_authors_pickle_is_read(folder: Path, protocol: int) -> None:
    network = tiny_detector()
    network.proposal_generator.anchor_generator.cell_anchors.get_buffer("0").add_(7.5)
    pickled(folder, arrays(network), protocol)
    assert same_weights(load_detector(folder), network)


def test_a_pickle_of_python_2_is_read(folder: Path) -> None:
    """It holds raw bytes as text, and numpy's module under its old name."""
    content = pickle.dumps({"model": arrays(tiny_detector())}, 2)
    old = content.replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")
    assert old != content
    (folder / PKL).write_bytes(old)
    assert same_weights(load_detector(folder), tiny_detector())


def test_foreign_orders_of_bytes_and_axes_are_read(tmp_path: Path) -> None:
    values = np.arange(12, dtype=np.float32).reshape(3, 4)
    path = pickled(tmp_path, {"big": values.astype(">f4"), "columns": np.asfortranarray(values)})
    read = read_tensors(path)
    assert all(torch.equal(read[name], torch.from_numpy(values)) for name in ("big", "columns"))


def test_a_detector_without_attributes_names_objects_alone(folder: Path) -> None:
    network = tiny_detector()
    heads = ("cls_embedding", "fc_attr", "attr_score")
    weights = {k: v for k, v in arrays(network).items() if not any(h in k for h in heads)}
    pickled(folder, weights)
    plain = load_detector(folder)
    assert plain.config == replace(TINY, num_attributes=0)
    picture = np.random.default_rng(3).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    for profile in TINY.profiles.values():
        found, expected = (detect(n, picture, profile) for n in (plain, network))
        assert found.feats.tobytes() == expected.feats.tobytes()
        assert found.object_ids.tolist() == expected.object_ids.tolist()
        assert set(found.attribute_ids.tolist()) == {-1}
        assert set(found.attribute_scores.tolist()) == {0.0}
        assert found.left_out.reasons == expected.left_out.reasons
        assert set(found.left_out.attribute_ids.tolist()) == {-1}
    names = contents.RegionNames(("cat", "dog", "mat"), ())
    assert names.of(1, -1) == "dog"


def test_anchors_that_a_pickle_lacks_are_generated(folder: Path) -> None:
    network = tiny_detector()
    pickled(folder, {k: v for k, v in arrays(network).items() if k != ANCHORS})
    assert same_weights(load_detector(folder), network)


class Trap:
    def __init__(self, call: Callable[..., Any], *arguments: Any) -> None:
        self.reduced = (call, arguments)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.reduced


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_code_in_a_pickle_is_not_run(tmp_path: Path, protocol: int) -> None:
    ran = tmp_path / "ran"
    path = pickled(tmp_path, {"weight": Trap(Path.touch, ran)}, protocol)
    with pytest.raises(CheckpointError, match=r"asks for (pathlib|__builtin__|builtins)"):
        read_tensors(path)
    assert not ran.exists()
    path.write_bytes(pickle.dumps(Trap(eval, f"open({str(ran)!r}, 'w')"), protocol))
    with pytest.raises(CheckpointError, match=r"asks for (__builtin__|builtins).eval"):
        read_tensors(path)
    assert not ran.exists()


@pytest.mark.parametrize(
    "content",
    [
        [1, 2],
        {"model": [1]},
        {"model": {"weight": 3.0}},
        {"model": {3: np.zeros(2)}},
        {"model": {"weight": np.array(["text"])}},
        {"model": {"weight": np.array([None])}},
        {"model": {"weight": np.zeros(2, [("a", "f4")])}},
        {"model": {"weight": np.array([np.nan])}},
    ],
)
def test_a_pickle_of_something_else_is_refused(tmp_path: Path, content: object) -> None:
    path = tmp_path / PKL
    path.write_bytes(pickle.dumps(content, 2))
    with pytest.raises(CheckpointError):
        read_tensors(path)


def test_an_array_of_another_size_than_its_shape_is_refused(tmp_path: Path) -> None:
    path = pickled(tmp_path, {"weight": np.arange(3, dtype=np.float32)})
    content = path.read_bytes()
    shape = next(
        place
        for op, value, place in pickletools.genops(content)
        if op.name == "BININT1" and value == 3
    )
    path.write_bytes(content[: shape + 1] + b"\x09" + content[shape + 2 :])
    with pytest.raises(CheckpointError, match="damaged"):
        read_tensors(path)


def test_altered_bytes_of_a_pickle_never_escape_as_another_error(tmp_path: Path) -> None:
    path = pickled(tmp_path, {"weight": np.arange(6, dtype=np.float32), "bias": np.ones(2)})
    content = path.read_bytes()
    random, refused = np.random.default_rng(0), 0
    for _ in range(300):
        changed = bytearray(content)
        changed[random.integers(len(content))] = random.integers(256)
        path.write_bytes(changed)
        try:
            read_tensors(path)
        except CheckpointError:
            refused += 1
    assert refused > 50


@pytest.mark.parametrize("file", ["pytorch_model.bin", PKL])
def test_a_copy_in_safetensors_is_kept_and_used(
    folder: Path, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = tiny_detector()
    if file == PKL:
        pickled(folder, arrays(network))
    else:
        torch.save(network.state_dict(), folder / file)
    load_detector(folder)
    assert load_file(folder / "converted.safetensors").keys() == arrays(network).keys()
    monkeypatch.setattr("lxmert_viz.detector.weights.read_tensors", None)
    assert same_weights(load_detector(folder), network)


def test_a_copy_of_another_file_is_made_anew(folder: Path) -> None:
    pickled(folder, arrays(tiny_detector()))
    load_detector(folder)
    pickled(folder, arrays(tiny_detector(1)))
    assert same_weights(load_detector(folder), tiny_detector(1))
    (folder / "converted.safetensors").write_bytes(b"damaged")
    assert same_weights(load_detector(folder), tiny_detector(1))


def test_two_published_files_are_one_too_many(folder: Path) -> None:
    pickled(folder, arrays(tiny_detector()))
    torch.save(tiny_detector().state_dict(), folder / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match="keep the one to be used"):
        load_detector(folder)


def test_a_folder_with_the_authors_pickle_is_complete(tiny_folder: Path, tmp_path: Path) -> None:
    import shutil

    from lxmert_viz.pipeline import Pipeline

    own = tmp_path / "own"
    shutil.copytree(tiny_folder, own)
    weights = load_file(own / "detector" / "model.safetensors")
    (own / "detector" / "model.safetensors").unlink()
    assert missing_detector_files(own) == [DETECTOR_WEIGHTS]
    kept = {k: v.numpy() for k, v in weights.items() if "attr" not in k and "cls_embed" not in k}
    pickled(own / "detector", kept)
    assert missing_detector_files(own) == []
    Pipeline.open(own, device="cpu")


def test_the_fetch_table_has_every_file_of_the_detector_with_a_mirror() -> None:
    files = {file.path: file for file in known.DETECTOR_FILES}
    for name in ("pytorch_model.bin", "config.yaml", "objects.txt", "attributes.txt"):
        assert len(files[f"detector/{name}"].urls) >= 2, name
    assert files["detector/config.yaml"].size == 2132
