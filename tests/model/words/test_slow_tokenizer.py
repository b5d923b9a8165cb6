"""The slow tokenizer beside what transformers 4.37.2 gave, recorded."""

import hashlib
import json
import logging
import pickle
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from lxmert_viz.model.tokenizer import LxmertTokenizer, LxmertTokenizerFast
from tests.helpers.files import FIXTURES
from tests.model.words.test_tokenizer_reference import CASES, published_vocabulary

RECORDED = json.loads((FIXTURES / "slow_tokenizer.json").read_text())
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PIECES = [*SPECIAL, "one", "two", "three", "play", "##ing", "é", "e"]
KINDS = {"slow": LxmertTokenizer, "fast": LxmertTokenizerFast}
BLOCK = RECORDED["block"]


@pytest.fixture(scope="module")
def slow() -> LxmertTokenizer:
    return LxmertTokenizer(published_vocabulary())


@pytest.mark.parametrize("column", range(len(CASES["options"])), ids=json.dumps)
def test_tricky_texts_give_the_slow_pieces(column: int) -> None:
    tokenizer = LxmertTokenizer(published_vocabulary(), **CASES["options"][column])
    for number, (text, *fast) in enumerate(CASES["cases"]):
        expected = RECORDED["tricky"].get(f"{number},{column}", fast[column])
        assert " ".join(tokenizer.tokenize(text)) == expected, text


def test_slow_and_fast_differ_on_some_tricky_texts() -> None:
    assert len(RECORDED["tricky"]) > 10


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", RECORDED["sweep"]["slow"])
def test_every_code_point_is_cut_as_recorded(kind: str, options: str) -> None:
    """Characters of every kind, alone and inside of a word, in blocks of 256."""
    if kind == "slow" and unicodedata.unidata_version != RECORDED["unicode"]:
        pytest.skip(f"this Python knows Unicode {unicodedata.unidata_version}")
    tokenizer = KINDS[kind](published_vocabulary(), **json.loads(options))
    for block, digest in zip(RECORDED["blocks"], RECORDED["sweep"][kind][options], strict=True):
        points = range(block * BLOCK, (block + 1) * BLOCK)
        points = [p for p in points if not 0xD800 <= p <= 0xDFFF]
        lines = [" ".join(tokenizer.tokenize(f"a{chr(p)}b {chr(p)}")) for p in points]
        found = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]
        assert found == digest, f"block of U+{block * BLOCK:04X}"


def test_texts_and_pairs_are_encoded_and_cut_as_recorded() -> None:
    sides = {
        side: LxmertTokenizer(published_vocabulary(), truncation_side=side)
        for side in ("left", "right")
    }
    logging.disable(logging.CRITICAL)
    try:
        for (text, pair, truncation, length, stride, side, overflow), expected in RECORDED[
            "encodings"
        ]:
            encoding = sides[side](
                text,
                pair,
                truncation=truncation,
                max_length=length,
                stride=stride,
                return_overflowing_tokens=overflow,
                return_special_tokens_mask=True,
            )
            assert dict(encoding) == expected, (text, pair, truncation, length, stride, side)
    finally:
        logging.disable(logging.NOTSET)


def test_options_of_the_slow_tokenizer_do_what_they_did() -> None:
    for text, options, expected in RECORDED["pieces"]:
        tokenizer = LxmertTokenizer(published_vocabulary(), **options)
        assert tokenizer.tokenize(text) == expected, (text, options)


def test_pieces_become_text_and_ids_become_text(slow: LxmertTokenizer) -> None:
    for tokens, expected in RECORDED["strings"]:
        assert slow.convert_tokens_to_string(tokens) == expected
    for ids, expected in RECORDED["decoded"]:
        assert slow.decode(ids) == expected


def test_padding_fills_every_column(slow: LxmertTokenizer) -> None:
    options = {"padding": "max_length", "max_length": 6, "truncation": True}
    encoding = slow(["the man", "a"], **options, return_special_tokens_mask=True)
    assert dict(encoding) == RECORDED["padded"]
    left = LxmertTokenizer(PIECES, padding_side="left")
    assert left(["one two", "one"], padding=True).attention_mask == [[1, 1, 1, 1], [0, 1, 1, 1]]


