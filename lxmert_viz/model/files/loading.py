"""The network that a checkpoint folder holds, whichever class it is."""

from pathlib import Path

from lxmert_viz.checkpoints.tensors import read_tensors
from lxmert_viz.checkpoints.weight_files import weight_file
from lxmert_viz.config import LxmertConfig
from lxmert_viz.model.files.naming import Tensors, as_ours
from lxmert_viz.model.files.sizes import described
from lxmert_viz.model.files.weights import nothing
from lxmert_viz.model.lxmert import LxmertForPreTraining, LxmertForQuestionAnswering, LxmertModel
from lxmert_viz.model.reasoning import PICTURES, LxmertForVisualReasoning

Network = LxmertForPreTraining | LxmertForQuestionAnswering | LxmertForVisualReasoning | LxmertModel
WITH_HEADS: dict[str, type[Network]] = {
    "LxmertForPreTraining": LxmertForPreTraining,
    "LxmertForQuestionAnswering": LxmertForQuestionAnswering,
    "LxmertForVisualReasoning": LxmertForVisualReasoning,
}
FIRST_ANSWER_LAYER = "answer_head.logit_fc.0.weight"


def load_network(folder: Path) -> Network:
    """The class that config.json names, or else the one whose heads stand in the weight file.

    lxmert-base calls itself LxmertModel, but its file has every head; and a file whose answers
    are about pairs of pictures is for NLVR2, whatever its config says.
    """
    path = weight_file(folder)
    tensors = as_ours(read_tensors(path), path)
    found = described(path, tensors)
    kind = _kind(found.config, tensors)
    return kind.with_weights(found.config, tensors, path, may_be_new=nothing, notes=found.notes)


def _kind(config: LxmertConfig, tensors: Tensors) -> type[Network]:
    answers = tensors.get(FIRST_ANSWER_LAYER)
    if answers is not None and answers.shape[-1] == PICTURES * config.hidden_size:
        return LxmertForVisualReasoning
    for name in config.architectures:
        if name in WITH_HEADS:
            return WITH_HEADS[name]
    if "cls.seq_relationship.weight" in tensors:
        return LxmertForPreTraining
    return LxmertForQuestionAnswering if FIRST_ANSWER_LAYER in tensors else LxmertModel


def base_of(network: Network) -> LxmertModel:
    return network if isinstance(network, LxmertModel) else network.lxmert


def has_words(network: Network) -> bool:
    return isinstance(network, LxmertForPreTraining) and network.config.task_mask_lm
