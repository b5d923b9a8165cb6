"""Which picture is looked at and what is asked of it, said by anything but the widgets themselves.

Nobody else writes these choices. The workbench's widgets hold them under the keys below, and a
widget that was drawn can be filled in only at the start of the next run: `open_next` waits.
"""

import streamlit as st

from lxmert_viz.picture import Picture
from lxmert_viz.ui.server import models, pictures
from lxmert_viz.ui.server.examples import ExampleScene

MODEL, SOURCE, TYPED = "model.name", "picture.source", "question.typed"  # the widgets' own
EXAMPLES, UPLOAD, CAMERA = "examples", "upload", "camera"  # what SOURCE may be
USED, SCENE, ASKED = "picture.used", "picture.scene", "question.asked"
STORED_FILE, STORED_PICTURE = "stored.file", "stored.picture"  # a model without a detector
NEXT, MARKED = "handover.next", "handover.marked"
EXPERIMENT = "handover.experiment"  # on the page Causes, until that has shown it
MATCH = "handover.match"  # what text's match is explained next, and against which foil
FOIL = "handover.foil"  # a caption and the foil that it is held against next
PICKS = "picture.picks"  # pictures taken so far: with each the drawer closes
NEXT_TEXT = "handover.text"  # what the next run asks of the same picture
OPENED = "handover.opened"  # digest and text of what a board opened, its row, is it shipped


def begin(scene: ExampleScene) -> None:
    """A new session opens on a scene with its first question.

    A browser whose page changed while it was being made sends nothing for the widgets that it had
    not seen yet: they get back what was last in use.
    """
    state = st.session_state
    names = models.model_names()
    if state.get(MODEL) not in names:  # its folder can have gone
        state[MODEL] = names[0]
    state.setdefault(SCENE, scene.name)
    if ASKED not in state:
        ask(scene.questions[0].text)
    if state.get(SOURCE) is None:
        state[SOURCE] = state.get(USED, EXAMPLES)
        state[TYPED] = state[ASKED]
    state.setdefault(TYPED, state[ASKED])
    state[USED] = state[SOURCE]


def is_as_begun(scene: ExampleScene) -> bool:
    """Whether model, picture and question are still those that a new session opens on."""
    return (model(), source(), st.session_state[SCENE], asked()) == (
        models.model_names()[0],
        EXAMPLES,
        scene.name,
        scene.questions[0].text,
    )


def model() -> str:
    return st.session_state[MODEL]


def use_model(name: str) -> None:
    st.session_state[MODEL] = name


def asked() -> str:
    """ "" where nothing is asked."""
    return st.session_state[ASKED]


def ask(text: str) -> None:
    st.session_state[TYPED] = st.session_state[ASKED] = text


def ask_typed() -> None:
    ask(st.session_state[TYPED].strip())


def source() -> str:
    """Where the picture comes from."""
    return st.session_state[SOURCE]


def scene() -> str:
    """The example's name, whether or not examples are looked at."""
    return st.session_state[SCENE]


def look_at_scene(name: str) -> None:
    st.session_state[SOURCE], st.session_state[SCENE] = EXAMPLES, name


def pick_scene(name: str) -> None:
    look_at_scene(name)
    st.session_state[PICKS] = picks() + 1


def own_picture(source: str) -> str:
    """Digest of the last picture that a person gave there; "" where there is none."""
    return st.session_state.get(f"picture.own {source}", "")


def take_picture(source: str, file: str, given: Picture) -> bool:
    """Whether the file is another than before. It stays, also over a reload, until it is dropped.

    file: its id. A widget goes on to hold a file after another picture was opened.
    """
    state, last = st.session_state, f"picture.file {source}"
    if state.get(last) == file:
        return False
    state[last] = file
    state[f"picture.own {source}"] = pictures.kept_pictures().keep(given)
    state[PICKS] = picks() + 1
    return True


def drop_picture(source: str) -> None:
    st.session_state[f"picture.own {source}"] = ""


def picks() -> int:
    """How many pictures were picked in the drawer."""
    return st.session_state.get(PICKS, 0)


