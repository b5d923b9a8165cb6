"""What one run holds, put into another: grids by layer and position, or by head."""

from dataclasses import replace

import streamlit as st

from lxmert_viz.analysis.regions import numbered_names
from lxmert_viz.experiments import target as targets
from lxmert_viz.experiments.counterfactuals import siblings
from lxmert_viz.experiments.edits import SHUFFLED, ZEROED, PictureEdit, with_word, words_of
from lxmert_viz.experiments.patching import DENOISE, GRIDS, HEAD_GRIDS, NOISE, STREAM_GRIDS
from lxmert_viz.figures import causes as figures
from lxmert_viz.records import THINGS, Trace
from lxmert_viz.ui.browser import saving
from lxmert_viz.ui.causes import keeping
from lxmert_viz.ui.causes.choice import Asked
from lxmert_viz.ui.frame import results
from lxmert_viz.ui.server import causes, examples, models, waiting
from lxmert_viz.ui.server.variant import Variant
from lxmert_viz.ui.wording import plain

WORD, OTHER_SCENE = "a word changed", "another scene"
CORRUPTIONS = (WORD, ZEROED, SHUFFLED, OTHER_SCENE)
DIRECTIONS = {
    DENOISE: "clean into corrupted (what suffices)",
    NOISE: "corrupted into clean (what is necessary)",
}
CAPTION = (
    "0 is the corrupted run ({:.2f} logits), 1 the clean one ({:.2f}); colours end at 0 and 1, "
    "pointing tells the number. Clean: “{}”. Corrupted: {}. Target: {}. Control: cells whose "
    "states are alike in both runs are exactly at {:.0f}."
)
PREVIEW = (
    "A preview along the gradient. {} cells were run exactly, half of them its highest: "
    "an estimated {:.0%} of cells beyond 0.1 are among its highest."
)


def show(asked: Asked) -> None:
    other, named = _corrupted(asked)
    if other is None:
        return
    grid, is_preview = _choose_grid()
    corrupted = results.trace_of(other)
    asked = _on_both_answers(asked, corrupted)
    run = f"{asked.key} {other.text} {other.edit} {other.picture.digest} {grid}"
    found, (clean, broken) = waiting.result_of(
        f"patch {run} {is_preview}",
        "patching",
        lambda report: causes.patched(asked.variant, other, asked.target, grid, is_preview, report),
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
    told = CAPTION.format(broken, clean, text, named, asked.target.name, direction == NOISE)
    if is_preview:
        checked = waiting.result_of(
            f"check {run}",
            "running some cells exactly",
            lambda report: causes.checked(asked.variant, other, asked.target, grid, report),
        )
        told += " " + PREVIEW.format(len(checked.cells), checked.recall)
    st.caption(plain(told))
    options = dict(zip(("grid", "stream", "direction"), grid, strict=True))
    keeping.offer(asked, asked.cause("patching", options, (corrupted.regions, other.text)))


def _choose_grid() -> tuple[tuple[str, str, str], bool]:
    """Kind, stream and direction, and whether it is a preview."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.selectbox("Put", list(GRIDS), format_func=GRIDS.get, key="causes.grid", width=230)
        stream = st.segmented_control(
            "of",
            list(THINGS),
            format_func=lambda name: f"{THINGS[name]}s",
            default="lang",
            key="causes.stream",
            required=True,
            disabled=kind in HEAD_GRIDS,
        )
        direction = st.segmented_control(
            "from",
            list(DIRECTIONS),
            format_func=DIRECTIONS.get,
            default=DENOISE,
            key="causes.direction",
            required=True,
        )
        is_preview = st.toggle("Preview by gradients", key="causes.preview")
    return (kind, stream, direction), is_preview


def _columns(found: Trace, kind: str, stream: str) -> list[str]:
    if kind not in STREAM_GRIDS:
        return [f"head {n + 1}" for n in range(found.attention["lang"].shape[1])]
    return list(found.tokens.pieces) if stream == "lang" else numbered_names(found.regions)


def _on_both_answers(asked: Asked, corrupted: Trace) -> Asked:
    """The clean run's answer against the corrupted one's, where they differ."""
    first, second = asked.found.answers[0].text, corrupted.answers[0].text
    if first == second or asked.target.kind != "answer":
        return asked
    pipeline = models.pipeline(asked.variant.model)
    return replace(asked, target=targets.answer(pipeline, first, second))


def _corrupted(asked: Asked) -> tuple[Variant | None, str]:
    """The other run and how a person reads it; None until there is one."""
    variant, text = asked.variant, asked.found.tokens.text
    with st.container(horizontal=True, vertical_alignment="bottom"):
        way = st.selectbox("Corrupted by", CORRUPTIONS, key="causes.corruption", width=300)
        if way == WORD:
            typed = st.text_input(
                "Corrupted text",
                _proposed(asked) or text,
                key=f"causes.text {text}",
                help="As many word pieces as the text above",
            )
            if not typed.strip() or typed == text:
                st.info("Change a word of the text.", icon=":material/edit:")
                return None, ""
            return replace(variant, text=typed), f"“{typed}”"
        if way in (ZEROED, SHUFFLED):
            edit = PictureEdit(way, variant.edit.off)
            return replace(variant, edit=edit), f"the picture {way}"
        scenes = {s.name: s for s in examples.examples() if s.picture != variant.picture}
        name = st.selectbox(
            "Scene", list(scenes), format_func=lambda n: scenes[n].title, key="causes.scene"
        )
    return replace(variant, picture=scenes[name].picture), f"the scene “{scenes[name].title}”"


def _proposed(asked: Asked) -> str:
    """The text with the first word replaced that has a sibling."""
    known = models.pipeline(asked.variant.model).tokenizer.get_vocab()
    for word in words_of(asked.found.tokens):
        for other in siblings(word.text.lower(), known):
            return with_word(asked.found.tokens.text, word, other)
    return ""
