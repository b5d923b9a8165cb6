"""What the model answers, how sure it is, and what it saw in the picture."""

import streamlit as st

from lxmert_viz.analysis import answers as ranks
from lxmert_viz.analysis import frames
from lxmert_viz.analysis.regions import captions
from lxmert_viz.figures.answers import answer_bars
from lxmert_viz.figures.picture import regions_picture
from lxmert_viz.records import Regions, Standing, Trace
from lxmert_viz.rounding import probability
from lxmert_viz.ui.browser import saving
from lxmert_viz.ui.frame import handover, navigation, results, workbench
from lxmert_viz.ui.server import examples, pictures
from lxmert_viz.ui.wording import ON_ARRIVAL, plain

SHOWN = 6


def show_regions(address: str, seen: Regions) -> None:
    st.html(regions_picture(address, seen.size_px, seen.boxes_unit, captions(seen)))
    if not len(seen):
        st.info("The detector found no region here, so the model reads the text alone.")
        return
    saving.offer_regions(seen, "regions")
    count = f"{len(seen)} region{'' if len(seen) == 1 else 's'}"
    st.caption(f"{count}. Point at one or tap it to read its name, score and place.")
    with st.expander("All regions as a table", icon=":material/table:"):
        st.dataframe(frames.regions(seen), hide_index=True)


@st.fragment
def show_answers(found: Trace, told: str | None) -> None:
    """told: the right answer, where the scene's description has it."""
    if not found.answers:
        st.info(
            "Not available: this checkpoint has no output head for answers. "
            "lxmert-base, lxmert-vqa and lxmert-gqa have one."
        )
        return
    right = handover.marked_right(found.regions.digest, found.tokens.text) or told or ""
    asked = st.session_state.get("answers.asked", "")
    shown = ranks.top(found.answers, SHOWN, (right, asked))
    by_spelling = {ranks.spelled(answer.text): answer for answer in shown}
    right_one = by_spelling.get(ranks.spelled(right))
    asked_one = by_spelling.get(ranks.spelled(asked))
    show_verdict(found, shown[0], right, right_one)
    bars = answer_bars(
        shown,
        found.answer_kind,
        right=right_one.text if right_one else None,
        asked=asked_one.text if asked_one else None,
    )
    saving.draw(bars, saving.about(found), "answers.bars")
    ask_about(found, asked, asked_one)


def show_verdict(found: Trace, first: Standing, right: str, right_one: Standing | None) -> None:
    st.markdown(f"#### {plain(first.text)} &nbsp; :small[{probability(first.probability)}]")
    if not right:
        return
    if right_one is None:
        st.caption(f"The right answer, “{plain(right)}”, is not among this checkpoint's answers.")
    elif right_one.rank == 1:
        st.markdown(":green[:material/check_circle:] Right.")
    else:
        st.markdown(
            f":red[:material/cancel:] Wrong. The right answer, “{plain(right_one.text)}”, "
            f"has rank {right_one.rank:,} and {probability(right_one.probability)}."
        )


def ask_about(found: Trace, asked: str, standing: Standing | None) -> None:
    st.text_input(
        "What about …?",
        key="answers.asked",
        persist_state="session",
        placeholder="Type any answer to see its rank",
    )
    if not asked.strip():
        return
    if standing is None:
        show_unknown(found, asked)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"“{plain(standing.text)}” has rank **{standing.rank:,}** of {standing.of:,}, "
            f"probability **{probability(standing.probability)}**."
        )
        is_marked = handover.marked_right(found.regions.digest, found.tokens.text) == standing.text
        if st.button(
            "Remove the mark" if is_marked else "This is the right one",
            icon=":material/close:" if is_marked else ":material/check:",
            key="answers.mark",
        ):
            mark_answer(found, "" if is_marked else standing.text)
            st.rerun()  # the whole page: the bar tells it too


def show_unknown(found: Trace, asked: str) -> None:
    similar = ranks.closest((answer.text for answer in found.answers), asked)
    st.markdown(
        f"“{plain(asked)}” is not among the {len(found.answers):,} answers of this checkpoint. "
        + ("Did you mean" if similar else "None is spelled like it.")
    )
    with st.container(horizontal=True, key="answers.similar"):
        for number, answer in enumerate(similar):
            st.button(
                plain(answer), key=f"answers.like {number}", on_click=ask_instead, args=(answer,)
            )


def ask_instead(answer: str) -> None:
    st.session_state["answers.asked"] = answer


def mark_answer(found: Trace, answer: str) -> None:
    handover.mark_right(found.regions.digest, found.tokens.text, answer)


def show_match(found: Trace) -> None:
    if found.match is None:
        st.caption(
            "**P(match)**: not available. This checkpoint has no output head for matching; "
            "use lxmert-base."
        )
        return
    st.progress(
        found.match,
        text=f"**P(match) {probability(found.match)}**: probability that this text belongs to this "
        "picture",
    )
    st.caption(
        "Softmax of two classes, of which index 1 is “match”. "
        "Trained on captions, true ones and false ones: of a question it tells little."
    )


choice = workbench.choice()
seen = results.regions(choice)
left, right = st.columns([3, 2], gap="large")
with left:
    show_regions(pictures.shown_picture(results.picture(choice)), seen)
with right:
    if handover.is_as_begun(examples.examples()[0]):
        st.caption(ON_ARRIVAL)
        navigation.link(navigation.WALK, "Walk from the picture to the answer")
    found = results.trace(choice)
    results.tell(choice, found)
    show_answers(found, choice.right)
    show_match(found)
