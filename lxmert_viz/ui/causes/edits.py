"""What would have to be different? Automatic edits by what they do, and what is left to go by."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from lxmert_viz.experiments.counterfactuals import Bench, Effect, Reliance
from lxmert_viz.experiments.edits import UNEDITED
from lxmert_viz.figures import causes as figures
from lxmert_viz.figures.causes import Change
from lxmert_viz.rounding import probability
from lxmert_viz.ui.browser import saving
from lxmert_viz.ui.causes import keeping, linked
from lxmert_viz.ui.causes.choice import Asked
from lxmert_viz.ui.server import causes, examples, waiting
from lxmert_viz.ui.server.answers import unheard

ROWS = 16
FLIPS = "edits-flips"  # key of the address


def show(asked: Asked) -> None:
    variant = asked.variant
    others = tuple(
        replace(variant, picture=scene.picture, edit=UNEDITED)
        for scene in examples.examples()
        if scene.picture != variant.picture and variant.asked.stored is None
    )[:1]
    others = () if variant.asked.boxes is not None else others
    found, left = waiting.result_of(
        f"edit {asked.key}",
        "trying edits",
        lambda report: causes.bench(variant, asked.target, others, report),
    )
    columns = st.columns([12, 8], gap="large")
    with columns[0]:
        _show_edits(asked, found)
    with columns[1]:
        _show_kinds(found)
        _show_reliance(asked, left)
    second = [(causes.regions(other, unheard), other.text) for other in others]
    keeping.offer(asked, asked.cause("counterfactuals", {}, *second))


def _show_edits(asked: Asked, found: Bench) -> None:
    flips = [effect for effect in found.effects if effect.flips]
    nearest = f"{len(flips)} of {len(found.effects)} edits change the answer."
    if flips:
        first = min(flips, key=lambda effect: (effect.edit.size, -abs(effect.drop)))
        nearest += f" One that changes little: {first.edit.name} gives “{first.answer}”."
    st.markdown(f"**{nearest}**".replace("$", "\\$"))
    only = linked.toggle("causes.flips", FLIPS, "Only edits that change the answer")
    shown = (flips if only else found.effects)[:ROWS]
    if not shown:
        st.info("None does.", icon=":material/check:")
        return
    figure = figures.edit_bars(
        [_bar(effect) for effect in shown],
        f"What changes “{found.answer}” most",
        f"Fall of {found.target.name}, from {found.value:.2f} logits.<br>Grey tick, the control: "
        "mean of other edits of the same kind and size. → the answer flips",
    )
    saving.draw(figure, asked.about, "causes.edits")


def _bar(effect: Effect) -> Change:
    edit = effect.edit
    return Change(
        f"{edit.name} → {effect.answer}" if effect.flips else edit.name,
        effect.drop,
        effect.control,
        f"{edit.kind}: {edit.name}; target falls by {effect.drop:.2f} logits; answer "
        f"{effect.answer}",
    )


def _show_kinds(found: Bench) -> None:
    kinds = list(dict.fromkeys(effect.edit.kind for effect in found.effects))
    rows = []
    for kind in kinds:
        own = [effect for effect in found.effects if effect.edit.kind == kind]
        mean = sum(effect.drop for effect in own) / len(own)
        rows.append((kind, len(own), found.flip_rate(kind), mean))
    table = pd.DataFrame(rows, columns=["edits", "number", "flip rate", "mean fall, logits"])
    _show_table(table)


def _show_reliance(asked: Asked, left: list[Reliance]) -> None:
    st.markdown("**What it goes by**")
    table = pd.DataFrame(
        [
            (one.name, one.top[0].text, probability(one.top[0].probability), one.value)
            for one in left
        ],
        columns=["given", "answer", "probability", "target, logits"],
    )
    _show_table(table)


def _show_table(table: pd.DataFrame) -> None:
    """Numbers with two digits, also where the last is a nought."""
    two = st.column_config.NumberColumn(format="%.2f")
    formats = dict.fromkeys(table.select_dtypes("float"), two)
    st.dataframe(table, hide_index=True, width="stretch", column_config=formats)
