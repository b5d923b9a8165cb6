import json
import threading
from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, InitVar, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

import numpy as np
from tokenizers import AddedToken, Encoding, Tokenizer, decoders
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing

from lxmert_viz.checkpoints.folder import located
from lxmert_viz.checkpoints.hub import files_of
from lxmert_viz.config import read_json
from lxmert_viz.errors import CheckpointError, TextError
from lxmert_viz.model.words.encoding import (
    BatchEncoding,
    Text,
    as_arrays,
    as_batch,
    as_ids,
    without_surrogates,
)
from lxmert_viz.model.words.vocabulary import (
    CONFIG_FILE,
    JSON_FILE,
    VOCAB_FILE,
    Vocabulary,
    ids_by_piece,
    json_options,
    known_options,
    vocabulary_file,
)
from lxmert_viz.records import Tokens
from lxmert_viz.whole_files import write_text

TRUNCATIONS = (False, "do_not_truncate", True, "longest_first", "only_first", "only_second")
PADDINGS = (False, "do_not_pad", True, "longest", "max_length")
ENGLISH_SPACING = {f" {mark}": mark for mark in (".", "?", "!", ",")}
ENGLISH_SPACING |= {" ' ": "'"} | {f" {end}": end for end in ("n't", "'m", "'s", "'ve", "'re")}
# truncation and padding are state of the shared Rust object, and a server's sessions are threads
SETTINGS_LOCK = threading.Lock()


