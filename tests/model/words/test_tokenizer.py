import json
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from lxmert_viz.errors import CheckpointError, TextError
from lxmert_viz.model.tokenizer import LxmertTokenizerFast
from lxmert_viz.places import ROOT

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = ["one", "two", "three", "four", "five", "six", "play", "cafe", "café", "Café", "don", "t"]
PIECES = [*SPECIAL, *WORDS, "##ing", *"?!.,'猫字", "##字"]
PAD, UNK, CLS, SEP, MASK = range(5)


@pytest.fixture(scope="module")
def small() -> LxmertTokenizerFast:
    return LxmertTokenizerFast(PIECES)


def ids_of(words: str) -> list[int]:
    return [PIECES.index(word) for word in words.split()]


def test_a_pair_is_cls_first_sep_second_sep_with_types_0_and_1(small: LxmertTokenizerFast) -> None:
    encoding = small("one two", "three", return_special_tokens_mask=True)
    assert encoding.input_ids == ids_of("[CLS] one two [SEP] three [SEP]")
    assert encoding.token_type_ids == [0, 0, 0, 0, 1, 1]
    assert encoding.attention_mask == [1, 1, 1, 1, 1, 1]
    assert encoding.special_tokens_mask == [1, 0, 0, 1, 0, 1]
    assert encoding.sequence_ids() == [None, 0, 0, None, 1, None]
    assert encoding.tokens() == ["[CLS]", "one", "two", "[SEP]", "three", "[SEP]"]
    assert small("one", "three", add_special_tokens=False).input_ids == ids_of("one three")


def test_batches_take_lists_of_texts_and_of_pairs(small: LxmertTokenizerFast) -> None:
    assert small(["one", "two"]).input_ids == [small.encode("one"), small.encode("two")]
    paired = [small.encode("one", "two"), small.encode("three", "four")]
    assert small(["one", "three"], ["two", "four"]).input_ids == paired
    assert small([("one", "two"), ("three", "four")]).input_ids == paired
    with pytest.raises(ValueError, match="2 texts cannot be paired with 1"):
        small(["one", "two"], ["three"])


@pytest.mark.parametrize(
    ("strategy", "kept"),
    [
        (True, "[CLS] one two [SEP] three four [SEP]"),
        ("only_first", "[CLS] one [SEP] three four five [SEP]"),
        ("only_second", "[CLS] one two [SEP] three four [SEP]"),
    ],
)
def test_each_strategy_cuts_the_text_it_names(
    small: LxmertTokenizerFast, strategy: bool | str, kept: str
) -> None:
    ids = small.encode("one two", "three four five", truncation=strategy, max_length=7)
    assert ids == ids_of(kept)


def test_an_odd_budget_leaves_the_extra_piece_to_the_second_text(
    small: LxmertTokenizerFast,
) -> None:
    ids = small.encode("one two three", "four five six", truncation=True, max_length=6)
    assert ids == ids_of("[CLS] one [SEP] four five [SEP]")


def test_overflow_repeats_stride_pieces(small: LxmertTokenizerFast) -> None:
    texts = ["one two three four five", "six"]
    encoding = small(texts, truncation=True, max_length=5, stride=1, return_overflowing_tokens=True)
    assert encoding.input_ids == [
        ids_of("[CLS] one two three [SEP]"),
        ids_of("[CLS] three four five [SEP]"),
        ids_of("[CLS] six [SEP]"),
    ]
    assert encoding.overflow_to_sample_mapping == [0, 0, 1]


def test_max_length_alone_cuts_and_false_leaves_whole(small: LxmertTokenizerFast) -> None:
    assert small.encode("one two three", max_length=4) == ids_of("[CLS] one two [SEP]")
    whole = ids_of("[CLS] one two three [SEP]")
    assert small.encode("one two three", max_length=4, truncation=False) == whole
    assert small.encode("one two three", max_length=4, padding=True) == whole


@pytest.mark.parametrize(("padding", "length"), [(True, 4), ("longest", 4), ("max_length", 6)])
def test_padding_fills_with_zeros(
    small: LxmertTokenizerFast, padding: bool | str, length: int
) -> None:
    encoding = small(
        ["one two", "one"], padding=padding, max_length=6, truncation=True, return_tensors="np"
    )
    assert encoding.input_ids.shape == (2, length)
    assert encoding.input_ids.dtype == np.int64
    assert encoding.input_ids[1].tolist() == ids_of("[CLS] one [SEP]") + [PAD] * (length - 3)
    assert encoding.attention_mask.sum(axis=1).tolist() == [4, 3]
    assert not encoding.token_type_ids.any()


