"""Which sizes a weight file's network has: as config.json says, else as the weights show."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from lxmert_viz.config import LxmertConfig
from lxmert_viz.errors import CheckpointError
from lxmert_viz.model.files.naming import BASE_PREFIX, WORDS, Tensors

CONFIG_FILE = "config.json"
HEAD_SIZE = 64  # of every published LXMERT and BERT; the weights do not show it
STATED_BY = {  # field -> the weight and the axis that show it
    "vocab_size": (WORDS, 0),
    "hidden_size": (WORDS, 1),
    "max_position_embeddings": (f"{BASE_PREFIX}embeddings.position_embeddings.weight", 0),
    "type_vocab_size": (f"{BASE_PREFIX}embeddings.token_type_embeddings.weight", 0),
    "visual_feat_dim": (f"{BASE_PREFIX}encoder.visn_fc.visn_fc.weight", 1),
    "visual_pos_dim": (f"{BASE_PREFIX}encoder.visn_fc.box_fc.weight", 1),
    "num_qa_labels": ("answer_head.logit_fc.3.weight", 0),
    "num_object_labels": ("obj_predict_head.decoder_dict.obj.weight", 0),
    "num_attr_labels": ("obj_predict_head.decoder_dict.attr.weight", 0),
}
FEED_FORWARD = re.compile(r".*encoder\.(?:layer|r_layers)\.\d+\.intermediate\.dense\.weight")
LAYERS = {"l_layers": "layer", "r_layers": "r_layers", "x_layers": "x_layers"}
TASKS = {"task_qa": "answer_head.", "task_obj_predict": "obj_predict_head."}


@dataclass(frozen=True)
class Described:
    """A network's config, and what its owner must know of where it came from."""

    config: LxmertConfig
    notes: tuple[str, ...] = ()


def described(path: Path, tensors: Tensors) -> Described:
    """What lies beside a weight file, or what its tensors show. Raises CheckpointError.

    tensors: the file's, under our names.
    """
    beside = path.parent / CONFIG_FILE
    if beside.exists():
        return Described(LxmertConfig.from_file(beside))
    return _shown_by(tensors, path)


def _shown_by(tensors: Tensors, path: Path) -> Described:
    if WORDS not in tensors or tensors[WORDS].dim() != 2:
        raise CheckpointError(
            f"There is no {CONFIG_FILE} beside {path}, and it holds no word embedding that would "
            "show the network's sizes; put the checkpoint's own there, if it is an LXMERT."
        )
    hidden = tensors[WORDS].shape[1]
    if hidden % HEAD_SIZE:
        raise CheckpointError(
            f"There is no {CONFIG_FILE} beside {path}. Its hidden size is {hidden}, which is no "
            f"multiple of {HEAD_SIZE}, so how many heads it has cannot be told; put its "
            f"{CONFIG_FILE} there."
        )
    sizes = {
        field: tensors[name].shape[axis]
        for field, (name, axis) in STATED_BY.items()
        if name in tensors and tensors[name].dim() == 2
    }
    feed_forward = next((t.shape[0] for n, t in tensors.items() if FEED_FORWARD.fullmatch(n)), None)
    if feed_forward:
        sizes["intermediate_size"] = feed_forward
    layers = {field: _count(tensors, part) for field, part in LAYERS.items()}
    tasks = {task: any(map(_starting(head), tensors)) for task, head in TASKS.items()}
    heads = hidden // HEAD_SIZE
    try:
        config = LxmertConfig(**sizes, **layers, **tasks, num_attention_heads=heads)
    except ValueError as error:
        raise CheckpointError(f"{path} is no usable LXMERT: {error}.") from error
    note = (
        f"There is no {CONFIG_FILE} beside {path.name}: its sizes were read from the weights "
        f"(layers {config.l_layers}/{config.r_layers}/{config.x_layers}, hidden size {hidden}), "
        f"with heads of {HEAD_SIZE}, that is {heads} of them, and the published settings else."
    )
    return Described(config, (note,))


def _count(names: Iterable[str], part: str) -> int:
    pattern = re.compile(rf"{re.escape(BASE_PREFIX)}encoder\.{part}\.(\d+)\.")
    return max((int(found[1]) + 1 for name in names if (found := pattern.match(name))), default=0)


def _starting(start: str) -> Callable[[str], bool]:
    return lambda name: name.startswith(start)
