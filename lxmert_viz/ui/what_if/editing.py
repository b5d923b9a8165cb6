"""Widgets that change a question, a picture's regions or the checkpoint, one step at a time."""

from dataclasses import replace

import streamlit as st

from lxmert_viz.analysis.regions import numbered_names
from lxmert_viz.errors import CheckpointError
from lxmert_viz.experiments.edits import (
    AS_IT_IS,
    MASK,
    NO_REGIONS,
    OPERATORS,
    SHUFFLED,
    ZEROED,
    Word,
    with_word,
    words_of,
)
from lxmert_viz.records import Regions, Tokens
from lxmert_viz.rounding import probability
from lxmert_viz.ui.frame import results
from lxmert_viz.ui.server import models, variant
from lxmert_viz.ui.server.variant import Variant
from lxmert_viz.ui.what_if.history import History, Step
from lxmert_viz.ui.wording import plain

OPERATOR_HELP = {
    ZEROED: "Every region's features are zeros and its box stays, as pre-training hid regions.",
    NO_REGIONS: "The model reads the text alone: no word can look at any region.",
    SHUFFLED: "Every region's features move to another region's box.",
}


def history(chosen: Variant) -> History:
    """The session's steps. What was chosen above is a step too, whenever it is another."""
    state = st.session_state
    found: History = state.setdefault("edit.history", History())
    if state.get("edit.chosen") != chosen:
        state["edit.chosen"] = chosen
        found.begin(chosen.text, chosen)
    return found


def edit_words(steps: History, tokens: Tokens) -> None:
    """Choose a word, then mask it, put another in its place, or take it out."""
    words, step = words_of(tokens), steps.step(steps.now)
    place = st.pills(
        "Choose a word to mask, to change or to take out",
        range(len(words)),
        format_func=lambda at: plain(words[at].text),
        key=f"edit.word {step.number}",
    )
    if place is None:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            f"Instead of “{plain(words[place].text)}”",
            key=f"edit.new {step.number} {place}",
            placeholder="another word",
            on_change=_replace_word,
            args=(steps, step, words[place], f"edit.new {step.number} {place}"),
        )
        st.button(
            "Mask it",
            icon=":material/ink_eraser:",
            on_click=_mask,
            args=(steps, step, words[place]),
        )
        if len(words) > 1:
            st.button(
                "Take it out",
                icon=":material/remove:",
                on_click=_take_out,
                args=(steps, step, words[place]),
            )


def show_fillings(asked: Variant) -> None:
    """What the model would put for every [MASK], or who can say it."""
    if MASK not in asked.text:
        return
    try:
        found = results.fillings_of(asked)
    except CheckpointError as error:
        st.caption(plain(str(error)))
        return
    for words in found:
        told = ", ".join(
            f"**{plain(word.text)}** {probability(word.probability)}" for word in words
        )
        st.markdown(f"For {plain(MASK)} the model would put: {told}")


def edit_picture(steps: History, found: Regions) -> None:
    """What to do with all regions, and which to switch off. found: all, before any edit."""
    step = steps.step(steps.now)
    edit, names = step.variant.edit, numbered_names(found)
    st.selectbox(
        "The picture",
        [one for one in OPERATORS if one != SHUFFLED or len(found) > 1],
        index=OPERATORS.index(edit.operator),
        key=f"edit.operator {step.number}",
        on_change=_choose_operator,
        args=(steps, step, f"edit.operator {step.number}"),
        width=250,
    )
    if edit.operator == SHUFFLED:
        st.button(
            "Shuffle again",
            icon=":material/shuffle:",
            on_click=_shuffle_again,
            args=(steps, step),
        )
    st.multiselect(
        "Regions switched off",
        range(len(found)),
        default=list(edit.off),
        format_func=lambda place: names[place],
        key=f"edit.off {step.number}",
        on_change=_switch_off,
        args=(steps, step, f"edit.off {step.number}"),
        placeholder="none",
        disabled=edit.operator == NO_REGIONS,
    )


def explain(step: Step) -> None:
    """What was done to all regions, where something was."""
    if step.variant.edit.operator != AS_IT_IS:
        st.caption(OPERATOR_HELP[step.variant.edit.operator])


