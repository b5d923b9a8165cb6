"""A detector's folder: config.json and the weights beside it."""

from pathlib import Path

from safetensors.torch import save_file

from lxmert_viz.config import DetectorConfig
from lxmert_viz.detector.network import FasterRCNN
from lxmert_viz.errors import CheckpointError
from lxmert_viz.tensors import read_tensors

CONFIG_FILE = "config.json"
WEIGHT_FILE = "model.safetensors"
PUBLISHED_WEIGHT_FILE = "pytorch_model.bin"
UNUSED = "num_batches_tracked"  # counts training steps; converted checkpoints lack it


def save_detector(network: FasterRCNN, folder: Path) -> None:
    """Write config.json and model.safetensors; the folder is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    network.config.to_file(folder / CONFIG_FILE)
    weights = {
        name: tensor.detach().cpu().contiguous()
        for name, tensor in network.state_dict().items()
        if not name.endswith(UNUSED)
    }
    save_file(weights, folder / WEIGHT_FILE)


def load_detector(folder: Path) -> FasterRCNN:
    """The detector of a folder, on the CPU and ready to look at pictures.

    Takes model.safetensors, or pytorch_model.bin as published; without a config.json it has the
    published sizes. Raises CheckpointError.
    """
    config = folder / CONFIG_FILE
    network = FasterRCNN(DetectorConfig.from_file(config) if config.exists() else DetectorConfig())
    path = folder / WEIGHT_FILE
    load_weights(network, path if path.exists() else folder / PUBLISHED_WEIGHT_FILE)
    return network.eval()


def load_weights(network: FasterRCNN, path: Path) -> None:
    """Replace all weights by those of a file, the anchors of a cell included.

    Raises CheckpointError when a weight is missing, unknown, or of another shape.
    """
    tensors = {k: v for k, v in read_tensors(path).items() if not k.endswith(UNUSED)}
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
