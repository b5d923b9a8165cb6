"""An analysis to keep, and one that was kept, opened again."""

import streamlit as st

from lxmert_viz.picture import Picture
from lxmert_viz.rounding import probability
from lxmert_viz.traces import KeptTrace
from lxmert_viz.ui.browser import stage
from lxmert_viz.ui.causes import choice as causes
from lxmert_viz.ui.frame import address, handover, navigation, own_boxes, results, workbench
from lxmert_viz.ui.matching import choice as matching
from lxmert_viz.ui.server import keeping, pictures, upload_limits
from lxmert_viz.ui.server.keeping import Kept
from lxmert_viz.ui.server.upload_limits import ANALYSIS_MB
from lxmert_viz.ui.what_if import kept_steps
from lxmert_viz.ui.why import choice as why
from lxmert_viz.ui.wording import plain

PYTHON = """from lxmert_viz import traces
from lxmert_viz.notebook import show

kept = traces.read(Path("lxmert-analysis.zip"))  # or the unpacked folder
other = traces.read(Path("lxmert-analysis.zip"), "other/")  # where two were compared
kept.trace.attention["lang_from_vision"]  # bit for bit
show(kept.trace, kept.picture, norms=kept.norms)  # in Jupyter"""


def show_kept(kept: Kept, given: bytes) -> None:
    """Both sides with their stages, the way back into the laboratory, and how it was made."""
    sides = [kept.other, kept.now] if kept.other else [kept.now]
    st.caption("As it was kept: its own picture and question. The bar above stays as it is.")
    with st.container(horizontal=True, vertical_alignment="center"):
        if kept.address:
            if st.button("Open it as it was", icon=":material/open_in_browser:", type="primary"):
                open_again(kept)
        else:
            st.button(
                "Ask this again",
                icon=":material/replay:",
                help="Takes picture and question to the bar",
                on_click=ask_again,
                args=(kept.now,),
            )
        with st.popover("How it was made", icon=":material/info:"):
            for side in sides:
                st.caption(provenance(side))
    st.markdown("  \n".join(f"**{title}**: {plain(told)}" for title, told in also(kept).items()))
    for column, side in zip(st.columns(len(sides), gap="medium"), sides, strict=True):
        with column:
            show_side(side)
            of_other = side is not kept.now
            key = f"stage.kept {of_other}"
            stage.show(keeping.stage_payload(given, of_other), key=key)


def also(kept: Kept) -> dict[str, str]:
    """What it has of other pages. Title of the page: what was chosen there."""
    steps = kept_steps.names(kept.steps.encode()) if kept.steps else []
    told = {
        navigation.EDIT.title: ", ".join(steps),
        navigation.WHY.title: why.in_words(kept.address),
        navigation.CAUSES.title: causes.in_words(kept.address),
        navigation.MATCHING.title: matching.in_words(kept.address),
    }
    return {title: words for title, words in told.items() if words}


def show_side(kept: KeptTrace) -> None:
    found = kept.trace
    with st.container(horizontal=True, vertical_alignment="center"):
        st.image(pictures.thumbnail(Picture.of(kept.picture)), width=96)
        first = "".join(
            f"  \n**{plain(answer.text)}** {probability(answer.probability)}"
            for answer in found.answers[:1]
        )
        match = "" if found.match is None else f" · P(match) {probability(found.match)}"
        st.markdown(f"{plain(found.tokens.text)}{first}{match}  \n:small[{plain(found.model)}]")


def provenance(kept: KeptTrace) -> str:
    about = ", ".join(f"{name} {version}" for name, version in kept.versions.items())
    settings = ", ".join(f"{name}: {setting}" for name, setting in kept.settings.items() if setting)
    content = f"files with SHA-256 {kept.digest[:12]}…" if kept.digest else "files not named"
    model = f"“{kept.trace.tokens.text}”, checkpoint {kept.trace.model}: {content}"
    return plain(f"{model}. {settings or 'No settings'}. Made with {about}.")


def open_again(kept: Kept) -> None:
    """As if a person followed the link that led to it, on this machine."""
    told = keeping.restored(kept)
    title = told.pop(keeping.PAGE, navigation.ANSWERS.title)
    page = next((page for page in navigation.ALL if page.title == title), navigation.ANSWERS)
    told.setdefault("profile", str(kept.now.settings.get("profile", "")))
    own_boxes.forget()
    address.begin_again()
    st.switch_page(page.path, query_params=told)


def ask_again(kept: KeptTrace) -> None:
    handover.open_next(Picture.of(kept.picture), kept.trace.tokens.text)


choice = workbench.choice()
found = results.trace(choice)
results.tell(choice, found)
left, right = st.columns(2, gap="large")
with left:
    st.markdown(
        f"*Keep* :material/download:, in the bar above, saves “{plain(found.tokens.text)}” with "
        "its answer."
    )
    with st.popover("Open it in Python", icon=":material/code:"):
        st.code(PYTHON, language="python")
with right:
    given = st.file_uploader(
        "Open one that was kept", ("zip",), key="saved.upload", max_upload_size=ANALYSIS_MB
    )
if given is None:
    st.caption(
        "One figure alone: *SVG*, *PNG* and *CSV* stand below it. *Save …*, at the top right of "
        "the page Attention, has those of the stage and an offline page."
    )
else:
    st.divider()
    content = upload_limits.content(given, ANALYSIS_MB)
    show_kept(keeping.opened(content), content)
