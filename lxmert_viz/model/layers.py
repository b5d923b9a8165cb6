"""The layers of LXMERT. Module names are those of the published state dicts."""

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from lxmert_viz.config import LxmertConfig
from lxmert_viz.model.interventions import NOTHING_ASKED, HeadChange, Intervention, LayerAsked
from lxmert_viz.model.outputs import CrossStep, Stream, Sublayers

LAYER_NORM_EPS = 1e-12  # fixed: the published PyTorch network ignores config.layer_norm_eps
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu": functional.gelu,
    "gelu_new": partial(functional.gelu, approximate="tanh"),
    "relu": functional.relu,
    "silu": functional.silu,
    "swish": functional.silu,
}


def activation(name: str) -> Callable[[Tensor], Tensor]:
    if name not in ACTIVATIONS:
        raise ValueError(f"hidden_act is {name!r}; known are {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name]


class Attention(nn.Module):
    """Multi-head attention; every one of the six families of maps is made here."""

    def __init__(self, config: LxmertConfig) -> None:
        super().__init__()
        self.heads = config.num_attention_heads
        self.query = nn.Linear(config.hidden_size, config.hidden_size)
        self.key = nn.Linear(config.hidden_size, config.hidden_size)
        self.value = nn.Linear(config.hidden_size, config.hidden_size)
        self.dropout = nn.Dropout(config.attention_probs_dropout_prob)

    def forward(
        self,
        queries: Tensor,
        keys: Tensor,
        key_mask: Tensor | None,
        change: HeadChange | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Context (B, N, D) and weights (B, H, N, M) of queries (B, N, D) over keys (B, M, D).

        With no keys at all (M = 0) the context is zero. Of queries or keys there may be one row for
        all of the others.
        """
        q = self.split_heads(self.query(queries))  # (B, H, N, D/H)
        k = self.split_heads(self.key(keys))  # (B, H, M, D/H)
        v = self.split_heads(self.value(keys))  # (B, H, M, D/H)
        return attend(q, k, v, key_mask, change, self.dropout)

    def split_heads(self, states: Tensor) -> Tensor:
        batch, length, size = states.shape
        # explicit sizes: a -1 cannot be inferred when there are no regions
        return states.view(batch, length, self.heads, size // self.heads).transpose(1, 2)


def attend(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    key_mask: Tensor | None,
    change: HeadChange | None,
    dropout: Callable[[Tensor], Tensor],
) -> tuple[Tensor, Tensor]:
    """Context (B, N, D) and weights (B, H, N, M) of the heads' queries, keys and values."""
    if change is not None:
        q, k, v = change.part("query", q), change.part("key", k), change.part("value", v)
    scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])  # (B, H, N, M)
    if key_mask is not None:
        scores = scores + key_mask
    if change is not None:
        scores = change.scored(scores)
    weights = dropout(scores.softmax(dim=-1))
    if change is not None:
        weights = change.weighed(weights)
    context = weights @ v  # (B, H, N, D/H)
    if change is not None:
        context = change.written(context)
    # explicit sizes: a -1 cannot be inferred when there are no queries
    batch, heads, length, size = context.shape
    return context.transpose(1, 2).reshape(batch, length, heads * size), weights


class ResidualOutput(nn.Module):
    """Projects back to D, adds what went in, then normalises."""

    def __init__(self, config: LxmertConfig, size_in: int) -> None:
        super().__init__()
        self.dense = nn.Linear(size_in, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=LAYER_NORM_EPS)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(self, computed: Tensor, residual: Tensor) -> Tensor:
        return self.LayerNorm(self.dropout(self.dense(computed)) + residual)


class SelfAttention(nn.Module):
    def __init__(self, config: LxmertConfig) -> None:
        super().__init__()
        self.self = Attention(config)
        self.output = ResidualOutput(config, config.hidden_size)

    def forward(
        self, states: Tensor, mask: Tensor | None, change: HeadChange | None = None
    ) -> tuple[Tensor, Tensor]:
        context, weights = self.self(states, states, mask, change)
        return self.output(context, states), weights


