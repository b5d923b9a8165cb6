"""Options of an experiment: widgets that the page's address fills, and that it then tells.

Each option has a key of the session and one of the address. A link that is read anew fills all of
them again; the usual choice is not told.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import streamlit as st

from lxmert_viz.ui.frame import address
from lxmert_viz.ui.wording import plain

Value = TypeVar("Value")
OWN = "causes."  # begins every session key of this topic
READING, ABOUT = "causes.reading", "causes.about"
WRONG = "This link asks for {}={}, which is not to be had here."


def begin(about: str) -> bool:
    """Whether a link was read that this page has not followed: then older choices are forgotten.

    about: which question of which picture and model the link is about.
    """
    held = st.session_state
    if held.get(READING) == address.readings():
        return False
    for key in [key for key in held if isinstance(key, str) and key.startswith(OWN)]:
        del held[key]
    held[READING], held[ABOUT] = address.readings(), about
    return True


@dataclass(frozen=True, slots=True)
class Option(Generic[Value]):
    """One choice of a person."""

    key: str  # of the session
    name: str  # in the address
    read: Callable[[str], Value | None]  # None for what is not to be had
    usual: Value
    tell: Callable[[Value], str] = str
    about: str = ""  # the question that it says something of; "": of any


def fill(option: Option[Value]) -> None:
    """As the address has it, unless a person has chosen."""
    held = st.session_state
    if option.key in held:
        return
    is_meant = option.about in ("", held[ABOUT])
    told = address.told().get(option.name, "") if is_meant else ""
    value = option.read(told) if told else option.usual
    if told and value is None:
        address.say_missing(WRONG.format(option.name, plain(told)))
        value = option.usual
    held[option.key] = value


def held(option: Option[Value]) -> Value:
    """What no widget holds."""
    fill(option)
    value = st.session_state[option.key]
    tell(option, value)
    return value


def tell(option: Option[Value], value: Value) -> None:
    told = "" if value == option.usual else option.tell(value)
    address.put({option.name: told}, of_question=bool(option.about))


def choose(option: Option[Value], widget: Callable[..., Value], *told: Any, **more: Any) -> Value:
    """What the widget holds, which the address then tells. told, more: what the widget takes."""
    fill(option)
    value = widget(*told, key=option.key, persist_state="session", **more)
    tell(option, value)
    return value


def select(option: Option[Value], label: str, options: Sequence[Value], **more: Any) -> Value:
    """The same of a list that can have changed since."""
    fill(option)
    if st.session_state[option.key] not in options:
        st.session_state[option.key] = option.usual
    return choose(option, st.selectbox, label, options, **more)


def toggle(key: str, name: str, label: str) -> bool:
    option = Option(key, name, {"on": True, "off": False}.get, False, lambda is_on: "on")
    return choose(option, st.toggle, label)


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


def places_of(known: Collection[int]) -> Callable[[str], list[int] | None]:
    """Counted from 1 in the address, from 0 here."""

    def read(told: str) -> list[int] | None:
        numbers = [address.number(part) for part in told.split(",")]
        found = [number - 1 for number in numbers if number is not None]
        return found if len(found) == len(numbers) and set(found) <= set(known) else None

    return read


def told_places(places: Iterable[int]) -> str:
    return ",".join(str(place + 1) for place in sorted(places))


def place_of(known: Collection[int]) -> Callable[[str], int | None]:
    read = places_of(known)
    return lambda told: (read(told) or [None])[0]


def told_place(place: int) -> str:
    return told_places([place])
