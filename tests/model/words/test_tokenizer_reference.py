"""The tokenizer beside the published one: recorded pieces, and transformers on random text."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lxmert_viz.model.tokenizer import LxmertTokenizer, LxmertTokenizerFast
from tests.helpers.files import FIXTURES

FIXTURE = FIXTURES / "lxmert_tokenizer_cases.json"
CASES = json.loads(FIXTURE.read_text())
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = ["one", "two", "three", "four", "five", "six", "play", "cafe", "café", "Café", "don"]
LETTERS = list("abcdefghijklmnopqrstuvwxyzABCé?!.,'0123456789§猫字の한ςσß")
PIECES = [*SPECIAL, *WORDS, "##ing", *LETTERS, *(f"##{letter}" for letter in LETTERS)]


def published_vocabulary() -> Path:
    folder = os.environ.get("LXMERT_VIZ_TEST_DATA")
    path = Path(folder or ".") / "bert-base-uncased-vocab.txt"
    if folder is None or not path.is_file():
        pytest.skip("LXMERT_VIZ_TEST_DATA names no folder with bert-base-uncased-vocab.txt")
    return path


@pytest.mark.parametrize("column", range(len(CASES["options"])), ids=json.dumps)
def test_tricky_texts_give_the_pieces_of_the_published_tokenizer(column: int) -> None:
    tokenizer = LxmertTokenizerFast(published_vocabulary(), **CASES["options"][column])
    assert len(CASES["cases"]) == 69
    for text, *pieces in CASES["cases"]:
        assert " ".join(tokenizer.tokenize(text)) == pieces[column], text


def test_the_published_vocabulary_has_the_published_ids() -> None:
    tokenizer = LxmertTokenizer(vocab_file=published_vocabulary())
    assert (tokenizer.pad_token_id, tokenizer.unk_token_id) == (0, 100)
    assert (tokenizer.cls_token_id, tokenizer.sep_token_id) == (101, 102)
    assert (tokenizer.mask_token_id, tokenizer.vocab_size, len(tokenizer)) == (103, 30522, 30522)
    assert tokenizer.encode("What is the man holding?")[:2] == [101, 2054]


TOOLS: dict[str, tuple[LxmertTokenizerFast, Any]] = {}


def ours_and_reference(source: str, folder: Path) -> tuple[LxmertTokenizerFast, Any]:
    if source not in TOOLS:
        transformers = pytest.importorskip("transformers")
        path = folder / "vocab.txt"
        path.write_text("\n".join(PIECES) + "\n", encoding="utf-8")
        path = published_vocabulary() if source == "published" else path
        reference = transformers.LxmertTokenizerFast(vocab=str(path), model_max_length=512)
        TOOLS[source] = LxmertTokenizerFast(path), reference
    return TOOLS[source]


TEXTS = st.one_of(
    st.text(max_size=40),
    st.lists(
        st.one_of(
            st.sampled_from([*WORDS, *SPECIAL, "playing", "Ångström", "İ", "한", "猫", "e\u0301"]),
            st.text("aé\u0301\u00ad\u200d\u2028\x00\ufffd!' \t\n", max_size=6),
        ),
        max_size=12,
    ).map(" ".join),
)


@pytest.mark.parametrize("source", ["own", "published"])
def test_any_text_is_encoded_as_by_the_reference(
    source: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    ours, reference = ours_and_reference(source, tmp_path_factory.mktemp(source))

    @settings(max_examples=150, deadline=None, database=None)
    @given(TEXTS, st.none() | TEXTS)
    def same(text: str, text_pair: str | None) -> None:
        columns = {"return_offsets_mapping": True, "return_special_tokens_mask": True}
        mine, theirs = (tool(text, text_pair, **columns) for tool in (ours, reference))
        assert dict(mine) == dict(theirs)
        assert mine.word_ids() == theirs.word_ids(0)
        assert mine.sequence_ids() == theirs.sequence_ids(0)
        assert ours.tokenize(text, text_pair) == reference.tokenize(text, text_pair)
        for clean in (False, True):
            assert ours.decode(mine.input_ids, clean_up_tokenization_spaces=clean) == (
                reference.decode(theirs["input_ids"], clean_up_tokenization_spaces=clean)
            )

    same()


@pytest.mark.filterwarnings("ignore:`max_length` is ignored")  # says the reference
def test_any_cut_is_made_as_by_the_reference(tmp_path: Path) -> None:
    ours, reference = ours_and_reference("own", tmp_path)
    sentence = st.lists(st.sampled_from(WORDS), min_size=4, max_size=12).map(" ".join)

    @settings(max_examples=150, deadline=None, database=None)
    @given(
        st.lists(st.tuples(sentence, sentence), min_size=1, max_size=3),
        st.sampled_from([True, "longest_first", "only_first", "only_second", False]),
        st.sampled_from([True, "longest", "max_length", False]),
        st.integers(min_value=20, max_value=24),
        st.integers(min_value=0, max_value=3),
        st.booleans(),
    )
    def same(
        pairs: list[tuple[str, str]],
        truncation: bool | str,
        padding: bool | str,
        max_length: int,
        stride: int,
        overflow: bool,
    ) -> None:
        mine, theirs = (
            tool(
                pairs,
                truncation=truncation,
                padding=padding,
                max_length=max_length,
                stride=stride,
                return_overflowing_tokens=overflow,
                return_special_tokens_mask=True,
                return_offsets_mapping=True,
            )
            for tool in (ours, reference)
        )
        assert dict(mine) == dict(theirs)

    same()
