"""What networks with an answer head can do to it."""

import re
from collections.abc import Sequence

import torch
from torch import nn

from lxmert_viz.model.files.resizing import resized
from lxmert_viz.model.files.weights import PretrainedNetwork

LAST_LAYER = 3  # of AnswerHead.logit_fc
ARTICLES = ("a ", "an ", "the ")
NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
SAME_ANSWERS = {"grey": "gray"} | {word: str(n) for n, word in enumerate(NUMBERS, start=1)}


class AnsweringNetwork(PretrainedNetwork):
    """A network that may have an `answer_head`."""

    def get_qa_logit_layer(self) -> nn.Linear | None:
        """The layer whose rows are the answers; None for a network without `task_qa`."""
        return self.answer_head.logit_fc[LAST_LAYER] if hasattr(self, "answer_head") else None

    def resize_num_qa_labels(self, num_labels: int | None = None) -> nn.Linear | None:
        """The layer of get_qa_logit_layer, cut or filled up to so many answers.

        The first rows stay, new ones are drawn as at the start; None changes nothing.
        """
        layer = self.get_qa_logit_layer()
        if layer is None or num_labels in (None, layer.out_features):
            return layer
        self._replace_logit_layer(resized(layer, num_labels, self.config.initializer_range))
        return self.get_qa_logit_layer()

    def transfer_answers(self, known: Sequence[str], wanted: Sequence[str]) -> tuple[str, ...]:
        """Make the head one for the wanted answers, as the authors start their fine-tuning.

        known: the head's answers so far, by label. A wanted answer takes the row of the known one
        that is spelled the same once normalised; the others' rows and biases are zero. Returns
        those others. ValueError when `known` does not name every answer of the head.
        """
        layer = self.get_qa_logit_layer()
        if layer is None or layer.out_features != len(known):
            has = 0 if layer is None else layer.out_features
            raise ValueError(f"{len(known)} known answers are named; the head has {has}")
        labels = {answer: label for label, answer in enumerate(known)}
        rows = [labels.get(normalised(answer)) for answer in wanted]
        new = resized(layer, len(wanted), self.config.initializer_range)
        found = [place for place, row in enumerate(rows) if row is not None]
        sources = [row for row in rows if row is not None]
        with torch.no_grad():
            for mine, old in ((new.weight, layer.weight), (new.bias, layer.bias)):
                mine.zero_()
                mine[found] = old[sources]
        self._replace_logit_layer(new)
        return tuple(a for a, row in zip(wanted, rows, strict=True) if row is None)

    def _replace_logit_layer(self, layer: nn.Linear) -> None:
        self.answer_head.logit_fc[LAST_LAYER] = layer
        self._reconfigure(num_qa_labels=layer.out_features)


def normalised(answer: str) -> str:
    """An answer as the pre-training list spells it: lower case, no article, digits for numbers."""
    answer = re.sub(r"\.$", "", answer.lower())
    for article in ARTICLES:
        answer = answer.removeprefix(article)
    return SAME_ANSWERS.get(answer, answer)
