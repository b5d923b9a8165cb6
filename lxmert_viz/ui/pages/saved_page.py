"""An analysis to keep, and one that was kept, opened again."""

import streamlit as st

from lxmert_viz.picture import Picture
from lxmert_viz.traces import KeptTrace
from lxmert_viz.ui.browser import stage
from lxmert_viz.ui.frame import handover, results, workbench
from lxmert_viz.ui.server import answers, pictures, upload_limits
from lxmert_viz.ui.server.upload_limits import ANALYSIS_MB
from lxmert_viz.ui.wording import plain

PYTHON = """from lxmert_viz import traces
from lxmert_viz.notebook import show

kept = traces.read(Path("lxmert-analysis.zip"))  # or the unpacked folder
kept.trace.attention["lang_from_vision"]  # bit for bit
show(kept.trace, kept.picture, norms=kept.norms)  # in Jupyter"""


def show_kept(kept: KeptTrace, given: bytes) -> None:
    found = kept.trace
    with st.container(horizontal=True, vertical_alignment="center"):
        st.image(pictures.thumbnail(Picture.of(kept.picture)), width=160)
        first = "".join(f"  \n**{plain(a.text)}** {a.probability:.3f}" for a in found.answers[:1])
        match = "" if found.match is None else f" · P(match) {found.match:.3f}"
        st.markdown(f"{plain(found.tokens.text)}{first}{match}")
        st.button(
            "Ask this again",
            icon=":material/replay:",
            help="Takes picture and question to the top of the page",
            on_click=ask_again,
            args=(kept,),
        )
    about = ", ".join(f"{name} {version}" for name, version in kept.versions.items())
    settings = ", ".join(f"{name}: {setting}" for name, setting in kept.settings.items() if setting)
    content = f"files with SHA-256 {kept.digest[:12]}…" if kept.digest else "files not named"
    model = f"Model {found.model}: {content}"
    st.caption(plain(f"{model}. {settings or 'No settings'}. Made with {about}."))
    stage.show(answers.kept_payload(given), key="stage.kept")


def ask_again(kept: KeptTrace) -> None:
    handover.open_next(Picture.of(kept.picture), kept.trace.tokens.text)


choice = workbench.choice()
found = results.trace(choice)
results.tell(choice, found)
left, right = st.columns(2, gap="large")
with left:
    st.markdown(f"*Keep*, in the bar above, saves “{plain(found.tokens.text)}” with its answer.")
    with st.popover("Open it in Python", icon=":material/code:"):
        st.code(PYTHON, language="python")
with right:
    given = st.file_uploader(
        "Open one that was kept", ("zip",), key="saved.upload", max_upload_size=ANALYSIS_MB
    )
if given is None:
    st.caption("Figures, numbers and an offline page are under *Save …* below each stage.")
else:
    st.divider()
    content = upload_limits.content(given, ANALYSIS_MB)
    show_kept(answers.kept_trace(content), content)
