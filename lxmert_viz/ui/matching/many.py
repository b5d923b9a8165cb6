"""Many captions, many pictures, and both: scores as tables, and as cells."""

import numpy as np
import pandas as pd
import streamlit as st

from lxmert_viz.analysis import matching_tables as tables
from lxmert_viz.checkpoints.contents import unknown_note
from lxmert_viz.dataset.caption_rows import CaptionRow
from lxmert_viz.errors import PictureError
from lxmert_viz.figures import matching as figures
from lxmert_viz.ui.browser import saving
from lxmert_viz.ui.frame import handover, results
from lxmert_viz.ui.frame.workbench import Choice
from lxmert_viz.ui.matching import choice, given_pictures
from lxmert_viz.ui.matching.given_pictures import Given
from lxmert_viz.ui.matching.tables import show
from lxmert_viz.ui.server import matching, pictures, waiting
from lxmert_viz.ui.server.matching import Matched, Seen
from lxmert_viz.ui.wording import plain

LITTLE = "Scores of captions with them say little."
NO_CAPTIONS = "No caption yet. Type some, one a line."


def show_captions(chosen: Choice) -> None:
    """One picture against many captions."""
    with st.container(key="matching.ranked"):
        left, right = st.columns([2, 5], gap="medium")
    with left:
        rows = choice.captions()
    with right:
        if not rows:
            st.info(NO_CAPTIONS, icon=":material/edit:")
            return
        seen = Seen("", results.picture(chosen), chosen.asked)
        texts = list(
            dict.fromkeys(t for r in rows if not r.error for t in (r.caption, r.foil) if t)
        )
        found = _matched(chosen, [seen], texts)
        if found.picture_errors[0]:
            st.error(plain(found.picture_errors[0]), icon=":material/error:")
            return
        table = _of_rows(rows, texts, found)
        picked = show(table, f"{chosen.model}: captions of one picture", "matching.captions-table")
        _offer(rows, picked)


def show_pictures(chosen: Choice) -> None:
    """One caption against many pictures."""
    caption = results.text(chosen)
    left, right = st.columns([2, 5], gap="medium")
    with left:
        given = given_pictures.choose(chosen)
    with right:
        found = _matched(chosen, given.seen, [caption])
        if found.text_errors[0]:
            st.error(plain(found.text_errors[0]), icon=":material/error:")
            return
        errors = [*found.picture_errors, *(why for _, why in given.broken)]
        scores = _with_broken(found.scores, given)[0]
        table = tables.of_pictures(given.names, scores, float(found.blank_scores[0]), errors)
        shown = [_thumbnail(given, int(place)) for place in table.index]
        about = f"{chosen.model}: {caption}"
        picked = show(table, about, "matching.pictures-table", shown)
        if len(picked) == 1 and picked[0] < len(given.seen):
            one = given.seen[picked[0]]
            st.button(
                f"Look at “{plain(one.name)}”",
                icon=":material/visibility:",
                key="matching.look",
                on_click=given_pictures.look_at,
                args=(one,),
            )


def show_matrix(chosen: Choice) -> None:
    """Every caption against every picture."""
    with st.expander(  # with a key and a run of its own, so that it stays open while one types
        "Captions and pictures", icon=":material/tune:", key="matching.given", on_change="rerun"
    ):
        left, right = st.columns(2, gap="medium")
        with left:
            rows = choice.captions()
        with right:
            given = given_pictures.choose(chosen)
    if not rows:
        st.info(NO_CAPTIONS, icon=":material/edit:")
        return
    told = [(row.caption, row.error) for row in rows]
    told += [(row.foil, "") for row in rows if row.foil and not row.error]
    texts = list(dict.fromkeys(text for text, error in told if not error))
    found = _matched(chosen, given.seen, texts)
    _show_cells(chosen, texts, given, found)
    of_texts = zip(texts, found.text_errors, strict=True)
    of_pictures = zip((one.name for one in given.seen), found.picture_errors, strict=True)
    _tell_errors([*((t or "(no caption)", e) for t, e in told), *of_texts])
    _tell_errors([*of_pictures, *given.broken])