def look_at(digest: str) -> None:
    """A picture that the server keeps, or kept once."""
    st.session_state[SOURCE] = UPLOAD
    st.session_state[f"picture.own {UPLOAD}"] = digest


def stored() -> tuple[str, str]:
    """What the file of stored regions is called, and the picture's id in it."""
    return st.session_state.get(STORED_FILE) or "", st.session_state.get(STORED_PICTURE, "")


def look_at_stored(file: str, picture: str) -> None:
    """Before the widgets of a run are drawn."""
    st.session_state[STORED_FILE], st.session_state[STORED_PICTURE] = file, picture


def open_next(
    picture: Picture,
    text: str,
    *,
    model: str = "",
    right: str = "",
    row: str = "",
    is_shipped: bool = False,
    in_file: tuple[str, str] | None = None,
) -> None:
    """The next run begins with this picture and text.

    model: "" or one that is not here leaves the chosen one. right: the right answer, where it is
    known. row: of the board, where it was opened from one. is_shipped: it is of the study set.
    in_file: where its regions are stored, for a model without a detector.
    """
    digest = pictures.kept_pictures().keep(picture)
    st.session_state[NEXT] = (digest, text, model, right, row, is_shipped, in_file)


def take_next() -> None:
    """Fills in what was opened, before any widget holds something else."""
    text = st.session_state.pop(NEXT_TEXT, None)
    if text is not None:
        ask(text)
    waiting = st.session_state.pop(NEXT, None)
    if waiting is None:
        return
    digest, text, model, right, row, is_shipped, in_file = waiting
    look_at(digest)
    if in_file:
        look_at_stored(*in_file)
    ask(text)
    if model in models.model_names():
        use_model(model)
    if right:
        mark_right(digest, text, right)
    if row:
        st.session_state[OPENED] = (digest, text, row, is_shipped)


def mark_right(digest: str, text: str, answer: str) -> None:
    """The answer that is right for a picture and a text; "" takes the mark away."""
    st.session_state[MARKED] = (digest, text, answer)


def marked_right(digest: str, text: str) -> str:
    """ "" where none is marked."""
    of, asked, answer = st.session_state.get(MARKED, ("", "", ""))
    return answer if (of, asked) == (digest, text) else ""


def row_in_sight() -> str:
    """The board's row that was opened, while picture and text are still those of the row."""
    digest, text, row, _ = st.session_state.get(OPENED, ("", "", "", False))
    is_same = source() == UPLOAD and (digest, text) == (own_picture(UPLOAD), asked())
    return row if is_same else ""


def row_of(digest: str) -> str:
    """The board's row that a picture was opened from; "" where it was not."""
    of, _, row, _ = st.session_state.get(OPENED, ("", "", "", False))
    return row if of == digest else ""


def is_shipped(digest: str) -> bool:
    """Whether a picture that was opened from a board belongs to the study set."""
    of, _, _, shipped = st.session_state.get(OPENED, ("", "", "", False))
    return shipped and of == digest


def propose(experiment: str) -> None:
    """What the page Causes opens on next."""
    st.session_state[EXPERIMENT] = experiment


def proposed() -> str:
    """Once; "" where nothing was proposed."""
    return st.session_state.pop(EXPERIMENT, "")


def explain_match(text: str, foil: str = "") -> None:
    """The pages Why and Causes open on the match of this text. foil: what it is held against."""
    st.session_state[NEXT_TEXT] = text
    st.session_state[MATCH] = (text, foil)


def hold_against(text: str, foil: str) -> None:
    """The page Matching opens on this caption and foil."""
    st.session_state[FOIL] = (text, foil)


def held_against(text: str) -> str:
    """Once: the foil that this caption is to be held against; "" for none."""
    of, foil = st.session_state.get(FOIL, ("", ""))
    if of != text:
        return ""
    st.session_state.pop(FOIL)
    return foil


def match_explained(text: str) -> tuple[bool, str]:
    """Once: whether the match of this text was proposed, and the foil."""
    of, foil = st.session_state.get(MATCH, ("", ""))
    if of != text:
        return False, ""
    st.session_state.pop(MATCH)
    return True, foil