def test_sides_and_model_length_are_honoured() -> None:
    tokenizer = LxmertTokenizerFast(
        PIECES, padding_side="left", truncation_side="left", model_max_length=4
    )
    encoding = tokenizer(["one two three", "one"], padding="max_length", truncation=True)
    assert encoding.input_ids == [ids_of("[CLS] two three [SEP]"), ids_of("[PAD] [CLS] one [SEP]")]


def test_tensors_are_torch_and_move(small: LxmertTokenizerFast) -> None:
    torch = pytest.importorskip("torch")
    encoding = small("one two", return_tensors="pt")
    assert torch.equal(encoding.input_ids, torch.tensor([ids_of("[CLS] one two [SEP]")]))
    assert encoding.to("meta").attention_mask.device.type == "meta"


def test_columns_come_when_asked_for(small: LxmertTokenizerFast) -> None:
    encoding = small("one", return_token_type_ids=False, return_attention_mask=False)
    assert list(encoding) == ["input_ids"]
    with pytest.raises(AttributeError, match="attention_mask"):
        _ = encoding.attention_mask


def test_wrong_options_are_named(small: LxmertTokenizerFast) -> None:
    with pytest.raises(ValueError, match="'longest_frist' is not one of"):
        small("one", truncation="longest_frist")
    with pytest.raises(ValueError, match="'tf'"):
        small("one", return_tensors="tf")
    with pytest.raises(ValueError, match="pass padding=True"):
        small(["one", "one two"], return_tensors="np")
    with pytest.raises(ValueError, match="a text is a str, not nan"):
        small(["one", float("nan")])
    with pytest.raises(ValueError, match="'top'"):
        LxmertTokenizerFast(PIECES, padding_side="top")
    with pytest.raises(ValueError, match="vocab is needed"):
        LxmertTokenizerFast()


def test_threads_with_different_lengths_do_not_disturb_each_other(
    small: LxmertTokenizerFast,
) -> None:
    def rows(length: int) -> set[int]:
        options = {"padding": "max_length", "truncation": True, "max_length": length}
        return {len(small.encode("one two three", **options)) for _ in range(300)}

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(rows, [4, 6, 8, 10])) == [{4}, {6}, {8}, {10}]


def test_control_characters_stay_only_when_text_is_not_cleaned() -> None:
    assert LxmertTokenizerFast(PIECES).tokenize("o\x07ne") == ["one"]
    assert LxmertTokenizerFast(PIECES, clean_text=False).tokenize("o\x07ne") == ["[UNK]"]


def test_the_prefix_is_used_by_pieces_and_by_decoding() -> None:
    pieces = [*SPECIAL, "play", "@@ing", "##ing"]
    tokenizer = LxmertTokenizerFast(pieces, wordpieces_prefix="@@")
    assert tokenizer.tokenize("playing") == ["play", "@@ing"]
    assert tokenizer.decode(tokenizer.encode("playing"), skip_special_tokens=True) == "playing"
    assert LxmertTokenizerFast(pieces).tokenize("playing") == ["play", "##ing"]


def test_capitals_accents_and_characters_follow_their_options() -> None:
    assert LxmertTokenizerFast(PIECES).tokenize("Café") == ["cafe"]
    assert LxmertTokenizerFast(PIECES, strip_accents=False).tokenize("Café") == ["café"]
    assert LxmertTokenizerFast(PIECES, do_lower_case=False).tokenize("Café") == ["Café"]
    assert LxmertTokenizerFast(PIECES).tokenize("猫字") == ["猫", "字"]
    joined = LxmertTokenizerFast(PIECES, tokenize_chinese_chars=False)
    assert joined.tokenize("猫字") == ["猫", "##字"]


def test_special_tokens_may_have_other_names() -> None:
    names = {"cls_token": "<s>", "sep_token": "</s>", "unk_token": "<unk>"}
    tokenizer = LxmertTokenizerFast([*PIECES, *names.values()], **names)
    assert tokenizer.tokenize("one ☃", add_special_tokens=True) == ["<s>", "one", "<unk>", "</s>"]
    assert tokenizer.all_special_tokens == ["<unk>", "</s>", "[PAD]", "<s>", "[MASK]"]
    assert tokenizer.all_special_ids[0] == tokenizer.unk_token_id == len(PIECES) + 2


