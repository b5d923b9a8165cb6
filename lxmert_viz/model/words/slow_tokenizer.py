import logging
from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

from lxmert_viz.model.words.encoding import BatchEncoding, Text, as_arrays, without_surrogates
from lxmert_viz.model.words.fast_tokenizer import PADDINGS, TRUNCATIONS, LxmertTokenizerFast
from lxmert_viz.model.words.slow_words import lower_each, pieces, split_at, words

LOG = logging.getLogger(__name__)
NO_TRUNCATION = (False, "do_not_truncate")


@dataclass
class Row:
    """One encoded text or pair; the columns of an encoding, before they are joined."""

    ids: list[int]
    type_ids: list[int]
    special: list[int]  # 1 for [CLS] and [SEP]
    overflowing: list[int]  # ids that were cut off
    cut: int  # how many were too many; negative: how many more had room

    def __post_init__(self) -> None:
        self.attention_mask = [1] * len(self.ids)

    def pad(self, length: int, pad_id: int, side: str) -> None:
        gap = length - len(self.ids)
        for column, value in (
            (self.ids, pad_id),
            (self.type_ids, 0),
            (self.special, 1),
            (self.attention_mask, 0),
        ):
            place = 0 if side == "left" else len(column)
            column[place:place] = [value] * gap