def _show_cells(chosen: Choice, texts: list[str], given: Given, found: Matched) -> None:
    names = [one.name for one in given.seen]
    good = [place for place, error in enumerate(found.text_errors) if not error]
    shown = [place for place, error in enumerate(found.picture_errors) if not error]
    if not good or not shown:
        return
    scores = found.scores[np.ix_(good, shown)]
    captions = [texts[place] for place in good]
    labels = [names[place] for place in shown]
    figure = figures.cells(
        scores,
        found.blank_scores[good],
        captions,
        labels,
        [pictures.thumbnail(given.seen[place].picture) for place in shown],
    )
    about = [f"Model {chosen.model}, {len(good)} captions, {len(shown)} pictures"]
    with st.container(key="matching.wide"):
        saving.draw(figure, about, "matching.cells")
    table = tables.of_all(captions, labels, scores, found.blank_scores[good])
    with st.expander("The same as a table", icon=":material/table:"):
        show(table, about[0], "matching.matrix-table")


def _matched(chosen: Choice, seen: list[Seen], texts: list[str]) -> Matched:
    """Words that the model cannot read are told above what it makes of them."""
    digests = [(one.picture.digest, one.asked) for one in seen]
    found = waiting.result_of(
        f"match {chosen.model} {digests} {texts}",
        f"matching with {chosen.model}",
        lambda report: matching.matched(chosen.model, seen, texts, report),
    )
    if found.unknown_words:
        note = unknown_note(chosen.model, found.unknown_words)
        st.warning(plain(f"{note} {LITTLE}"), icon=":material/warning:")
    return found


def _of_rows(rows: list[CaptionRow], texts: list[str], found: Matched) -> pd.DataFrame:
    place = {text: at for at, text in enumerate(texts)}
    own = [place.get(row.caption) if not row.error else None for row in rows]
    other = [place.get(row.foil) if row.foil and not row.error else None for row in rows]
    errors = [row.error for row in rows]
    for n, at in enumerate(own):
        foil = other[n]
        of_foil = found.text_errors[foil] if foil is not None else ""
        errors[n] = errors[n] or (found.text_errors[at] if at is not None else "") or of_foil
    return tables.of_captions(
        [row.caption for row in rows],
        _at(found.scores[:, 0], own),
        _at(found.blank_scores, own),
        [row.foil for row in rows],
        _at(found.scores[:, 0], other),
        errors,
    )


def _at(values: np.ndarray, places: list[int | None]) -> np.ndarray:
    return np.array([np.nan if place is None else values[place] for place in places])


def _with_broken(scores: np.ndarray, given: Given) -> np.ndarray:
    """(C, P + broken): files that do not open have no score."""
    return np.hstack([scores, np.full((len(scores), len(given.broken)), np.nan)])


def _thumbnail(given: Given, place: int) -> str:
    if place >= len(given.seen):
        return ""
    try:
        return pictures.thumbnail(given.seen[place].picture)
    except PictureError:  # the row says why
        return ""


def _tell_errors(told: list[tuple[str, str]]) -> None:
    """A row for each; nothing where all went well."""
    wrong = [(name, error) for name, error in told if error]
    if wrong:
        st.dataframe(pd.DataFrame(wrong, columns=["row", tables.ERROR]), hide_index=True)


def _offer(rows: list[CaptionRow], picked: list[int]) -> None:
    """What can be done with one or two chosen rows."""
    good = [rows[place] for place in picked if not rows[place].error]
    if not good:
        st.caption("Choose a row to ask it above, or two to hold one against the other.")
        return
    first = good[0]
    other = good[1].caption if len(good) > 1 else first.foil
    with st.container(horizontal=True):
        st.button(
            "Ask this above",
            icon=":material/arrow_upward:",
            key="matching.ask",
            on_click=handover.ask,
            args=(first.caption,),
        )
        if other:
            st.button(
                "Caption and foil, in detail",
                icon=":material/compare:",
                key="matching.open",
                on_click=_open_pair,
                args=(first.caption, other),
            )


def _open_pair(caption: str, foil: str) -> None:
    handover.ask(caption)
    choice.use_foil(foil)
    choice.turn_to("pair")