def choose_checkpoint(steps: History) -> None:
    names, step = models.model_names(), steps.step(steps.now)
    if len(names) == 1:
        return
    st.selectbox(
        "Ask another checkpoint",
        names,
        index=names.index(step.variant.model),
        key=f"edit.model {step.number}",
        on_change=_choose_model,
        args=(steps, step, f"edit.model {step.number}"),
        width=200,
    )


def show_history(steps: History) -> None:
    """Every step with its name, its place, and the way back to it."""
    for step in steps.steps:
        with st.container(
            horizontal=True, vertical_alignment="center", key=f"edit.step {step.number}"
        ):
            st.text_input(
                "Name",
                value=step.name,
                key=f"edit.name {step.number}",
                label_visibility="collapsed",
                on_change=_rename,
                args=(steps, step.number),
            )
            _moves(steps, step)
            if step.number == steps.now:
                st.markdown(":blue[:material/radio_button_checked:] in use", width="content")
            else:
                st.button(
                    "Restore",
                    key=f"edit.restore {step.number}",
                    on_click=steps.restore,
                    args=(step.number,),
                )
                st.button(
                    "",
                    icon=":material/delete:",
                    help="Remove this step",
                    key=f"edit.remove {step.number}",
                    on_click=steps.remove,
                    args=(step.number,),
                )


def choose_before(steps: History) -> Step:
    """The step that the one in use is compared with."""
    numbers = [step.number for step in steps.steps]
    if len(numbers) == 1:
        return steps.steps[0]
    chosen = st.selectbox(
        "Compare with",
        numbers,
        index=numbers.index(steps.before),
        format_func=lambda number: steps.step(number).name,
        key=f"edit.before {steps.now} {len(numbers)}",
        width=250,
    )
    steps.compare_with(chosen)
    return steps.step(chosen)


def _moves(steps: History, step: Step) -> None:
    for icon, words, by in (("arrow_upward", "up", -1), ("arrow_downward", "down", 1)):
        at_end = steps.steps[0 if by < 0 else -1] is step
        st.button(
            "",
            icon=f":material/{icon}:",
            help=f"Move {words}",
            key=f"edit.move {words} {step.number}",
            disabled=at_end,
            on_click=steps.move,
            args=(step.number, by),
        )


def _change(steps: History, step: Step, name: str, **changes: object) -> None:
    """step: for which the widget was drawn.

    A slow browser sends the widgets of a step again when another is in use already, and Streamlit
    takes that for a change: it is none.
    """
    if step.number == steps.now:
        steps.change(name, replace(step.variant, **changes))


def _mask(steps: History, step: Step, word: Word) -> None:
    text = with_word(step.variant.text, word, MASK)
    _change(steps, step, f"“{word.text}” masked", text=text)


def _take_out(steps: History, step: Step, word: Word) -> None:
    text = with_word(step.variant.text, word, "")
    _change(steps, step, f"without “{word.text}”", text=text)


def _replace_word(steps: History, step: Step, word: Word, key: str) -> None:
    new = st.session_state[key].strip()
    if new and new != word.text:
        text = with_word(step.variant.text, word, new)
        _change(steps, step, f"“{word.text}” → “{new}”", text=text)


def _choose_operator(steps: History, step: Step, key: str) -> None:
    operator = st.session_state[key]
    _change(steps, step, operator, edit=replace(step.variant.edit, operator=operator))


def _shuffle_again(steps: History, step: Step) -> None:
    again = replace(step.variant.edit, seed=step.variant.edit.seed + 1)
    _change(steps, step, f"{SHUFFLED} ({again.seed + 1})", edit=again)


def _switch_off(steps: History, step: Step, key: str) -> None:
    off = tuple(sorted(st.session_state[key]))
    numbers = ", ".join(str(place + 1) for place in off)
    name = f"without regions {numbers}" if off else "all regions on"
    _change(steps, step, name, edit=replace(step.variant.edit, off=off))


def _choose_model(steps: History, step: Step, key: str) -> None:
    name = st.session_state[key]
    then = variant.with_model(step.variant, name)
    _change(steps, step, f"with {name}", model=name, asked=then.asked, edit=then.edit)


def _rename(steps: History, number: int) -> None:
    steps.rename(number, st.session_state[f"edit.name {number}"])
