"""Options of an experiment: widgets that the page's address fills, and that it then tells.

Each option has a key of the session and one of the address. A link that is read anew fills all of
them again; the usual choice is not told.
"""

from collections.abc import Callable, Collection, Iterable
from typing import TypeVar

import streamlit as st

from lxmert_viz.ui.frame import address
from lxmert_viz.ui.wording import plain

Value = TypeVar("Value")
OWN = "causes."  # begins every session key of this topic
READING = "causes.reading"
WRONG = "This link asks for {}={}, which is not to be had here."


def begin() -> bool:
    """Whether a link was read that this page has not followed: then older choices are forgotten."""
    held = st.session_state
    if held.get(READING) == address.readings():
        return False
    for key in [key for key in held if isinstance(key, str) and key.startswith(OWN)]:
        del held[key]
    held[READING] = address.readings()
    return True


def fill(key: str, name: str, read: Callable[[str], Value | None], usual: Value) -> None:
    """The session's `key` as the address has it under `name`, unless a person has chosen."""
    held = st.session_state
    if key in held:
        return
    told = st.query_params.get(name, "")
    value = read(told) if told else usual
    if value is None:
        address.say_missing(WRONG.format(name, plain(told)))
        value = usual
    held[key] = value


def one_of(known: Collection[str]) -> Callable[[str], str | None]:
    return lambda told: told if told in known else None


def number_of(known: Collection[int]) -> Callable[[str], int | None]:
    def read(told: str) -> int | None:
        value = address.number(told)
        return value if value in known else None

    return read


def share_from(least: float, most: float) -> Callable[[str], float | None]:
    """Shares are told in whole percent."""

    def read(told: str) -> float | None:
        percent = address.number(told)
        is_one = percent is not None and least <= percent / 100 <= most
        return percent / 100 if is_one else None

    return read


def percent(share: float) -> str:
    return f"{100 * share:.0f}"


def switch(told: str) -> bool | None:
    return {"on": True, "off": False}.get(told)


def places_of(known: Collection[int]) -> Callable[[str], list[int] | None]:
    """Counted from 1 in the address, from 0 here."""

    def read(told: str) -> list[int] | None:
        numbers = [address.number(part) for part in told.split(",")]
        found = [number - 1 for number in numbers if number is not None]
        return found if len(found) == len(numbers) and set(found) <= set(known) else None

    return read


def told_places(places: Iterable[int]) -> str:
    return ",".join(str(place + 1) for place in places)
