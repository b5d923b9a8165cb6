"""The network against transformers on the same weights and inputs, with all that each can return.

Ours keeps 34 maps and 46 states, the reference 19 and 24.
"""

from collections.abc import Iterator
from dataclasses import asdict

import numpy as np
import torch
import transformers
from torch import Tensor

from benchmarks.comparing import Case
from lxmert_viz.config import LxmertConfig
from lxmert_viz.model.lxmert import LxmertForPreTraining, LxmertModel
from lxmert_viz.model.outputs import LxmertModelOutput, Stream
from lxmert_viz.model.packed import can_pack, packed

WORDS, REGIONS, BATCH = 20, 36, 16
KEEP = {"output_attentions": True, "output_hidden_states": True}
REFERENCE = "transformers, all it returns"


class Both:
    """One network in both libraries, with inputs."""

    def __init__(self, config: LxmertConfig, words: int, regions: int) -> None:
        torch.manual_seed(0)
        self.ours = LxmertForPreTraining(config).eval()
        values = asdict(config)
        del values["extra"], values["architectures"]
        self._peer = transformers.LxmertForPreTraining(transformers.LxmertConfig(**values)).eval()
        self._peer.load_state_dict(self.ours.state_dict())
        self._sizes = words, regions

    def given(self, batch: int) -> dict[str, Tensor]:
        words, regions = self._sizes
        config = self.ours.config
        return {
            "input_ids": torch.randint(1, config.vocab_size, (batch, words)),
            "visual_feats": torch.rand(batch, regions, config.visual_feat_dim),
            "visual_pos": torch.rand(batch, regions, config.visual_pos_dim),
        }

    @torch.inference_mode()
    def whole(self, given: dict[str, Tensor]) -> list[np.ndarray]:
        return _told(self.ours(**given, **KEEP))

    @torch.inference_mode()
    def reference(self, given: dict[str, Tensor]) -> list[np.ndarray]:
        return _told(self._peer(**given, **KEEP))

    @torch.inference_mode()
    def without_words(self, base: LxmertModel, **given: object) -> list[np.ndarray]:
        """As the pipeline asks: heads read the pooled state, and nobody reads masked words."""
        return self._pooled(base(**given, **KEEP))

    @torch.inference_mode()
    def second_picture(self, given: dict[str, Tensor], lang: Stream) -> list[np.ndarray]:
        """lang: the words' stream, encoded before."""
        base = self.ours.lxmert
        vision = base.encode_vision(given["visual_feats"], given["visual_pos"], collect=True)
        last, seen, _ = base.cross(lang, vision, collect=True)
        return self._pooled(LxmertModelOutput(last, seen, base.pooler(last)))

    def _pooled(self, output: LxmertModelOutput) -> list[np.ndarray]:
        pooled = output.pooled_output
        said = self.ours.answer_head(pooled), self.ours.cls.seq_relationship(pooled)
        return [one.numpy() for one in said]


def cases(config: LxmertConfig, words: int = WORDS, regions: int = REGIONS) -> Iterator[Case]:
    both = Both(config, words, regions)
    base, given = both.ours.lxmert, both.given(1)

    def reference() -> list[np.ndarray]:
        return both.reference(given)

    yield Case("a forward, everything kept", lambda: both.whole(given), reference, REFERENCE)
    yield Case(
        "the same without masked words",
        lambda: both.without_words(base, **given),
        reference,
        REFERENCE,
    )
    with torch.inference_mode():
        vision = base.encode_vision(given["visual_feats"], given["visual_pos"], collect=True)
        lang = base.encode_language(given["input_ids"], collect=True)
    yield Case(
        "a second question about the same picture",
        lambda: both.without_words(base, input_ids=given["input_ids"], vision=vision),
        reference,
        REFERENCE,
    )
    yield Case(
        "the same question about a second picture",
        lambda: both.second_picture(given, lang),
        reference,
        REFERENCE,
    )
    many = both.given(BATCH)
    yield Case(
        f"a batch of {BATCH}, without masked words",
        lambda: both.without_words(base, **many),
        lambda: both.reference(many),
        REFERENCE,
    )
    if can_pack(base.pooler.dense.weight):
        fast = packed(base, words)
        yield Case(
            "weights laid out by oneDNN",
            lambda: both.without_words(fast, **given),
            lambda: both.without_words(base, **given),
            "weights as they are",
        )


def _told(output: object) -> list[np.ndarray]:
    both = output.question_answering_score, output.cross_relationship_score
    return [one.numpy() for one in both]
