"""LXMERT: two encoders, the cross-modality layers that join them, and the networks with heads."""

from dataclasses import replace

import torch
from torch import Tensor

from lxmert_viz.config import LxmertConfig
from lxmert_viz.model.answering import AnsweringNetwork
from lxmert_viz.model.documented import documented
from lxmert_viz.model.files.weights import PretrainedNetwork
from lxmert_viz.model.given import check_axes, check_fits, check_stream, chosen
from lxmert_viz.model.heads import AnswerHead, PreTrainingHeads, RegionHead
from lxmert_viz.model.interventions import Intervention, LayerAsked
from lxmert_viz.model.layers import Embeddings, Encoder, Pooler, through
from lxmert_viz.model.losses import (
    Labels,
    RegionLabels,
    answer_loss,
    class_loss,
    no_loss,
    region_loss,
)
from lxmert_viz.model.outputs import (
    CrossStep,
    LxmertForPreTrainingOutput,
    LxmertForQuestionAnsweringOutput,
    LxmertModelOutput,
    Stream,
    activations_of,
)


class LxmertModel(PretrainedNetwork):
    """Both streams and the pooled state.

    `forward` is encode_vision, encode_language, cross and pooler in a row. Whoever asks several
    questions about one picture calls `encode_vision` once and hands its Stream to
    `forward(vision=...)`, here or in a network with heads: the numbers are the same. So may the
    words be encoded once for several pictures: `forward(lang=...)`, here.
    """

    def __init__(self, config: LxmertConfig) -> None:
        super().__init__(config)
        self.embeddings = Embeddings(config)
        self.encoder = Encoder(config)
        self.pooler = Pooler(config)
        self._start()

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
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
        *,
        vision: Stream | None = None,
        lang: Stream | None = None,
        intervention: Intervention | None = None,
    ) -> LxmertModelOutput | tuple[Tensor | tuple[Tensor, ...], ...]:
        """Encode words (B, T) and regions: visual_feats (B, R, F), visual_pos (B, R, 4).

        vision, lang: what encode_vision and encode_language returned, instead of their arguments.
        intervention: what is done on the way. Raises OptionError for one that does not fit.
        """
        maps_wanted = chosen(output_attentions, self.config.output_attentions)
        states_wanted = chosen(output_hidden_states, self.config.output_hidden_states)
        collect = maps_wanted or states_wanted
        visual = (visual_feats, visual_pos, visual_attention_mask)
        words = (input_ids, attention_mask, token_type_ids, inputs_embeds)
        check_fits(intervention, self.config, (lang, inputs_embeds, input_ids), (vision, *visual))
        check_stream(vision, "vision", visual, intervention, collect)
        check_stream(lang, "lang", words, intervention, collect)
        vision = vision or self.encode_vision(*visual, intervention, collect=collect)
        lang = lang or self.encode_language(*words, intervention, collect=collect)
        lang_output, vision_output, steps = self.cross(lang, vision, intervention, collect=collect)
        output = LxmertModelOutput(lang_output, vision_output, self.pooler(lang_output))
        if collect:
            output.activations = activations_of(lang, vision, steps, output.pooled_output)
            output.fill_tuples(maps_wanted, states_wanted)
        return output if chosen(return_dict, self.config.return_dict) else output.to_tuple()

    def encode_language(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        intervention: Intervention | None = None,
        *,
        collect: bool = False,
    ) -> Stream:
        """The words alone: ids (B, T) or vectors (B, T, D) through the language encoder."""
        if (input_ids is None) == (inputs_embeds is None):
            raise ValueError("give either input_ids or inputs_embeds")
        words = (
            self._embedded(input_ids)
            if inputs_embeds is None
            else self._as_own_dtype(inputs_embeds, "inputs_embeds", self.config.hidden_size)
        )  # (B, T, D)
        batch, length = words.shape[:2]
        if not 1 <= length <= self.config.max_position_embeddings:
            raise ValueError(
                f"the text has {length} tokens; this network takes 1 to "
                f"{self.config.max_position_embeddings}"
            )
        if token_type_ids is None:
            token_type_ids = torch.zeros(batch, length, dtype=torch.long, device=words.device)
        embedded = self.embeddings(words, token_type_ids)
        mask = self._additive_mask(attention_mask, embedded)
        return through("lang", self.encoder.layer, embedded, mask, intervention, collect)

    def encode_vision(
        self,
        visual_feats: Tensor | None,
        visual_pos: Tensor | None,
        visual_attention_mask: Tensor | None = None,
        intervention: Intervention | None = None,
        *,
        collect: bool = False,
    ) -> Stream:
        """The regions alone: features (B, R, F) and boxes (B, R, 4) in 0..1.

        Both may be of any float dtype: they are cast to the network's. R may be 0.
        """
        if visual_feats is None or visual_pos is None:
            raise ValueError("visual_feats and visual_pos are needed, or a vision stream")
        feats = self._as_own_dtype(visual_feats, "visual_feats", self.config.visual_feat_dim)
        boxes = self._as_own_dtype(visual_pos, "visual_pos", self.config.visual_pos_dim)
        if feats.shape[:2] != boxes.shape[:2]:
            raise ValueError(
                f"visual_feats are {tuple(feats.shape)}, visual_pos {tuple(boxes.shape)}: "
                "they must agree in batch and regions"
            )
        embedded = self.encoder.visn_fc(feats, boxes)
        mask = self._additive_mask(visual_attention_mask, embedded)
        return through("vision", self.encoder.r_layers, embedded, mask, intervention, collect)

    def cross(
        self,
        lang: Stream,
        vision: Stream,
        intervention: Intervention | None = None,
        *,
        collect: bool = False,
    ) -> tuple[Tensor, Tensor, tuple[CrossStep, ...]]:
        """Last word states (B, T, D) and region states (B, R, D); each layer's step, if kept."""
        if len(lang.state) != len(vision.state):
            raise ValueError(
                f"the text has batch size {len(lang.state)}, the regions {len(vision.state)}"
            )
        lang_state, vision_state, steps = lang.state, vision.state, []
        for place, layer in enumerate(self.encoder.x_layers):
            asked = LayerAsked(intervention, place)
            step = layer(lang_state, vision_state, lang.mask, vision.mask, asked)
            lang_state, vision_state = step.lang.feed_forward, step.vision.feed_forward
            if collect:
                steps.append(step)
        return lang_state, vision_state, tuple(steps)

    def _embedded(self, input_ids: Tensor) -> Tensor:
        """(B, T) -> (B, T, D)."""
        check_axes(input_ids, "input_ids", "(batch, words)", 2)
        try:
            return self.embeddings.word_embeddings(input_ids)
        except IndexError as error:  # on a GPU torch itself ends the program
            raise ValueError(
                f"input_ids go from {input_ids.min()} to {input_ids.max()}; this network's "
                f"vocabulary has {self.config.vocab_size} pieces, counted from 0"
            ) from error

    def _as_own_dtype(self, given: Tensor, name: str, size: int) -> Tensor:
        """(B, N, size), in the network's dtype."""
        check_axes(given, name, f"(batch, words or regions, {size})", 3)
        if given.shape[-1] != size:
            raise ValueError(
                f"{name} have {given.shape[-1]} numbers each, this network takes {size}"
            )
        if not given.is_floating_point():
            raise ValueError(f"{name} are {given.dtype}; they must be floating point")
        return given.to(self.dtype)

    def _additive_mask(self, mask: Tensor | None, states: Tensor) -> Tensor | None:
        """1 visible, 0 hidden -> what is added to scores, (B, 1, 1, N).

        A row that hides every key hides none: all scores fall alike, and attention is uniform.
        """
        if mask is None:
            return None
        batch, length = states.shape[:2]
        if mask.shape not in ((batch, length), (1, length)):
            raise ValueError(f"a mask has shape {tuple(mask.shape)}, not {(batch, length)}")
        hidden = 1.0 - mask[:, None, None, :].to(self.dtype)
        return hidden * torch.finfo(self.dtype).min


