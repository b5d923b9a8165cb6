"""A tokenizer's vocabulary and options, as the files of a checkpoint hold them."""

from dataclasses import fields
from pathlib import Path
from typing import Any

from lxmert_viz.checkpoints.weight_files import snapshot
from lxmert_viz.config import read_json

VOCAB_FILE = "vocab.txt"
JSON_FILE = "tokenizer.json"
CONFIG_FILE = "tokenizer_config.json"
UNSAID_LENGTH = 10**9  # transformers writes 1e30 as model_max_length where nobody gave one
Vocabulary = str | Path | dict[str, int] | list[str]


def ids_by_piece(vocab: Vocabulary | None) -> dict[str, int]:
    if vocab is None:
        raise ValueError("vocab is needed: a vocab.txt, a list of pieces, or a dict of ids")
    if isinstance(vocab, str | Path):
        path = Path(vocab)
        vocab = _read_pieces(vocabulary_file(path) if path.is_dir() else path)
    ids = dict(vocab) if isinstance(vocab, dict) else {p: i for i, p in enumerate(vocab)}
    if sorted(ids.values()) != list(range(len(vocab))):
        raise ValueError(f"{len(ids)} different pieces do not fill {len(vocab)} ids from 0")
    return ids


def vocabulary_file(folder: Path) -> Path:
    """vocab.txt, or tokenizer.json where there is no other; a file stands for itself."""
    if folder.is_file():
        return folder
    folder = snapshot(folder)
    only_json = (folder / JSON_FILE).is_file() and not (folder / VOCAB_FILE).is_file()
    return folder / (JSON_FILE if only_json else VOCAB_FILE)


def _read_pieces(path: Path) -> dict[str, int] | list[str]:
    if path.suffix == ".json":
        model = _part(read_json(path), "model")
        if model.get("type", "WordPiece") != "WordPiece" or not isinstance(
            model.get("vocab"), dict
        ):
            raise ValueError(f"{path.name} holds no WordPiece vocabulary")
        return model["vocab"]
    # not splitlines, which would also cut a piece at U+2028 and its like
    return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")


def _part(written: Any, name: str) -> dict[str, Any]:
    part = written.get(name) if isinstance(written, dict) else None
    return part if isinstance(part, dict) else {}


def json_options(written: Any) -> dict[str, Any]:
    """What a tokenizer.json says of reading texts, by the names of the constructor."""
    normalizer, model = _part(written, "normalizer"), _part(written, "model")
    named = {
        "do_lower_case": normalizer.get("lowercase"),
        "strip_accents": normalizer.get("strip_accents"),
        "tokenize_chinese_chars": normalizer.get("handle_chinese_chars"),
        "clean_text": normalizer.get("clean_text"),
        "wordpieces_prefix": model.get("continuing_subword_prefix"),
        "unk_token": model.get("unk_token"),
    }
    return {name: value for name, value in named.items() if value is not None}


def known_options(kind: type[Any], config: Any) -> dict[str, Any]:
    """Constructor options in a tokenizer_config.json; other tools' entries are left out."""
    if not isinstance(config, dict):
        raise ValueError(f"{CONFIG_FILE} holds {config!r}, not options by name")
    names = {f.name for f in fields(kind)} - {"vocab"}
    options = {name: config[name] for name in names if config.get(name) is not None}
    # tokens may be written as {"content": "[MASK]", "lstrip": false, ...}
    options = {k: v["content"] if isinstance(v, dict) else v for k, v in options.items()}
    if options.get("model_max_length", 0) > UNSAID_LENGTH:
        del options["model_max_length"]
    return options