class CrossAttention(nn.Module):
    def __init__(self, config: LxmertConfig) -> None:
        super().__init__()
        self.att = Attention(config)
        self.output = ResidualOutput(config, config.hidden_size)

    def forward(
        self,
        queries: Tensor,
        keys: Tensor,
        key_mask: Tensor | None,
        change: HeadChange | None = None,
    ) -> tuple[Tensor, Tensor]:
        context, weights = self.att(queries, keys, key_mask, change)
        return self.output(context, queries), weights


class Intermediate(nn.Module):
    def __init__(self, config: LxmertConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.intermediate_size)
        self.activation = activation(config.hidden_act)

    def forward(self, states: Tensor) -> Tensor:
        return self.activation(self.dense(states))


class EncoderLayer(nn.Module):
    """Self-attention and feed-forward of one stream; words and regions use the same class."""

    def __init__(self, config: LxmertConfig) -> None:
        super().__init__()
        self.attention = SelfAttention(config)
        self.intermediate = Intermediate(config)
        self.output = ResidualOutput(config, config.intermediate_size)

    def forward(
        self, states: Tensor, mask: Tensor | None, change: HeadChange | None = None
    ) -> tuple[Tensor, Tensor]:
        attended, weights = self.attention(states, mask, change)
        return self.output(self.intermediate(attended), attended), weights


class CrossLayer(nn.Module):
    """Both streams look at each other, then at themselves, then feed forward."""

    def __init__(self, config: LxmertConfig) -> None:
        super().__init__()
        self.visual_attention = CrossAttention(config)
        self.lang_self_att = SelfAttention(config)
        self.visn_self_att = SelfAttention(config)
        self.lang_inter = Intermediate(config)
        self.lang_output = ResidualOutput(config, config.intermediate_size)
        self.visn_inter = Intermediate(config)
        self.visn_output = ResidualOutput(config, config.intermediate_size)

    def forward(
        self,
        lang: Tensor,
        vision: Tensor,
        lang_mask: Tensor | None,
        vision_mask: Tensor | None,
        asked: LayerAsked = NOTHING_ASKED,
    ) -> CrossStep:
        (lang_cross, lang_from_vision), (vision_cross, vision_from_lang) = self.across(
            lang, vision, lang_mask, vision_mask, asked
        )
        lang_cross = asked.state("lang_from_vision", lang_cross)
        vision_cross = asked.state("vision_from_lang", vision_cross)
        lang_self, cross_lang = self.lang_self_att(lang_cross, lang_mask, asked.heads("cross_lang"))
        vision_self, cross_vision = self.visn_self_att(
            vision_cross, vision_mask, asked.heads("cross_vision")
        )
        lang_self = asked.state("cross_lang", lang_self)
        vision_self = asked.state("cross_vision", vision_self)
        lang_out = self.lang_output(self.lang_inter(lang_self), lang_self)
        vision_out = self.visn_output(self.visn_inter(vision_self), vision_self)
        lang_out = asked.state("lang_cross", lang_out)
        vision_out = asked.state("vision_cross", vision_out)
        return CrossStep(
            lang=Sublayers(lang_cross, lang_self, lang_out),
            vision=Sublayers(vision_cross, vision_self, vision_out),
            attention={
                "lang_from_vision": lang_from_vision,
                "vision_from_lang": vision_from_lang,
                "cross_lang": cross_lang,
                "cross_vision": cross_vision,
            },
        )

    def across(
        self,
        lang: Tensor,
        vision: Tensor,
        lang_mask: Tensor | None,
        vision_mask: Tensor | None,
        asked: LayerAsked,
    ) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """Each stream's states after it looked at the other, and its map."""
        # one module serves both directions, and both read the states from before this layer
        return (
            self.visual_attention(lang, vision, vision_mask, asked.heads("lang_from_vision")),
            self.visual_attention(vision, lang, lang_mask, asked.heads("vision_from_lang")),
        )

    def first_word(
        self, lang: Tensor, vision: Tensor, lang_mask: Tensor | None, vision_mask: Tensor | None
    ) -> Tensor:
        """(B, D) the first word's state after this layer, and nothing that it does not read."""
        lang_cross, _ = self.visual_attention(lang, vision, vision_mask)
        first, block = lang_cross[:, :1], self.lang_self_att
        lang_self = block.output(block.self(first, lang_cross, lang_mask)[0], first)
        return self.lang_output(self.lang_inter(lang_self), lang_self)[:, 0]


