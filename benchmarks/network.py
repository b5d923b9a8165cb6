"""The network against transformers on the same weights and inputs, with all that each can return.

Ours keeps 34 maps and 46 states, the reference 19 and 24.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict

import numpy as np
import torch
import transformers
from torch import Tensor

from benchmarks.comparing import Case
from lxmert_viz.config import LxmertConfig
from lxmert_viz.model.fast import fast
from lxmert_viz.model.lxmert import LxmertForPreTraining, LxmertModel
from lxmert_viz.model.outputs import LxmertModelOutput

WORDS, REGIONS, BATCH = 20, 36, 16
KEEP = {"output_attentions": True, "output_hidden_states": True}
IN_FULL, IN_BFLOAT16 = 1e-4, 0.1  # how far logits may be apart
REFERENCE = "transformers, all it returns"


class Both:
    """One network in both libraries, with inputs."""

    def __init__(self, config: LxmertConfig, words: int = WORDS, regions: int = REGIONS) -> None:
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

    def _pooled(self, output: LxmertModelOutput) -> list[np.ndarray]:
        pooled = output.pooled_output
        said = self.ours.answer_head(pooled), self.ours.cls.seq_relationship(pooled)
        return [one.numpy() for one in said]


def cases(both: Both) -> Iterator[Case]:
    base, given, many = both.ours.lxmert, both.given(1), both.given(BATCH)

    def against(name: str, ours: Callable[[], list[np.ndarray]], asked: dict[str, Tensor]) -> Case:
        within = IN_BFLOAT16 if name.startswith("mixed") else IN_FULL
        return Case(name, ours, lambda: both.reference(asked), REFERENCE, within)

    yield against("plain: a forward, everything kept", lambda: both.whole(given), given)
    yield against("plain: without masked words", lambda: both.without_words(base, **given), given)
    kinds = {"laid out": fast(base), "mixed": fast(base, torch.bfloat16)}
    for kind, network in kinds.items():
        yield from _asked(both, kind, network, given, against)
        yield against(
            f"{kind}: a batch of {BATCH}",
            lambda network=network: both.without_words(network, **many),
            many,
        )


def _asked(
    both: Both,
    kind: str,
    network: LxmertModel,
    given: dict[str, Tensor],
    against: Callable[[str, Callable[[], list[np.ndarray]], dict[str, Tensor]], Case],
) -> Iterator[Case]:
    """As the pipeline asks: what it has encoded before it does not encode again."""
    words = {"input_ids": given["input_ids"]}
    regions = {name: given[name] for name in ("visual_feats", "visual_pos")}
    with torch.inference_mode():
        vision = network.encode_vision(**regions, collect=True)
        lang = network.encode_language(**words, collect=True)
    asked = {
        "a question about a picture": given,
        "a second question about the picture": {"vision": vision, **words},
        "the same question about a second picture": {"lang": lang, **regions},
    }
    for name, arguments in asked.items():
        yield against(
            f"{kind}: {name}",
            lambda arguments=arguments: both.without_words(network, **arguments),
            given,
        )


def _told(output: object) -> list[np.ndarray]:
    both = output.question_answering_score, output.cross_relationship_score
    return [one.numpy() for one in both]