@dataclass(eq=False)
class LxmertTokenizerFast:
    """Text to word pieces and back, with the options documented for the published fast tokenizer.

    vocab: a vocab.txt, a tokenizer.json, a folder with one of them, the pieces in id order, or ids
    0..n-1 by piece. strip_accents None: only when lower-casing. Two options that transformers
    documents and then ignores work here: clean_text and wordpieces_prefix.
    """

    vocab: Vocabulary | None = field(default=None, repr=False)
    _: KW_ONLY
    vocab_file: InitVar[str | Path | None] = None  # the published name of `vocab`
    do_lower_case: bool = True
    unk_token: str = "[UNK]"
    sep_token: str = "[SEP]"
    pad_token: str = "[PAD]"
    cls_token: str = "[CLS]"
    mask_token: str = "[MASK]"
    tokenize_chinese_chars: bool = True
    strip_accents: bool | None = None
    clean_text: bool = True
    wordpieces_prefix: str = "##"
    model_max_length: int = 512
    padding_side: str = "right"
    truncation_side: str = "right"

    def __post_init__(self, vocab_file: str | Path | None) -> None:
        self.vocab = ids_by_piece(self.vocab or vocab_file)
        absent = [token for token in self.all_special_tokens if token not in self.vocab]
        if absent:
            raise ValueError(f"its {len(self.vocab)} pieces lack {', '.join(absent)}")
        for name, side in (("padding", self.padding_side), ("truncation", self.truncation_side)):
            if side not in ("left", "right"):
                raise ValueError(f"{name}_side is {side!r}, not 'left' or 'right'")
        self.unk_token_id = self.vocab[self.unk_token]
        self.sep_token_id = self.vocab[self.sep_token]
        self.pad_token_id = self.vocab[self.pad_token]
        self.cls_token_id = self.vocab[self.cls_token]
        self.mask_token_id = self.vocab[self.mask_token]
        self._rust = self._build()

    def _build(self) -> Tokenizer:
        # BertWordPieceTokenizer hands its prefix to the decoder only, so the parts are joined here
        model = WordPiece(
            self.vocab,
            unk_token=self.unk_token,
            continuing_subword_prefix=self.wordpieces_prefix,
            max_input_chars_per_word=100,
        )
        rust = Tokenizer(model)
        rust.normalizer = BertNormalizer(
            clean_text=self.clean_text,
            handle_chinese_chars=self.tokenize_chinese_chars,
            strip_accents=self.strip_accents,
            lowercase=self.do_lower_case,
        )
        rust.pre_tokenizer = BertPreTokenizer()
        rust.decoder = decoders.WordPiece(prefix=self.wordpieces_prefix)
        rust.post_processor = TemplateProcessing(
            single=f"{self.cls_token}:0 $A:0 {self.sep_token}:0",
            pair=f"{self.cls_token}:0 $A:0 {self.sep_token}:0 $B:1 {self.sep_token}:1",
            special_tokens=[(t, self.vocab[t]) for t in (self.cls_token, self.sep_token)],
        )
        rust.add_special_tokens(
            [AddedToken(token, normalized=False, special=True) for token in self.all_special_tokens]
        )
        return rust

    @classmethod
    def from_pretrained(cls, folder: str | Path, **options: Any) -> Self:
        """The tokenizer of a model folder, a vocab.txt, a tokenizer.json or owner/name of the hub.

        A tokenizer_config.json beside it counts; options of the constructor win over it. Raises
        CheckpointError.
        """
        names = (VOCAB_FILE, JSON_FILE, CONFIG_FILE)
        path = vocabulary_file(located(folder, lambda repository: files_of(repository, names)))
        config_file = path.parent / CONFIG_FILE
        config = read_json(config_file) if config_file.is_file() else {}
        try:
            written = json_options(read_json(path)) if path.suffix == ".json" else {}
            return cls(path, **(written | known_options(cls, config) | options))
        except FileNotFoundError as error:
            raise CheckpointError(
                f"{path} is missing. Copy the checkpoint's vocabulary there "
                "(the published LXMERTs use that of bert-base-uncased)."
            ) from error
        except ValueError as error:
            raise CheckpointError(
                f"{path} is not a vocabulary for LXMERT: {error}. "
                f"Put the checkpoint's own {path.name} and {CONFIG_FILE} there."
            ) from error

    def save_pretrained(self, folder: str | Path) -> tuple[str, ...]:
        """Write vocab.txt and tokenizer_config.json; returns their paths."""
        (vocab_path,) = self.save_vocabulary(folder)
        options = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "vocab"}
        config_path = Path(folder) / CONFIG_FILE
        told = {"tokenizer_class": "LxmertTokenizer", **options}
        write_text(config_path, json.dumps(told, indent=2) + "\n")
        return vocab_path, str(config_path)

    def save_vocabulary(self, folder: str | Path, filename_prefix: str | None = None) -> tuple[str]:
        """Write one piece a line in id order; returns the path."""
        path = Path(folder) / (f"{filename_prefix}-{VOCAB_FILE}" if filename_prefix else VOCAB_FILE)
        path.parent.mkdir(parents=True, exist_ok=True)
        pieces = sorted(self.vocab, key=self.vocab.__getitem__)
        write_text(path, "".join(f"{piece}\n" for piece in pieces))
        return (str(path),)

    def read(self, text: str, max_length: int | None = None) -> Tokens:
        """One question or caption as the model takes it: special pieces added, nothing cut.

        max_length: pieces that the model can take; `model_max_length` unless given. Lone
        surrogates become U+FFFD, so that the record can be stored. Raises TextError.
        """
        text = without_surrogates(text)
        limit = self.model_max_length if max_length is None else max_length
        (encoding,) = LxmertTokenizerFast._encode(self, [text])
        if all(word is None for word in encoding.word_ids):
            raise TextError("There are no words in this text: type a question or a caption.")
        if len(encoding) > limit:
            raise TextError(
                f"This text has {len(encoding)} word pieces, and the model takes at most {limit}: "
                "make it shorter."
            )
        unknown = [n for n, piece in enumerate(encoding.ids) if piece == self.unk_token_id]
        spans = [encoding.word_to_chars(encoding.word_ids[n]) for n in unknown]
        return Tokens(
            text=text,
            ids=np.array(encoding.ids, dtype=np.int64),
            type_ids=np.array(encoding.type_ids, dtype=np.int64),
            pieces=tuple(encoding.tokens),
            offsets=tuple(encoding.offsets),
            word_ids=tuple(encoding.word_ids),
            unknown_words=tuple(dict.fromkeys(text[start:end] for start, end in spans)),
        )

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
        return_offsets_mapping: bool = False,
    ) -> BatchEncoding:
        """Encode a text, a pair, or a batch of either, as transformers' tokenizers do.

        max_length alone truncates. return_tensors: None for lists, "np" or "pt".
        """
        batch = as_batch(text, text_pair)
        encodings = self._encode(batch, add_special_tokens, padding, truncation, max_length, stride)
        runs = [[e, *(e.overflowing if return_overflowing_tokens else ())] for e in encodings]
        rows = [row for run in runs for row in run]
        columns: dict[str, Any] = {"input_ids": [row.ids for row in rows]}
        if return_token_type_ids:
            columns["token_type_ids"] = [row.type_ids for row in rows]
        if return_attention_mask:
            columns["attention_mask"] = [row.attention_mask for row in rows]
        if return_special_tokens_mask:
            columns["special_tokens_mask"] = [row.special_tokens_mask for row in rows]
        if return_offsets_mapping:
            columns["offset_mapping"] = [row.offsets for row in rows]
        if return_overflowing_tokens:
            columns["overflow_to_sample_mapping"] = [i for i, run in enumerate(runs) for _ in run]
        elif isinstance(text, str) and return_tensors is None:
            columns = {name: values[0] for name, values in columns.items()}
        return BatchEncoding(as_arrays(columns, return_tensors), rows)

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
        batch = as_batch(text, text_pair)
        return self._encode(batch, add_special_tokens, padding, truncation, max_length)[0].ids

    def tokenize(
        self, text: str, pair: str | None = None, add_special_tokens: bool = False
    ) -> list[str]:
        return self._encode(as_batch(text, pair), add_special_tokens)[0].tokens

    def decode(
        self,
        token_ids: int | Iterable[int],
        skip_special_tokens: bool = False,
        clean_up_tokenization_spaces: bool = True,
    ) -> str:
        """The text of some ids (a list, an array or a tensor), joined as English is written."""
        ids = as_ids(token_ids)
        text = self._rust.decode(
            [ids] if isinstance(ids, int) else ids, skip_special_tokens=skip_special_tokens
        )
        if clean_up_tokenization_spaces:
            for spaced, joined in ENGLISH_SPACING.items():
                text = text.replace(spaced, joined)
        return text

    def batch_decode(
        self, sequences: Iterable[Iterable[int]], skip_special_tokens: bool = False
    ) -> list[str]:
        return [self.decode(token_ids, skip_special_tokens) for token_ids in sequences]

    def convert_tokens_to_ids(self, tokens: str | Iterable[str]) -> int | list[int]:
        """Ids of pieces; that of `unk_token` for what is no piece."""
        if isinstance(tokens, str):
            return self.vocab.get(tokens, self.unk_token_id)
        return [self.vocab.get(token, self.unk_token_id) for token in tokens]

    def convert_ids_to_tokens(
        self, ids: int | Iterable[int], skip_special_tokens: bool = False
    ) -> str | list[str]:
        ids = as_ids(ids)
        if isinstance(ids, int):
            return self._rust.id_to_token(ids)
        skipped = self.all_special_ids if skip_special_tokens else ()
        return [self._rust.id_to_token(i) for i in ids if i not in skipped]

    def get_vocab(self) -> dict[str, int]:
        return dict(self.vocab)

    @property
    def vocab_size(self) -> int:
        return len(self.vocab)

    def __len__(self) -> int:
        return len(self.vocab)

    @property
    def all_special_tokens(self) -> list[str]:
        return [self.unk_token, self.sep_token, self.pad_token, self.cls_token, self.mask_token]

    @property
    def all_special_ids(self) -> list[int]:
        return [self.vocab[token] for token in self.all_special_tokens]

    def _encode(
        self,
        batch: list[Text],
        add_special_tokens: bool = True,
        padding: bool | str = False,
        truncation: bool | str | None = None,
        max_length: int | None = None,
        stride: int = 0,
    ) -> list[Encoding]:
        if truncation is None:
            truncation = max_length is not None and padding is False
        for option, known in ((truncation, TRUNCATIONS), (padding, PADDINGS)):
            if option not in known:
                raise ValueError(f"{option!r} is not one of {known}")
        length = self.model_max_length if max_length is None else max_length
        rust = self._rust
        with SETTINGS_LOCK:
            rust.no_truncation()
            rust.no_padding()
            if truncation and truncation != "do_not_truncate":
                strategy = "longest_first" if truncation is True else truncation
                side = self.truncation_side
                rust.enable_truncation(length, stride=stride, strategy=strategy, direction=side)
            if padding and padding != "do_not_pad":
                rust.enable_padding(
                    direction=self.padding_side,
                    pad_id=self.pad_token_id,
                    pad_token=self.pad_token,
                    length=length if padding == "max_length" else None,
                )
            return rust.encode_batch(batch, add_special_tokens=add_special_tokens)