class Embeddings(nn.Module):
    """Words become states: word + position + segment."""

    def __init__(self, config: LxmertConfig) -> None:
        super().__init__()
        size = config.hidden_size
        # padding_idx stops the gradient of row 0; the published network has it in all three tables
        self.word_embeddings = nn.Embedding(config.vocab_size, size, padding_idx=0)
        self.position_embeddings = nn.Embedding(config.max_position_embeddings, size, padding_idx=0)
        self.token_type_embeddings = nn.Embedding(config.type_vocab_size, size, padding_idx=0)
        self.LayerNorm = nn.LayerNorm(size, eps=LAYER_NORM_EPS)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(self, words: Tensor, token_type_ids: Tensor) -> Tensor:
        """words: (B, T, D) word vectors; token_type_ids: (B, T)."""
        places = torch.arange(words.shape[1], device=words.device)
        positions = self.position_embeddings(places)  # (T, D)
        summed = words + positions + self.token_type_embeddings(token_type_ids)
        return self.dropout(self.LayerNorm(summed))


class RegionEmbeddings(nn.Module):
    """Regions become states: the mean of their normalised feature and box projections."""

    def __init__(self, config: LxmertConfig) -> None:
        super().__init__()
        self.visn_fc = nn.Linear(config.visual_feat_dim, config.hidden_size)
        self.visn_layer_norm = nn.LayerNorm(config.hidden_size, eps=LAYER_NORM_EPS)
        self.box_fc = nn.Linear(config.visual_pos_dim, config.hidden_size)
        self.box_layer_norm = nn.LayerNorm(config.hidden_size, eps=LAYER_NORM_EPS)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(self, feats: Tensor, boxes: Tensor) -> Tensor:
        seen = self.visn_layer_norm(self.visn_fc(feats))
        placed = self.box_layer_norm(self.box_fc(boxes))
        return self.dropout((seen + placed) / 2)


class Encoder(nn.Module):
    """The three stacks under their published names; `LxmertModel` runs them."""

    def __init__(self, config: LxmertConfig) -> None:
        super().__init__()
        self.visn_fc = RegionEmbeddings(config)
        self.layer = nn.ModuleList(EncoderLayer(config) for _ in range(config.l_layers))
        self.x_layers = nn.ModuleList(CrossLayer(config) for _ in range(config.x_layers))
        self.r_layers = nn.ModuleList(EncoderLayer(config) for _ in range(config.r_layers))


class Pooler(nn.Module):
    """The first word's last state, once more projected."""

    def __init__(self, config: LxmertConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, lang: Tensor) -> Tensor:
        return self.dense(lang[:, 0]).tanh()  # (B, D)


def through(
    family: str,
    layers: nn.ModuleList,
    state: Tensor,
    mask: Tensor | None,
    intervention: Intervention | None,
    collect: bool,
) -> Stream:
    """One stream through its own layers. family: "lang" or "vision"."""
    state = LayerAsked(intervention, -1).state(family, state)
    states, attention = [state], []
    for place, layer in enumerate(layers):
        asked = LayerAsked(intervention, place)
        state, weights = layer(state, mask, asked.heads(family))
        state = asked.state(family, state)
        if collect:
            states.append(state)
            attention.append(weights)
    return Stream(state, mask, tuple(states) if collect else (), tuple(attention))
