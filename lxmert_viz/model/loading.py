"""The network that a checkpoint folder holds, whichever of the three it is."""

from pathlib import Path

from lxmert_viz.checkpoints import WEIGHT_FILES
from lxmert_viz.config import LxmertConfig
from lxmert_viz.model.lxmert import LxmertForPreTraining, LxmertForQuestionAnswering, LxmertModel
from lxmert_viz.tensors import read_tensors

Network = LxmertForPreTraining | LxmertForQuestionAnswering | LxmertModel
WITH_HEADS: dict[str, type[Network]] = {
    "LxmertForPreTraining": LxmertForPreTraining,
    "LxmertForQuestionAnswering": LxmertForQuestionAnswering,
}


def load_network(folder: Path) -> Network:
    """The class that config.json names, or else the one whose heads stand in the weight file.

    lxmert-base calls itself LxmertModel, but its file has every head.
    """
    for name in LxmertConfig.from_file(folder / "config.json").architectures:
        if name in WITH_HEADS:
            return WITH_HEADS[name].from_pretrained(folder)
    tensors = read_tensors(next(folder / f for f in WEIGHT_FILES if (folder / f).is_file()))
    if "cls.seq_relationship.weight" in tensors:
        return LxmertForPreTraining.from_pretrained(folder)
    if any(name.startswith("answer_head.") for name in tensors):
        return LxmertForQuestionAnswering.from_pretrained(folder)
    return LxmertModel.from_pretrained(folder)


def base_of(network: Network) -> LxmertModel:
    return network if isinstance(network, LxmertModel) else network.lxmert
