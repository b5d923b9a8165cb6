"""States of the flow graph that a person pinned, with their labels: those of one label are one."""

import re
from collections.abc import Callable, Mapping
from functools import partial

import streamlit as st

from lxmert_viz.analysis.flow import Node
from lxmert_viz.ui.causes import linked
from lxmert_viz.ui.causes.choice import Asked
from lxmert_viz.ui.causes.linked import Option
from lxmert_viz.ui.frame import address

PINS = "flow-pins"  # of the address
MOST, LONGEST = 12, 24  # pins, characters of a label
LABEL = re.compile(r"[\w -]*")
BETWEEN, BEFORE_LABEL = ",", "~"
Pins = dict[Node, str]


def read_node(told: str) -> Node | None:
    """stream.depth.place, the place counted from 1; a depth below the crossing begins with "m"."""
    stream, *numbers = told.split(".")
    if len(numbers) != 2:
        return None
    below = numbers[0].startswith("m")
    depth, place = address.number(numbers[0].removeprefix("m")), address.number(numbers[1])
    if depth is None or not place:
        return None
    return Node(stream, -depth if below else depth, place - 1)


def told_node(node: Node) -> str:
    depth = f"m{-node.depth}" if node.depth < 0 else str(node.depth)
    return f"{node.stream}.{depth}.{node.place + 1}"


def pins(asked: Asked, sizes: Mapping[tuple[str, int], int]) -> Pins:
    """sizes: how many states there are at each stream and depth."""
    return linked.held(Option(_key(asked), PINS, _reader(sizes), {}, _told, asked.question))


def turn_over(asked: Asked, node: Node) -> None:
    """From a callback: pins it, or lets it go."""
    held = st.session_state[_key(asked)]
    now = {other: label for other, label in held.items() if other != node}
    if node not in held and len(held) < MOST:
        now[node] = ""
    st.session_state[_key(asked)] = now


def edit(asked: Asked, found: Pins, names: Callable[[Node], str]) -> None:
    """Labels and removals, behind a button."""
    with st.popover(f"Pinned: {len(found)}", icon=":material/keep:", disabled=not found):
        st.caption("States of the same label are drawn as one.")
        for node, label in found.items():
            with st.container(horizontal=True, vertical_alignment="bottom"):
                key = f"causes.label {told_node(node)}"
                st.session_state[key] = label
                st.text_input(
                    names(node),
                    key=key,
                    max_chars=LONGEST,
                    placeholder="a label",
                    on_change=partial(_label, asked, node, key),
                    width=220,
                )
                st.button(
                    "Let go", key=f"causes.gone {node}", on_click=turn_over, args=(asked, node)
                )


def _key(asked: Asked) -> str:
    return f"causes.pins {asked.question}"


def _label(asked: Asked, node: Node, key: str) -> None:
    typed = " ".join(re.findall(r"[\w-]+", st.session_state[key]))[:LONGEST]
    held = st.session_state[_key(asked)]
    st.session_state[_key(asked)] = held | {node: typed}


def _reader(sizes: Mapping[tuple[str, int], int]) -> Callable[[str], Pins | None]:
    def read(told: str) -> Pins | None:
        found = {}
        for part in told.split(BETWEEN)[:MOST]:
            place, _, label = part.partition(BEFORE_LABEL)
            node = read_node(place)
            is_one = node is not None and node.place < sizes.get(node[:2], 0)
            if not is_one or len(label) > LONGEST or not LABEL.fullmatch(label):
                return None
            found[node] = label
        return found

    return read


def _told(found: Pins) -> str:
    return BETWEEN.join(
        told_node(node) + (BEFORE_LABEL + label if label else "") for node, label in found.items()
    )
