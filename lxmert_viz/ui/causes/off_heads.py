"""What heads that are off write: nothing, or their mean over this example or over a set."""

import streamlit as st

from lxmert_viz.experiments.atlas import MEAN, OFF, SET, ZERO
from lxmert_viz.ui.causes import linked
from lxmert_viz.ui.causes.linked import Option, one_of
from lxmert_viz.ui.server import catalogue, causes, waiting
from lxmert_viz.ui.server.causes import Off

HOW, OVER = "heads-write", "heads-set"  # keys of the address
SHORT = {ZERO: "writes nothing", MEAN: "its mean here", SET: "its mean over a set"}


def choose(model: str) -> Off:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        how = linked.choose(
            Option("causes.off", HOW, one_of(OFF), ZERO),
            st.segmented_control,
            "A head that is off",
            list(OFF),
            format_func=SHORT.get,
            help="; ".join(f"*{SHORT[name]}*: it {told}" for name, told in OFF.items()),
            required=True,
        )
        if how != SET:
            return Off(how)
        sets = [name for name in catalogue.dataset_names() if not catalogue.is_only_pictures(name)]
        name = linked.select(
            Option("causes.set", OVER, one_of(sets), catalogue.STUDY),
            "Set",
            sets,
            format_func=catalogue.title_of,
            width=220,
        )
    waiting.result_of(
        f"means {model} {name}",
        f"asking what heads write over {catalogue.title_of(name)}",
        lambda report: causes.head_means(model, name, report),
    )
    return Off(how, name)


def named(off: Off) -> str:
    """As part of a sentence: "writes nothing"."""
    return f"{OFF[off.how]} ({catalogue.title_of(off.set)})" if off.set else OFF[off.how]
