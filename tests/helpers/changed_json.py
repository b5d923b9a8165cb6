"""JSON that somebody changed into what nobody expects."""

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

ODD = (None, True, 0, -1, 10**400, 1.5, float("nan"), "", "x", "\ud800", [], {}, [[]], ["x"], [1])


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container of a JSON value with each of its keys."""
    if not isinstance(value, dict | list):
        return
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        yield from places(value[key])


def change(value: Any, data: st.DataObject) -> None:
    """One to three things in it are others, away, or too many."""
    for _ in range(data.draw(st.integers(1, 3))):
        found = list(places(value))
        if not found:
            return
        container, key = found[data.draw(st.integers(0, len(found) - 1))]
        how = data.draw(st.sampled_from(["odd", "away", "more"]))
        if how == "odd":
            container[key] = copy.deepcopy(data.draw(st.sampled_from(ODD)))
        elif how == "away":
            del container[key]
        elif isinstance(container, dict):
            container["more"] = 1
        else:
            container.append(container[key])


def changed_bytes(content: bytes, data: st.DataObject) -> bytes:
    """Of JSON: something in it is another, or the text itself is cut or overwritten."""
    if data.draw(st.booleans()):
        told = json.loads(content)
        change(told, data)
        return json.dumps(told).encode()
    return damaged(content, data)


def damaged(content: bytes, data: st.DataObject) -> bytes:
    """Overwritten in up to four places, and cut, or not."""
    found = bytearray(content)
    for place in data.draw(st.lists(st.integers(0, max(len(content) - 1, 0)), max_size=4)):
        found[place : place + 1] = bytes([data.draw(st.integers(0, 255))])
    return bytes(found[: data.draw(st.just(len(found)) | st.integers(0, len(found)))])