def test_special_tokens_in_a_text_need_no_spaces(small: LxmertTokenizerFast) -> None:
    assert small.tokenize("one[MASK]two") == ["one", "[MASK]", "two"]


def test_ids_become_readable_text(small: LxmertTokenizerFast) -> None:
    ids = small.encode("Don't play, playing one?")
    assert small.decode(ids, skip_special_tokens=True) == "don't play, playing one?"
    assert small.decode(np.array(ids[:2])) == "[CLS] don"
    assert small.decode(ids[1]) == "don"
    assert small.batch_decode([ids[:2], ids[1:2]], skip_special_tokens=True) == ["don", "don"]
    raw = small.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    assert raw == "don ' t play, playing one?"


def test_ids_and_pieces_are_exchanged(small: LxmertTokenizerFast) -> None:
    assert small.convert_tokens_to_ids(["one", "☃"]) == [PIECES.index("one"), UNK]
    assert small.convert_tokens_to_ids("[MASK]") == MASK
    assert small.convert_ids_to_tokens(np.array([CLS, 5])) == ["[CLS]", "one"]
    assert small.convert_ids_to_tokens([CLS, 5], skip_special_tokens=True) == ["one"]
    assert small.convert_ids_to_tokens(SEP) == "[SEP]"
    assert small.get_vocab() == {piece: index for index, piece in enumerate(PIECES)}


def test_a_text_is_read_with_offsets_into_what_was_written(small: LxmertTokenizerFast) -> None:
    text = "  Café PLAYING,\u200b e\u0301 猫"
    tokens = small.read(text)
    assert tokens.pieces == ("[CLS]", "cafe", "play", "##ing", ",", "[UNK]", "猫", "[SEP]")
    written = [text[start:end] for start, end in tokens.offsets]
    assert written == ["", "Café", "PLAY", "ING", ",", "e", "猫", ""]
    assert tokens.offsets[0] == tokens.offsets[-1] == (0, 0)
    assert tokens.word_ids == (None, 0, 1, 1, 2, 3, 4, None)
    assert tokens.ids.tolist() == small.encode(text)
    assert tokens.ids.dtype == tokens.type_ids.dtype == np.int64
    assert tokens.type_ids.tolist() == [0] * 8
    assert tokens.text == text


def test_words_that_cannot_be_spelled_are_reported_as_written(small: LxmertTokenizerFast) -> None:
    tokens = small.read("One Zebra and two Zebra, Öl")
    assert tokens.unknown_words == ("Zebra", "and", "Öl")
    assert small.read("one two").unknown_words == ()


@pytest.mark.parametrize("text", ["", "  \n\t ", "\u200b\u00ad", "\ud800"])
def test_a_text_without_words_asks_for_one(small: LxmertTokenizerFast, text: str) -> None:
    with pytest.raises(TextError, match="type a question or a caption"):
        small.read(text)


def test_a_text_that_is_too_long_names_both_numbers(small: LxmertTokenizerFast) -> None:
    assert len(small.read("one " * 510).ids) == 512
    with pytest.raises(TextError, match="513 word pieces.*at most 512"):
        small.read("one " * 511)
    with pytest.raises(TextError, match="5 word pieces.*at most 4"):
        small.read("one two three", max_length=4)
    with pytest.raises(TextError, match="5 word pieces.*at most 4"):
        LxmertTokenizerFast(PIECES, model_max_length=4).read("one two three")


def test_reading_ignores_the_padding_and_cuts_of_earlier_calls(small: LxmertTokenizerFast) -> None:
    small("one", padding="max_length", truncation=True, max_length=3)
    assert small.read("one two").pieces == ("[CLS]", "one", "two", "[SEP]")


def test_lone_surrogates_are_dropped_without_moving_offsets(small: LxmertTokenizerFast) -> None:
    text = "one\ud83d two \udc00three"
    assert small(text).tokens() == ["[CLS]", "one", "two", "three", "[SEP]"]
    assert small("one", text).input_ids[3:] == ids_of("one two three [SEP]")
    tokens = small.read(text)
    assert [tokens.text[start:end] for start, end in tokens.offsets[1:-1]] == [
        "one",
        "two",
        "three",
    ]
    assert len(tokens.text) == len(text)
    tokens.text.encode("utf-8")