class LxmertForPreTraining(AnsweringNetwork):
    """LXMERT with the heads of its pre-training tasks; config's `task_...` switch them off."""

    def __init__(self, config: LxmertConfig) -> None:
        super().__init__(config)
        self.lxmert = LxmertModel(config)
        self.cls = PreTrainingHeads(config)
        if config.task_obj_predict:
            self.obj_predict_head = RegionHead(config)
        if config.task_qa:
            self.answer_head = AnswerHead(config)
        self._start()

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
        obj_labels: RegionLabels | None = None,
        matched_label: Tensor | None = None,
        ans: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
        *,
        vision: Stream | None = None,
        intervention: Intervention | None = None,
    ) -> LxmertForPreTrainingOutput | tuple[Tensor | tuple[Tensor, ...], ...]:
        """Predictions of every head, and the sum of the losses that have labels.

        labels (B, T) masked words; obj_labels as losses.region_loss; matched_label (B,), 1 belongs;
        ans (B,) or one-hot (B, answers). -100 and -1 mean no label. Without `task_qa` the question
        answering score is one number without meaning, as in the reference.
        """
        base = self.lxmert(
            input_ids, visual_feats, visual_pos, attention_mask, visual_attention_mask,
            token_type_ids, inputs_embeds, output_attentions, output_hidden_states,
            return_dict=True, vision=vision, intervention=intervention,
        )  # fmt: skip
        output = self._predict(base, Labels(labels, obj_labels, matched_label, ans))
        return output if chosen(return_dict, self.config.return_dict) else output.to_tuple()

    def _predict(self, base: LxmertModelOutput, labels: Labels) -> LxmertForPreTrainingOutput:
        config, pooled = self.config, base.pooled_output
        words, match = self.cls(base.language_output, pooled)
        answers = self.answer_head(pooled) if config.task_qa else pooled[0, 0]
        output = LxmertForPreTrainingOutput(None, words, match, answers, **base.tuples())
        regions = {}
        if config.task_obj_predict and (base.activations or labels.regions is not None):
            regions = self.obj_predict_head(base.vision_output)
        if any(label is not None for label in labels):
            output.loss = self._loss(output, regions, labels)
        if base.activations:
            output.activations = replace(
                base.activations,
                object_logits=regions.get("obj"),
                attribute_logits=regions.get("attr"),
                predicted_feats=regions.get("feat"),
            )
        return output

    def _loss(
        self, output: LxmertForPreTrainingOutput, regions: dict[str, Tensor], labels: Labels
    ) -> Tensor:
        """The sum over the tasks that are on and have labels, in the reference's order."""
        config = self.config
        total = no_loss(output.prediction_logits)
        if labels.words is not None and config.task_mask_lm:
            total = total + class_loss(output.prediction_logits, labels.words)
        if labels.match is not None and config.task_matched:
            total = total + class_loss(output.cross_relationship_score, labels.match)
        if labels.regions is not None and regions:
            total = total + region_loss(regions, labels.regions) * config.visual_loss_normalizer
        if labels.answers is not None and config.task_qa:
            total = total + answer_loss(output.question_answering_score, labels.answers)
        return total


class LxmertForQuestionAnswering(AnsweringNetwork):
    """LXMERT with an answer head alone."""

    def __init__(self, config: LxmertConfig) -> None:
        super().__init__(config)
        self.lxmert = LxmertModel(config)
        self.answer_head = AnswerHead(config)
        self._start()

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
    ) -> LxmertForQuestionAnsweringOutput | tuple[Tensor | tuple[Tensor, ...], ...]:
        """Answer logits; labels are (B,) or one-hot (B, answers), -100 and -1 mean no label."""
        base = self.lxmert(
            input_ids, visual_feats, visual_pos, attention_mask, visual_attention_mask,
            token_type_ids, inputs_embeds, output_attentions, output_hidden_states,
            return_dict=True, vision=vision, intervention=intervention,
        )  # fmt: skip
        answers = self.answer_head(base.pooled_output)
        loss = None if labels is None else answer_loss(answers, labels)
        output = LxmertForQuestionAnsweringOutput(
            loss, answers, **base.tuples(), activations=base.activations
        )
        return output if chosen(return_dict, self.config.return_dict) else output.to_tuple()
