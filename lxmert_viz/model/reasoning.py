"""LXMERT for NLVR2: is a statement true of two pictures?"""

from dataclasses import replace
from typing import Any, Self

from torch import Tensor

from lxmert_viz.config import LxmertConfig
from lxmert_viz.model.documented import documented
from lxmert_viz.model.files.weights import PretrainedNetwork
from lxmert_viz.model.heads import AnswerHead
from lxmert_viz.model.interventions import Intervention
from lxmert_viz.model.losses import class_loss
from lxmert_viz.model.lxmert import LxmertModel
from lxmert_viz.model.outputs import LxmertForVisualReasoningOutput, Stream

PICTURES = 2
VERDICTS = 2  # false, true


class LxmertForVisualReasoning(PretrainedNetwork):
    """Reads the statement with each picture, and judges both pooled states side by side.

    No weights of it are published, but what people fine-tuned with the authors' code loads.
    """

    def __init__(self, config: LxmertConfig) -> None:
        super().__init__(replace(config, num_qa_labels=VERDICTS))
        self.lxmert = LxmertModel(self.config)
        self.answer_head = AnswerHead(self.config, PICTURES)
        self._start()

    @classmethod
    def with_weights(cls, config: LxmertConfig, *file: Any, **options: Any) -> Self:
        """As every network; a config.json that was written for other answers is no surprise."""
        return super().with_weights(replace(config, num_qa_labels=VERDICTS), *file, **options)

    @documented
    def forward(
        self,
        input_ids: Tensor | None = None,
        visual_feats: Tensor | None = None,
        visual_pos: Tensor | None = None,
        attention_mask: Tensor | None = None,
        visual_attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        labels: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
        *,
        vision: Stream | None = None,
        intervention: Intervention | None = None,
    ) -> LxmertForVisualReasoningOutput | tuple[Tensor | tuple[Tensor, ...], ...]:
        """Statements (B, T) about pairs: visual_feats (B, 2, R, F), visual_pos (B, 2, R, 4).

        visual_attention_mask is (B, 2, R); labels are (B,), 1 true, -100 and -1 no label. vision:
        what encode_vision returned for all pictures, (2B, R, ...), a pair's two in a row.
        """
        base = self.lxmert(
            _twice(input_ids), _in_a_row(visual_feats), _in_a_row(visual_pos),
            _twice(attention_mask), _in_a_row(visual_attention_mask), _twice(token_type_ids),
            _twice(inputs_embeds), output_attentions, output_hidden_states,
            return_dict=True, vision=vision, intervention=intervention,
        )  # fmt: skip
        scores = self.judge(base.pooled_output)
        loss = None if labels is None else class_loss(scores, labels)
        output = LxmertForVisualReasoningOutput(
            loss, scores, **base.tuples(), activations=base.activations
        )
        wants_dict = self.config.return_dict if return_dict is None else return_dict
        return output if wants_dict else output.to_tuple()

    def judge(self, pooled: Tensor) -> Tensor:
        """(2B, D), a pair's two in a row -> logits (B, 2); index 1: true of both together."""
        return self.answer_head(pooled.reshape(len(pooled) // PICTURES, -1))


def _twice(text: Tensor | None) -> Tensor | None:
    return None if text is None else text.repeat_interleave(PICTURES, dim=0)  # (2B, ...)


def _in_a_row(pairs: Tensor | None) -> Tensor | None:
    if pairs is None:
        return None
    if pairs.dim() < 3 or pairs.shape[1] != PICTURES:
        raise ValueError(f"a pair's regions are (B, {PICTURES}, R, ...), not {tuple(pairs.shape)}")
    return pairs.flatten(0, 1)  # (2B, R, ...)
