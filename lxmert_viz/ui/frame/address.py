"""What was chosen, as keys of the page's address: a reload or a shared link finds it again.

The stage writes keys of its own, which stay as they are. A page's keys are in the address while
that page is in sight; the session remembers them, so that *Keep* has those of every page.
"""

import re

import streamlit as st

from lxmert_viz.ui.frame import handover
from lxmert_viz.ui.server import examples, models, own_data, stored_pictures
from lxmert_viz.ui.wording import plain

BOARD_KEYS = ("run", "where", "sort", "order", "page", "view", "row")  # of pages about datasets
STORED_KEYS = ("stored", "of")  # a file of stored regions, and the picture's id in it
KEYS = ("model", "example", "picture", "question", "steps", *STORED_KEYS, *BOARD_KEYS)
BOARD = "address.board"
READ, STEPS, PENDING = "address.read", "address.steps", "address.pending"
READINGS = "address.readings"
STATED = "address.stated"  # keys of every page that was in sight, each with what it is about
BOXES_OF = "boxes of"  # digest of the picture that pending boxes were drawn on
MISSING, SHOWN = "address.missing", "address.shown"  # sentences, and how many are on the page
NUMBER = re.compile("[0-9]{1,6}")  # nothing here is counted to a million
NO_MODEL = (
    "This link was made with the model {}, which is not here: the page Models fetches it, or put "
    "its folder below the models folder."
)
NO_SCENE = "This link was made with an example scene, {}, that this version does not have."


def read() -> None:
    """Fills a new session with what the address names; unknown names leave the first choices."""
    state, address = st.session_state, st.query_params
    if READ in state:
        return
    state[READ] = True
    state[READINGS] = readings() + 1
    state[STATED] = {}
    if address.get("model") in models.model_names():
        handover.use_model(address["model"])
    elif address.get("model"):
        say_missing(NO_MODEL.format(plain(address["model"])))
    state[PENDING] = {name: told for name, told in address.items() if name not in KEYS}
    state[PENDING][BOXES_OF] = _picture_named()
    keep_steps(address.get("steps", ""))
    keep_board({key: address[key] for key in BOARD_KEYS if key in address})
    if all(key in address for key in STORED_KEYS):
        handover.look_at_stored(*(address[key] for key in STORED_KEYS))
    scenes = {scene.name: scene for scene in examples.examples()}
    if address.get("example") in scenes:
        handover.look_at_scene(address["example"])
    elif address.get("picture"):
        handover.look_at(address["picture"])
    elif address.get("example"):
        say_missing(NO_SCENE.format(plain(address["example"])))
    if "question" in address:
        text = address["question"]
    elif address.get("example") in scenes:
        text = scenes[address["example"]].questions[0].text
    else:
        return
    handover.ask(text)


def begin_again() -> None:
    """The next run fills the session with what the address names then."""
    st.session_state.pop(READ, None)


def readings() -> int:
    """How many addresses this session has followed; a page's options follow each of them once."""
    return st.session_state.get(READINGS, 0)


def of_analysis() -> dict[str, str]:
    """The keys that do not belong to pages about datasets, also those of pages out of sight."""
    now, told = _question(), st.session_state[STATED]
    others = {key: value for key, (value, of) in told.items() if of in ("", now)}
    shown = st.query_params.items()
    return others | {key: value for key, value in shown if key not in BOARD_KEYS}


def told() -> dict[str, str]:
    """The address's keys, and those that it had before the person turned to another page."""
    return st.session_state[PENDING] | st.query_params.to_dict()


def board() -> dict[str, str]:
    """Where the person is among the rows of runs; every page's address keeps it."""
    return st.session_state.get(BOARD, {})


def keep_board(told: dict[str, str]) -> None:
    own_data.know(told.get("run", ""))
    st.session_state[BOARD] = told


def pending(key: str) -> str:
    """What the address that the session began with says, until that was followed."""
    return st.session_state[PENDING].get(key, "")


def followed(key: str) -> None:
    st.session_state[PENDING].pop(key, None)


def steps() -> str:
    """Digest of the steps of What if? among what the server keeps; "" where there are none."""
    return st.session_state.get(STEPS, "")


def keep_steps(digest: str) -> None:
    st.session_state[STEPS] = digest


def number(text: str) -> int | None:
    """The number that a text of an address is; None for any other text.

    Python's own test passes digits that are no decimals, and numbers too long for it to read.
    """
    return int(text) if NUMBER.fullmatch(text) else None


def _question() -> str:
    """What a page's keys can be about."""
    source = handover.source()
    picture = handover.scene() if source == handover.EXAMPLES else handover.own_picture(source)
    return f"{handover.model()} {picture} {handover.stored()} {handover.asked()}"


def _picture_named() -> str:
    """The digest of the address's picture."""
    named = {scene.name: scene.picture.digest for scene in examples.examples()}
    address = st.query_params
    return named.get(address.get("example", "")) or address.get("picture", "")


def say_missing(sentence: str) -> None:
    """What a link names and nobody has here: told above the page until the person has read it."""
    told = st.session_state.setdefault(MISSING, [])
    if sentence not in told:
        told.append(sentence)


def begin_again_to_say_it() -> None:
    """Begins the run again where something was said after its frame was drawn."""
    if len(st.session_state.get(MISSING, [])) > st.session_state[SHOWN]:
        st.rerun()


def show_missing() -> None:
    told = st.session_state.get(MISSING, [])
    st.session_state[SHOWN] = len(told)
    if told:
        with st.container(horizontal=True, vertical_alignment="center", key="address.told"):
            st.warning("  \n".join(told), icon=":material/link_off:")
            st.button("Close", key="address.close", on_click=told.clear)


def write() -> None:
    """States the choices; only where they changed, because every change is sent to the browser."""
    source = handover.source()
    is_example = source == handover.EXAMPLES
    chosen = {
        "model": handover.model(),
        "example": handover.scene() if is_example else "",
        "picture": "" if is_example else handover.own_picture(source),
        "question": handover.asked(),
        "steps": steps(),
    } | board()
    if not stored_pictures.has_detector(handover.model()):
        chosen |= zip(STORED_KEYS, handover.stored(), strict=True)
    wanted = {key: value for key, value in chosen.items() if value}
    before = st.query_params.to_dict()
    if {key: before[key] for key in KEYS if key in before} != wanted:
        others = {key: value for key, value in before.items() if key not in KEYS}
        st.query_params.from_dict(wanted | others)


def put(keys: dict[str, str], *, of_question: bool = False) -> None:
    """More keys; "" takes one away. Only where they changed, as in `write`.

    of_question: they say nothing of another model, picture or question.
    """
    address, stated = st.query_params, st.session_state[STATED]
    for name, value in keys.items():
        stated.pop(name, None)
        if value:
            stated[name] = (value, _question() if of_question else "")
        if value and address.get(name) != value:
            address[name] = value
        elif not value and name in address:
            del address[name]