OPTIONS = {
    "do_lower_case": False,
    "strip_accents": True,
    "clean_text": False,
    "tokenize_chinese_chars": False,
    "wordpieces_prefix": "@@",
    "mask_token": "<mask>",
    "model_max_length": 20,
    "padding_side": "left",
    "truncation_side": "left",
}


def test_a_saved_tokenizer_comes_back_with_every_option(tmp_path: Path) -> None:
    saved = LxmertTokenizerFast([*PIECES, "<mask>", "@@ing", "a\u2028b"], **OPTIONS)
    paths = saved.save_pretrained(tmp_path / "new")
    assert [Path(path).name for path in paths] == ["vocab.txt", "tokenizer_config.json"]
    loaded = LxmertTokenizerFast.from_pretrained(tmp_path / "new")
    assert {name: getattr(loaded, name) for name in OPTIONS} == OPTIONS
    assert loaded.get_vocab() == saved.get_vocab()
    text = "Café playing 猫字 <mask> o\x07ne"
    assert (
        loaded.tokenize(text) == saved.tokenize(text) != LxmertTokenizerFast(PIECES).tokenize(text)
    )


def test_a_copy_in_another_process_reads_the_same(small: LxmertTokenizerFast) -> None:
    assert pickle.loads(pickle.dumps(small)).encode("Café one") == small.encode("Café one")


def test_options_given_win_over_the_folders(tmp_path: Path) -> None:
    LxmertTokenizerFast(PIECES, do_lower_case=False).save_pretrained(tmp_path)
    assert LxmertTokenizerFast.from_pretrained(tmp_path).tokenize("ONE") == ["[UNK]"]
    lowering = LxmertTokenizerFast.from_pretrained(tmp_path, do_lower_case=True)
    assert lowering.tokenize("ONE") == ["one"]


def test_configs_written_by_other_tools_are_understood(tmp_path: Path) -> None:
    LxmertTokenizerFast([*PIECES, "<mask>"]).save_vocabulary(tmp_path)
    assert LxmertTokenizerFast.from_pretrained(tmp_path).do_lower_case
    written = {
        "mask_token": {"content": "<mask>", "lstrip": False},
        "model_max_length": 10**30,
        "strip_accents": None,
        "special_tokens_map_file": "special_tokens_map.json",
    }
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(written))
    tokenizer = LxmertTokenizerFast.from_pretrained(tmp_path)
    assert (tokenizer.mask_token, tokenizer.model_max_length) == ("<mask>", 512)


def test_folders_without_a_usable_vocabulary_say_so(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"vocab\.txt is missing"):
        LxmertTokenizerFast.from_pretrained(tmp_path)
    vocab = tmp_path / "vocab.txt"
    vocab.write_text("one\n[PAD]\n[UNK]\n[SEP]\n")
    with pytest.raises(CheckpointError, match=r"4 pieces lack \[CLS\], \[MASK\]"):
        LxmertTokenizerFast.from_pretrained(tmp_path)
    vocab.write_text("\n".join([*SPECIAL, "one", "one"]))
    with pytest.raises(CheckpointError, match="6 different pieces do not fill 7 ids"):
        LxmertTokenizerFast.from_pretrained(tmp_path)
    vocab.write_bytes(b"\xff\xfe")
    with pytest.raises(CheckpointError, match="not a vocabulary"):
        LxmertTokenizerFast.from_pretrained(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text("[]")
    with pytest.raises(CheckpointError, match="not options by name"):
        LxmertTokenizerFast.from_pretrained(tmp_path)


def test_vocabularies_may_be_files_lists_or_ids(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_bytes("\r\n".join(PIECES).encode())
    ids = {piece: index for index, piece in enumerate(PIECES)}
    for vocab in (path, str(path), PIECES, ids):
        assert LxmertTokenizerFast(vocab).get_vocab() == ids
    with pytest.raises(ValueError, match="do not fill"):
        LxmertTokenizerFast(ids | {"one": 999})


def test_texts_are_read_without_torch() -> None:
    code = (
        "import sys; from lxmert_viz.model.tokenizer import LxmertTokenizerFast as T; "
        "T(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'a']).read('a'); "
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
