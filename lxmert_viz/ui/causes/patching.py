"""What one run holds, put into another: grids by layer and position, or by head."""

from dataclasses import replace

import streamlit as st

from lxmert_viz.analysis.regions import numbered_names
from lxmert_viz.experiments import target as targets
from lxmert_viz.experiments.patching import DENOISE, GRIDS, HEAD_GRIDS, NOISE, STREAM_GRIDS
from lxmert_viz.figures import causes as figures
from lxmert_viz.records import THINGS, Trace
from lxmert_viz.ui.browser import saving
from lxmert_viz.ui.causes import corruption, keeping, linked
from lxmert_viz.ui.causes.choice import Asked
from lxmert_viz.ui.causes.linked import Option, one_of
from lxmert_viz.ui.server import causes, models, waiting
from lxmert_viz.ui.wording import plain

PUT, OF, FROM, PREVIEWED = "patch-put", "patch-of", "patch-from", "patch-preview"  # of the address
DIRECTIONS = {
    DENOISE: "clean into corrupted",
    NOISE: "corrupted into clean",
}
CAPTION = (
    "0 is the corrupted run ({:.2f} logits), 1 the clean one ({:.2f}); colours end at −1 and 1, "
    "pointing tells the number. Clean: “{}”. Corrupted: {}. Target: {}. Control: cells whose "
    "states are alike in both runs are exactly at {:.0f}."
)
UNTURNED = (
    " Both runs answer “{}”: 0 is a smaller lead of the same answer, and not another one. Another "
    "word may turn it."
)
PREVIEW = (
    "A preview along the gradient. {} cells were run exactly, half of them its highest: "
    "an estimated {:.0%} of cells beyond 0.1 are among its highest."
)


def show(asked: Asked) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        other = corruption.choose(asked)
        with st.popover("What is put where", icon=":material/grid_on:"):
            grid, is_preview = _choose_grid()
    if other is None:
        return
    asked = _on_both_answers(asked, other.found)
    run = f"{asked.key} {other.run.key} {grid}"
    found, (clean, broken) = waiting.result_of(
        f"patch {run} {is_preview}",
        "patching",
        lambda report: causes.patched(
            asked.variant, other.run, asked.target, grid, is_preview, report
        ),
    )
    kind, stream, direction = grid
    figure = figures.cells(
        found.effects,
        found.lines,
        _columns(asked.found, kind, stream),
        f"{GRIDS[kind].capitalize()}, {direction}",
        f"{asked.target.name}: 0 corrupted, 1 clean" + (", preview" if is_preview else ""),
        reach=1.0,
    )
    saving.draw(figure, asked.about, "causes.patching")
    text = asked.found.tokens.text
    told = CAPTION.format(broken, clean, text, other.name, asked.target.name, direction == NOISE)
    told += _unturned(asked, other.found)
    if is_preview:
        checked = waiting.result_of(
            f"check {run}",
            "running some cells exactly",
            lambda report: causes.checked(asked.variant, other.run, asked.target, grid, report),
        )
        told += " " + PREVIEW.format(len(checked.cells), checked.recall)
    st.caption(plain(told))
    options = dict(zip(("grid", "stream", "direction"), grid, strict=True))
    corrupted = (other.found.regions, other.found.tokens.text)
    keeping.offer(asked, asked.cause("patching", options, corrupted))


def _choose_grid() -> tuple[tuple[str, str, str], bool]:
    """Kind, stream and direction, and whether it is a preview."""
    first = next(iter(GRIDS))
    kind = linked.choose(
        Option("causes.grid", PUT, one_of(GRIDS), first),
        st.selectbox,
        "Put",
        list(GRIDS),
        format_func=GRIDS.get,
        width=230,
    )
    stream = linked.choose(
        Option("causes.stream", OF, one_of(THINGS), "lang"),
        st.segmented_control,
        "of",
        list(THINGS),
        format_func=lambda name: f"{THINGS[name]}s",
        required=True,
        disabled=kind in HEAD_GRIDS,
    )
    direction = linked.choose(
        Option("causes.direction", FROM, one_of(DIRECTIONS), DENOISE),
        st.segmented_control,
        "from",
        list(DIRECTIONS),
        format_func=DIRECTIONS.get,
        help="Clean states that bring the answer back suffice for it; corrupted ones that take "
        "it away show what is necessary",
        required=True,
    )
    is_preview = linked.toggle("causes.preview", PREVIEWED, "Preview by gradients")
    return (kind, stream, direction), is_preview


def _columns(found: Trace, kind: str, stream: str) -> list[str]:
    if kind not in STREAM_GRIDS:
        return [f"head {n + 1}" for n in range(found.attention["lang"].shape[1])]
    return list(found.tokens.pieces) if stream == "lang" else numbered_names(found.regions)


def _unturned(asked: Asked, corrupted: Trace) -> str:
    first, second = (one.answers[0].text for one in (asked.found, corrupted))
    is_same = asked.target.kind == "answer" and first == second
    return UNTURNED.format(first) if is_same else ""


def _on_both_answers(asked: Asked, corrupted: Trace) -> Asked:
    """The clean run's answer against the corrupted one's, where they differ."""
    first, second = asked.found.answers[0].text, corrupted.answers[0].text
    if first == second or asked.target.kind != "answer":
        return asked
    pipeline = models.pipeline(asked.variant.model)
    return replace(asked, target=targets.answer(pipeline, first, second))
