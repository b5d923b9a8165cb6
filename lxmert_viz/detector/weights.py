"""A detector's folder: its config, and the weights beside it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from lxmert_viz.checkpoints.record import CONVERTED_FILE
from lxmert_viz.checkpoints.tensors import read_tensors
from lxmert_viz.checkpoints.weight_files import SAFETENSORS_FILE, TORCH_FILE, detector_files
from lxmert_viz.config import DetectorConfig
from lxmert_viz.detector.detectron2 import (
    ZOO_FILE,
    Detectron2RCNN,
    visual_genome_detector,
    zoo_detector,
)
from lxmert_viz.detector.network import FasterRCNN
from lxmert_viz.detector.published_config import read_published_config
from lxmert_viz.errors import CheckpointError
from lxmert_viz.whole_files import written_whole

BACKENDS = OWN, DETECTRON2 = ("own", "detectron2")
CONFIG_FILE, PUBLISHED_CONFIG_FILE = "config.json", "config.yaml"
SOURCE = "source"
UNUSED = "num_batches_tracked"  # counts training steps; converted checkpoints lack it
ATTRIBUTE_HEAD = ("cls_embedding.weight", "fc_attr.weight", "attr_score.weight")
ANCHORS = "proposal_generator.anchor_generator.cell_anchors.0"


def save_detector(network: FasterRCNN, folder: Path) -> None:
    """Write config.json and model.safetensors; the folder is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    network.config.to_file(folder / CONFIG_FILE)
    with written_whole(folder / SAFETENSORS_FILE) as unfinished:
        save_file(_used(network.state_dict()), unfinished)


def load_detector(folder: Path, backend: str = OWN) -> FasterRCNN | Detectron2RCNN:
    """The detector of a folder, on the CPU and ready to look at pictures.

    backend: whose modules compute, "own" or "detectron2". A folder with a detectron2.yaml is one
    of detectron2's model zoo.

    Takes model.safetensors, pytorch_model.bin with config.yaml as published, or the authors' .pkl,
    which may know no attributes; without a config it has the published sizes. Of the published
    files a safetensors copy is kept beside them. Raises CheckpointError.
    """
    if backend not in BACKENDS:
        raise ValueError(f"backend is {backend!r}, not one of {BACKENDS}")
    config, path = _read_config(folder), _weight_file(folder)
    tensors = _copy_of(path)
    if tensors is None:
        tensors = _used(read_tensors(path))
        _keep_copy(path, tensors)
    if (folder / ZOO_FILE).exists():
        return zoo_detector(folder / ZOO_FILE, tensors)
    if path.suffix == ".pkl":
        config, tensors = _completed(config, tensors)
    if backend == DETECTRON2:
        return visual_genome_detector(config, tensors)
    network = FasterRCNN(config)
    _place(network, tensors, path)
    return network.eval()


def load_weights(network: FasterRCNN, path: Path) -> None:
    """Replace all weights by those of a file, the anchors of a cell included.

    Raises CheckpointError when a weight is missing, unknown, or of another shape.
    """
    _place(network, _used(read_tensors(path)), path)


def _read_config(folder: Path) -> DetectorConfig:
    if (folder / CONFIG_FILE).exists():
        return DetectorConfig.from_file(folder / CONFIG_FILE)
    if (folder / PUBLISHED_CONFIG_FILE).exists():
        return read_published_config(folder / PUBLISHED_CONFIG_FILE)
    return DetectorConfig()


def _weight_file(folder: Path) -> Path:
    found = detector_files(folder)
    if not found:
        return folder / TORCH_FILE  # whose absence is then told
    if len(found) == 1 or found[0].name == SAFETENSORS_FILE:
        return found[0]
    raise CheckpointError(
        f"{folder} holds {' and '.join(path.name for path in found)}; keep the one to be used."
    )


def _completed(
    config: DetectorConfig, tensors: dict[str, Tensor]
) -> tuple[DetectorConfig, dict[str, Tensor]]:
    """What a detectron2 pickle may leave out: the head of attributes, and the anchors."""
    if not any(name.endswith(ATTRIBUTE_HEAD) for name in tensors):
        config = replace(config, num_attributes=0)
    if ANCHORS not in tensors:
        tensors = tensors | {ANCHORS: FasterRCNN(config).state_dict()[ANCHORS]}
    return config, tensors


def _used(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        name: tensor.detach().cpu().contiguous()
        for name, tensor in tensors.items()
        if not name.endswith(UNUSED)
    }


def _state(path: Path) -> str:
    state = path.stat()
    return f"{path.name} {state.st_size} {state.st_mtime_ns}"


def _copy_of(path: Path) -> dict[str, Tensor] | None:
    """The tensors of the copy, where there is one of the file as it is now."""
    copy = path.with_name(CONVERTED_FILE)
    if path.name == SAFETENSORS_FILE or not path.exists() or not copy.exists():
        return None
    try:
        with safe_open(copy, framework="pt") as file:
            known = (file.metadata() or {}).get(SOURCE)
        return load_file(copy) if known == _state(path) else None
    except (OSError, SafetensorError):
        return None


def _keep_copy(path: Path, tensors: dict[str, Tensor]) -> None:
    if path.name == SAFETENSORS_FILE:
        return
    copy = path.with_name(CONVERTED_FILE)
    try:
        with written_whole(copy) as unfinished:
            save_file(tensors, unfinished, {SOURCE: _state(path)})
        copy.chmod(path.stat().st_mode)  # who may read the one may read the other
    except (OSError, SafetensorError):  # a full disk, or a folder that is only to be read
        return


def _place(network: FasterRCNN, tensors: dict[str, Tensor], path: Path) -> None:
    needed = {k: v for k, v in network.state_dict().items() if not k.endswith(UNUSED)}
    missing = [name for name in needed if name not in tensors]
    if missing:
        raise CheckpointError(
            f"{path} lacks {len(missing)} of the detector's {len(needed)} weights "
            f"(first: {missing[0]}); it is cut short or belongs to another network."
        )
    unknown = [name for name in tensors if name not in needed]
    if unknown:
        raise CheckpointError(
            f"{path} holds {len(unknown)} weights that this detector has no place for "
            f"(first: {unknown[0]}); its config.json belongs to another network."
        )
    for name, value in needed.items():
        if tensors[name].shape != value.shape:
            raise CheckpointError(
                f"{path} holds {name} as {tuple(tensors[name].shape)}, config.json asks for "
                f"{tuple(value.shape)}; one of the two belongs to another network."
            )
    network.load_state_dict(tensors, strict=False)
