"""Which view, which captions, which foil: widgets, and keys of the page's address."""

from collections.abc import Mapping

import streamlit as st

from lxmert_viz.dataset import caption_rows
from lxmert_viz.dataset.caption_rows import CaptionRow
from lxmert_viz.errors import CheckpointError
from lxmert_viz.ui.frame import address, handover
from lxmert_viz.ui.server import examples, models
from lxmert_viz.ui.server.upload_limits import LABELS_MB, content

VIEWS = {  # key of the address: what it is called
    "captions": "Captions",
    "pictures": "Pictures",
    "matrix": "Matrix",
    "pair": "Caption and foil",
}
VIEW, CAPTIONS, FOIL = "match-view", "captions", "foil"  # keys of the address
LONGEST = 20_000  # letters of captions that an address takes
MOST = 1_000  # captions at once
UNKNOWN = "This link asks for {} that this version does not have: {}."
TOO_LONG = (
    "These captions are too long for the page's address: a link or *Keep* does not bring them "
    "back. Keep the list as a file."
)
HOW = (
    "Scores are **l1 − l0**, the log odds of a match by the output head for matching: index 1 of "
    "its two logits is “match”. **No picture** is the score of the words alone, without any "
    "region; **picture adds** is the difference."
)


def begin(model: str) -> str:
    """The view. Raises CheckpointError for a checkpoint without the head."""
    if not models.pipeline(model).has_match:
        raise CheckpointError(
            f"{model} has no output head for matching, so it cannot tell whether a text belongs "
            "to a picture; lxmert-base has one."
        )
    _follow()
    foil = handover.held_against(handover.asked())
    if foil:
        use_foil(foil)
        turn_to("pair")
    view = st.segmented_control(
        "View",
        list(VIEWS),
        format_func=VIEWS.get,
        key="matching.view",
        persist_state="session",
        label_visibility="collapsed",
        required=True,
    )
    address.put({VIEW: "" if view == next(iter(VIEWS)) else view})
    return view


def in_words(told: Mapping[str, str]) -> str:
    """What an address asks of this page; "" where it is as usual."""
    count = len(caption_rows.typed(told.get(CAPTIONS, "")))
    parts = [VIEWS.get(told.get(VIEW, ""), ""), f"{count} captions" if count else ""]
    parts.append(f"foil “{told[FOIL]}”" if told.get(FOIL) else "")
    return ", ".join(part for part in parts if part)


def turn_to(view: str) -> None:
    """From a callback: what the page shows next."""
    st.session_state["matching.view"] = view


def captions() -> list[CaptionRow]:
    """Typed, pasted or of a file, which takes the place of what was typed."""
    given = st.file_uploader(
        "A file of captions",
        [ending.removeprefix(".") for ending in caption_rows.ENDINGS],
        key="matching.file",
        max_upload_size=LABELS_MB,
        help="A caption a line; or a table or JSON with `caption` and, where there are any, `foil`",
    )
    if given is not None:
        rows = caption_rows.in_file(given.name, content(given, LABELS_MB))
    else:
        st.text_area(
            "Captions, one a line",
            key="matching.captions",
            persist_state="session",
            height=220,
            help="A foil may follow its caption after a tab",
        )
        rows = caption_rows.typed(st.session_state["matching.captions"])
    if len(rows) > MOST:
        st.warning(f"{len(rows):,} captions; the first {MOST:,} are asked.")
    rows = rows[:MOST]
    _state_captions(rows)
    return rows


def foil() -> str:
    return st.session_state["matching.foil"].strip()


def use_foil(text: str) -> None:
    """From a callback, or before the widget is drawn."""
    st.session_state["matching.foil"] = text


def propose_foil(caption: str, text: str) -> None:
    """Once for each caption, where no foil is given but one that was proposed for another."""
    held, proposed = st.session_state, "matching.proposed"
    of, before = held.get(proposed, ("", ""))
    if of == caption:
        return
    held[proposed] = (caption, text)
    if foil() in ("", before):
        use_foil(text)


def type_foil() -> str:
    st.text_input(
        "Foil",
        key="matching.foil",
        persist_state="session",
        placeholder="The caption above with one thing changed",
    )
    address.put({FOIL: foil()})
    return foil()


def usual_captions() -> str:
    """The captions of the shipped scenes: of each scene a true and a false one."""
    told = [q.text for scene in examples.examples() for q in scene.questions if q.answer is None]
    return "\n".join(dict.fromkeys(told))


def _state_captions(rows: list[CaptionRow]) -> None:
    told = caption_rows.written(row for row in rows if not row.error)
    if len(told) > LONGEST:
        st.caption(TOO_LONG)
    usual = told == usual_captions()
    address.put({CAPTIONS: "" if usual or len(told) > LONGEST else told})


def _follow() -> None:
    """Once for each address: what it names. Then the widgets hold it."""
    told, held = address.told(), st.session_state
    if held.get("matching.followed") == address.readings():
        return
    held["matching.followed"] = address.readings()
    view = told.get(VIEW, "")
    if view and view not in VIEWS:
        address.say_missing(UNKNOWN.format("a view", view))
    held["matching.view"] = view if view in VIEWS else next(iter(VIEWS))
    held["matching.captions"] = told.get(CAPTIONS, "") or usual_captions()
    held["matching.foil"] = told.get(FOIL, "")
    address.begin_again_to_say_it()