def test_ids_are_framed_and_typed() -> None:
    tokenizer = LxmertTokenizer(PIECES)
    assert tokenizer.build_inputs_with_special_tokens([5]) == [2, 5, 3]
    assert tokenizer.build_inputs_with_special_tokens([5], []) == [2, 5, 3, 3]
    assert tokenizer.create_token_type_ids_from_sequences([5], [6]) == [0, 0, 0, 1, 1]
    assert tokenizer.create_token_type_ids_from_sequences([5]) == [0, 0, 0]
    assert tokenizer.get_special_tokens_mask([5, 6], [7]) == [1, 0, 0, 1, 0, 1]
    given = tokenizer.get_special_tokens_mask([2, 5, 1, 4, 3], already_has_special_tokens=True)
    assert given == [1, 0, 1, 1, 1]
    with pytest.raises(ValueError, match="must be None"):
        tokenizer.get_special_tokens_mask([2], [3], already_has_special_tokens=True)


def test_what_longest_first_cuts_from_a_pair_is_not_returned() -> None:
    options: dict[str, Any] = {"truncation": True, "max_length": 6}
    with pytest.raises(ValueError, match="cannot be returned"):
        LxmertTokenizer(PIECES)("one two", "three one", return_overflowing_tokens=True, **options)


def test_batches_take_texts_and_pairs() -> None:
    tokenizer = LxmertTokenizer(PIECES)
    pairs = [tokenizer.encode("one", "two"), tokenizer.encode("three", "one")]
    assert tokenizer(["one", "three"], ["two", "one"]).input_ids == pairs
    assert tokenizer([("one", "two"), ("three", "one")]).input_ids == pairs
    assert tokenizer(["one", "two"], return_tensors="np").input_ids.tolist() == [
        [2, 5, 3],
        [2, 6, 3],
    ]
    with pytest.raises(ValueError, match="2 texts cannot be paired with 1"):
        tokenizer(["one", "two"], ["three"])
    with pytest.raises(ValueError, match="is not one of"):
        tokenizer("one", truncation="both")


def test_a_text_is_read_with_the_offsets_of_the_fast_one() -> None:
    text = "One PLAYING"
    mine, fast = LxmertTokenizer(PIECES).read(text), LxmertTokenizerFast(PIECES).read(text)
    assert (mine.pieces, mine.offsets) == (fast.pieces, fast.offsets)


def test_options_are_saved_and_come_back(tmp_path: Path) -> None:
    saved = LxmertTokenizer(PIECES, never_split=["a-b"], do_basic_tokenize=False)
    saved.save_pretrained(tmp_path)
    loaded = LxmertTokenizer.from_pretrained(tmp_path)
    assert (list(loaded.never_split), loaded.do_basic_tokenize) == (["a-b"], False)
    assert Path(saved.save_vocabulary(tmp_path, "mine")[0]).name == "mine-vocab.txt"
    assert pickle.loads(pickle.dumps(saved)).encode("one") == saved.encode("one")


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_tokenizer_json_is_read_with_its_options(kind: type, tmp_path: Path) -> None:
    written = kind(PIECES, do_lower_case=False)
    (tmp_path / "tokenizer.json").write_text(written._rust.to_str())
    for loaded in (kind.from_pretrained(tmp_path), kind(tmp_path, do_lower_case=False)):
        assert loaded.get_vocab() == written.get_vocab()
        assert loaded.tokenize("ONE playing") == ["[UNK]", "play", "##ing"]
    assert kind(tmp_path / "tokenizer.json").tokenize("ONE") == ["one"]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_file_opens_as_its_folder_does(kind: type, tmp_path: Path) -> None:
    kind(PIECES, do_lower_case=False, strip_accents=False).save_pretrained(tmp_path)
    model = {"type": "WordPiece", "vocab": {piece: i for i, piece in enumerate(PIECES)}}
    (tmp_path / "tokenizer.json").write_text(json.dumps({"model": model}))
    for source in (tmp_path, tmp_path / "vocab.txt", tmp_path / "tokenizer.json"):
        assert kind.from_pretrained(source).tokenize("One playing é") == [
            "[UNK]",
            "play",
            "##ing",
            "é",
        ]