@dataclass(eq=False)
class LxmertTokenizer(LxmertTokenizerFast):
    """The published slow tokenizer, whose rules are Python's and not those of `tokenizers`.

    It differs from the fast one in NFC, new punctuation and marks, some Chinese, odd truncations,
    and in the options here. It knows no offsets; `read` gives those of the fast tokenizer.
    """

    _: KW_ONLY
    do_basic_tokenize: bool = True  # False: only spaces split, nothing is lower-cased
    never_split: Sequence[str] | None = None  # words that stay whole; not spelled either

    def tokenize(
        self, text: str, pair: str | None = None, add_special_tokens: bool = False
    ) -> list[str]:
        found = self._pieces(text) + (self._pieces(pair) if pair is not None else [])
        if not add_special_tokens:
            return found
        return self.convert_ids_to_tokens(self.encode(text, pair))

    def encode(
        self,
        text: str,
        text_pair: str | None = None,
        *,
        add_special_tokens: bool = True,
        padding: bool | str = False,
        truncation: bool | str | None = None,
        max_length: int | None = None,
    ) -> list[int]:
        options = (add_special_tokens, padding, truncation, max_length, 0)
        return self._rows([_item(text, text_pair)], *options)[0].ids

    def __call__(
        self,
        text: str | Sequence[Text],
        text_pair: str | Sequence[str] | None = None,
        *,
        add_special_tokens: bool = True,
        padding: bool | str = False,
        truncation: bool | str | None = None,
        max_length: int | None = None,
        stride: int = 0,
        return_tensors: str | None = None,
        return_token_type_ids: bool = True,
        return_attention_mask: bool = True,
        return_overflowing_tokens: bool = False,
        return_special_tokens_mask: bool = False,
    ) -> BatchEncoding:
        """Encode a text, a pair, or a batch of either, as transformers' slow tokenizers do.

        What was cut off comes as one list, `overflowing_tokens`, beside `num_truncated_tokens`.
        """
        batch = _batch(text, text_pair)
        rows = self._rows(batch, add_special_tokens, padding, truncation, max_length, stride)
        longest_first = truncation in (True, "longest_first", None)
        if return_overflowing_tokens and longest_first and any(len(i) > 1 for i in batch):
            raise ValueError("what longest_first cuts from a pair cannot be returned; cut one text")
        columns: dict[str, Any] = {}
        if return_overflowing_tokens:
            columns["overflowing_tokens"] = [row.overflowing for row in rows]
            columns["num_truncated_tokens"] = [row.cut for row in rows]
        if return_special_tokens_mask:
            columns["special_tokens_mask"] = [row.special for row in rows]
        columns["input_ids"] = [row.ids for row in rows]
        if return_token_type_ids:
            columns["token_type_ids"] = [row.type_ids for row in rows]
        if return_attention_mask:
            columns["attention_mask"] = [row.attention_mask for row in rows]
        if isinstance(text, str) and return_tensors is None:
            columns = {name: values[0] for name, values in columns.items()}
        return BatchEncoding(as_arrays(columns, return_tensors), [])

    def build_inputs_with_special_tokens(
        self, token_ids_0: list[int], token_ids_1: list[int] | None = None
    ) -> list[int]:
        """[CLS] first [SEP], and second [SEP] where there is a second."""
        first = [self.cls_token_id, *token_ids_0, self.sep_token_id]
        return first if token_ids_1 is None else [*first, *token_ids_1, self.sep_token_id]

    def create_token_type_ids_from_sequences(
        self, token_ids_0: list[int], token_ids_1: list[int] | None = None
    ) -> list[int]:
        second = [] if token_ids_1 is None else [1] * (len(token_ids_1) + 1)
        return [0] * (len(token_ids_0) + 2) + second

    def get_special_tokens_mask(
        self,
        token_ids_0: list[int],
        token_ids_1: list[int] | None = None,
        already_has_special_tokens: bool = False,
    ) -> list[int]:
        """1 for each piece that is added; with already_has_special_tokens for every special id.

        The latter counts [UNK] and [MASK] too, as in transformers.
        """
        if already_has_special_tokens:
            if token_ids_1 is not None:
                raise ValueError("ids with special tokens are one list; token_ids_1 must be None")
            return [int(token_id in self.all_special_ids) for token_id in token_ids_0]
        second = [] if token_ids_1 is None else [0] * len(token_ids_1) + [1]
        return [1, *[0] * len(token_ids_0), 1, *second]

    def convert_tokens_to_string(self, tokens: Iterable[str]) -> str:
        return " ".join(tokens).replace(f" {self.wordpieces_prefix}", "").strip()

    def _pieces(self, text: str) -> list[str]:
        special = self.all_special_tokens
        found: list[str] = []
        for part in split_at(without_surrogates(text), special):
            if part in special:
                found.append(part)
            else:
                found += self._spelled(part)
        return found

    def _spelled(self, text: str) -> list[str]:
        vocab, unknown, prefix = self.vocab, self.unk_token, self.wordpieces_prefix
        if not self.do_basic_tokenize:
            return [p for word in text.split() for p in pieces(word, vocab, unknown, prefix)]
        own = set(self.never_split or ())
        found: list[str] = []
        for word in words(
            lower_each(text) if self.do_lower_case else text,
            lower=self.do_lower_case,
            strip_accents=self.strip_accents,
            chinese=self.tokenize_chinese_chars,
            whole={*own, *self.all_special_tokens},
        ):
            found += [word] if word in own else pieces(word, vocab, unknown, prefix)
        return found

    def _rows(
        self,
        batch: list[tuple[str, ...]],
        add_special_tokens: bool,
        padding: bool | str,
        truncation: bool | str | None,
        max_length: int | None,
        stride: int,
    ) -> list[Row]:
        if truncation is None:
            truncation = max_length is not None and padding is False
        for option, known in ((truncation, TRUNCATIONS), (padding, PADDINGS)):
            if option not in known:
                raise ValueError(f"{option!r} is not one of {known}")
        length = self.model_max_length if max_length is None else max_length
        strategy = "longest_first" if truncation is True else truncation
        rows = []
        for item in batch:
            ids = [self.convert_tokens_to_ids(self._pieces(text)) for text in item]
            added = len(ids) + 1 if add_special_tokens else 0
            cut = sum(map(len, ids)) + added - length
            overflowing: list[int] = []
            if cut > 0 and truncation not in NO_TRUNCATION:
                overflowing = self._cut(ids, cut, strategy, stride)
            rows.append(self._row(ids, add_special_tokens, overflowing, cut))
        if padding not in (False, "do_not_pad"):
            width = length if padding == "max_length" else max(len(row.ids) for row in rows)
            for row in rows:
                row.pad(width, self.pad_token_id, self.padding_side)
        return rows

    def _row(self, ids: list[list[int]], special: bool, overflowing: list[int], cut: int) -> Row:
        if special:
            joined = self.build_inputs_with_special_tokens(*ids)
            types = self.create_token_type_ids_from_sequences(*ids)
            return Row(joined, types, self.get_special_tokens_mask(*ids), overflowing, cut)
        joined = [token_id for part in ids for token_id in part]
        types = [kind for kind, part in enumerate(ids) for _ in part]
        return Row(joined, types, [0] * len(joined), overflowing, cut)

    def _cut(self, ids: list[list[int]], count: int, strategy: str, stride: int) -> list[int]:
        """Take `count` pieces from the texts, in place; returns what overflows.

        A text that would lose all it has is left whole, with an error in the log.
        """
        if strategy == "longest_first" and len(ids) == 2:
            for _ in range(count):  # of two alike, the second gives
                part = ids[0] if len(ids[0]) > len(ids[1]) else ids[1]
                part[:] = part[1:] if self.truncation_side == "left" else part[:-1]
            return []
        part = ids[-1] if strategy == "only_second" else ids[0]
        if len(part) <= count or (strategy == "only_second" and len(ids) == 1):
            LOG.error(
                "%d pieces cannot be cut from a text of %d: it is left whole", count, len(part)
            )
            return []
        window = min(len(part), stride + count)
        if self.truncation_side == "left":
            overflowing, part[:] = part[:window], part[count:]
        else:
            overflowing, part[:] = part[-window:], part[:-count]
        return overflowing


def _item(text: str, pair: str | None) -> tuple[str, ...]:
    """One text, or two; an empty second one is a second one here."""
    return (text,) if pair is None else (text, pair)


def _batch(text: str | Sequence[Text], pair: str | Sequence[str] | None) -> list[tuple[str, ...]]:
    if isinstance(text, str):
        return [_item(text, pair)]
    if pair is None:
        return [tuple(t) if isinstance(t, list | tuple) else (t,) for t in text]
    if len(text) != len(pair):
        raise ValueError(f"{len(text)} texts cannot be paired with {len(pair)}")
    return list(zip(text, pair, strict=True))
