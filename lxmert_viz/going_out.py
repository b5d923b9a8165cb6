"""Texts of anyone's in files that leave: nothing in them runs, and every reader can read them."""

import re

import pandas as pd

# what neither XML nor HTML may hold, and halves of letters
UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
INSTEAD = "\ufffd"
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for one begins so
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)


def writable(text: str) -> str:
    """The text with a mark for each letter that a page or a drawing cannot hold."""
    return UNWRITABLE.sub(INSTEAD, text)


def cell(value: object) -> object:
    """A text that a spreadsheet would run begins with an apostrophe; other values stay."""
    if not isinstance(value, str):
        return value
    runs = value.startswith(FORMULA) and not NUMBER.fullmatch(value)
    # a lone return would end the row: pandas quotes none
    text = writable(value).replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if runs else text


def as_csv(table: pd.DataFrame, float_format: str | None = None) -> str:
    """The table without its index."""
    texts = [name for name in table if not pd.api.types.is_numeric_dtype(table[name])]
    safe = {name: [cell(value) for value in table[name].tolist()] for name in texts}
    named = table.assign(**{n: pd.Series(v, table.index, object) for n, v in safe.items()})
    return named.rename(columns=cell).to_csv(
        index=False, lineterminator="\n", float_format=float_format
    )
