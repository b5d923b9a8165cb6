"""The network that a checkpoint folder holds, whichever class it is."""

from pathlib import Path

from lxmert_viz.config import LxmertConfig
from lxmert_viz.errors import CheckpointError
from lxmert_viz.model.lxmert import LxmertForPreTraining, LxmertForQuestionAnswering, LxmertModel
from lxmert_viz.model.naming import Tensors, as_ours
from lxmert_viz.model.weights import config_of, nothing, weight_file
from lxmert_viz.tensors import read_tensors

Network = LxmertForPreTraining | LxmertForQuestionAnswering | LxmertModel
WITH_HEADS: dict[str, type[Network]] = {
    "LxmertForPreTraining": LxmertForPreTraining,
    "LxmertForQuestionAnswering": LxmertForQuestionAnswering,
}
FIRST_ANSWER_LAYER = "answer_head.logit_fc.0.weight"


def load_network(folder: Path) -> Network:
    """The class that config.json names, or else the one whose heads stand in the weight file.

    lxmert-base calls itself LxmertModel, but its file has every head. CheckpointError for a
    network that reads pictures in pairs.
    """
    path = weight_file(folder)
    config = config_of(path)
    tensors = as_ours(read_tensors(path), path)
    answers = tensors.get(FIRST_ANSWER_LAYER)
    if answers is not None and answers.shape[-1] == 2 * config.hidden_size:
        raise CheckpointError(
            f"{path} was fine-tuned on pairs of pictures (NLVR2), which is not shown here; "
            "in Python, LxmertForVisualReasoning opens it."
        )
    kind = _kind(config, tensors)
    return kind.with_weights(config, tensors, path, may_be_new=nothing)


def _kind(config: LxmertConfig, tensors: Tensors) -> type[Network]:
    for name in config.architectures:
        if name in WITH_HEADS:
            return WITH_HEADS[name]
    if "cls.seq_relationship.weight" in tensors:
        return LxmertForPreTraining
    return LxmertForQuestionAnswering if FIRST_ANSWER_LAYER in tensors else LxmertModel


def base_of(network: Network) -> LxmertModel:
    return network if isinstance(network, LxmertModel) else network.lxmert
