"""What LXMERT predicts from its states. Module names are those of the published state dicts."""

from torch import Tensor, nn

from lxmert_viz.config import LxmertConfig
from lxmert_viz.model.layers import LAYER_NORM_EPS, activation


class Transform(nn.Module):
    def __init__(self, config: LxmertConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)
        self.activation = activation(config.hidden_act)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=LAYER_NORM_EPS)

    def forward(self, states: Tensor) -> Tensor:
        return self.LayerNorm(self.activation(self.dense(states)))


class WordHead(nn.Module):
    """Logits over the vocabulary. The decoder's weight is the word embedding itself, once tied."""

    def __init__(self, config: LxmertConfig) -> None:
        super().__init__()
        self.transform = Transform(config)
        self.decoder = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.bias = nn.Parameter(self.decoder.weight.new_zeros(config.vocab_size))

    def forward(self, lang: Tensor) -> Tensor:
        return self.decoder(self.transform(lang)) + self.bias  # (B, T, vocabulary)


class PreTrainingHeads(nn.Module):
    """Masked words, and whether the text belongs to the picture."""

    def __init__(self, config: LxmertConfig) -> None:
        super().__init__()
        self.predictions = WordHead(config)
        self.seq_relationship = nn.Linear(config.hidden_size, 2)

    def forward(self, lang: Tensor, pooled: Tensor) -> tuple[Tensor, Tensor]:
        return self.predictions(lang), self.seq_relationship(pooled)


class RegionHead(nn.Module):
    """Object and attribute logits and features of every region; a task that is off has no entry."""

    def __init__(self, config: LxmertConfig) -> None:
        super().__init__()
        self.transform = Transform(config)
        sizes = {
            "obj": config.num_object_labels if config.visual_obj_loss else 0,
            "attr": config.num_attr_labels if config.visual_attr_loss else 0,
            "feat": config.visual_feat_dim if config.visual_feat_loss else 0,
        }
        self.decoder_dict = nn.ModuleDict(
            {task: nn.Linear(config.hidden_size, size) for task, size in sizes.items() if size}
        )

    def forward(self, vision: Tensor) -> dict[str, Tensor]:
        """Each (B, R, size), under "obj", "attr" and "feat"."""
        transformed = self.transform(vision)
        return {task: decoder(transformed) for task, decoder in self.decoder_dict.items()}


class AnswerHead(nn.Module):
    """Logits over the answers. Its activation is GELU whatever config.hidden_act says.

    pictures: how many pooled states it reads side by side.
    """

    def __init__(self, config: LxmertConfig, pictures: int = 1) -> None:
        super().__init__()
        wide = config.hidden_size * 2
        self.logit_fc = nn.Sequential(
            nn.Linear(config.hidden_size * pictures, wide),
            nn.GELU(),
            nn.LayerNorm(wide, eps=LAYER_NORM_EPS),
            nn.Linear(wide, config.num_qa_labels),
        )

    def forward(self, pooled: Tensor) -> Tensor:
        return self.logit_fc(pooled)  # (B, answers)
