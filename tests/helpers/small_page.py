"""The page on a tiny checkpoint: what was asked of the model, and what stands on the page."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from streamlit.testing.v1 import AppTest

from lxmert_viz.checkpoints.contents import Scope
from lxmert_viz.checkpoints.identity import Identity
from lxmert_viz.places import APP
from lxmert_viz.records import Answer, Regions, Report, Trace
from lxmert_viz.ui.server import answers, causes, jobs, lenses, matching, models, relevance, states

if TYPE_CHECKING:
    import numpy as np
    from streamlit.testing.v1.element_tree import Button

    from lxmert_viz.model.interventions import Intervention
    from lxmert_viz.pipeline import Pipeline

SECONDS = 120  # a busy machine, not a slow page


class Counted:
    """A pipeline that counts what is asked of it, and can change what it says."""

    def __init__(self, pipeline: "Pipeline") -> None:
        self.inner = pipeline
        self.looks = 0
        self.asks = 0
        self.change: Callable[[Trace], Trace] = lambda trace: trace
        self.see: Callable[[Regions], Regions] = lambda regions: regions
        self.device = pipeline.device
        self.scope = Scope(world="Nothing.", warning="It knows no photographs.")
        self.profiles = pipeline.profiles
        self.detector = pipeline.detector
        self.network = pipeline.network
        self.exact = self  # its precision is full

    def look(
        self,
        picture: bytes,
        profile: str,
        progress: Report | None = None,
        boxes_unit: "np.ndarray | None" = None,
    ) -> Regions:
        self.looks += 1
        return self.see(self.inner.look(picture, profile, progress, boxes_unit))

    def masked_words(self, regions: Regions, text: str) -> list[tuple[Answer, ...]]:
        return self.inner.masked_words(regions, text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def ask(self, regions: Regions, text: str, intervention: "Intervention | None" = None) -> Trace:
        self.asks += 1
        return self.change(self.inner.ask(regions, text, intervention))


class OfFolder:
    """The counted pipeline under a name, told from others by the files of that name."""

    def __init__(self, pipeline: Counted, name: str) -> None:
        self._pipeline, identity = pipeline, Identity(models.find(name))
        self.digest, self.detector_digest = identity.digest, identity.detector_digest
        self.exact = self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pipeline, name)


def forget_models() -> None:
    """Empties the caches of what a model is and said, and the lists of work begun with one.

    Pictures, examples, boards and the server's threads are the same for every model.
    """
    for room in (answers, causes, jobs, lenses, matching, models, relevance, states):
        for cached in list(vars(room).values()):
            if hasattr(cached, "__wrapped__"):
                forget = getattr(cached, "clear", None) or getattr(cached, "cache_clear", None)
                if forget:
                    forget()


def opened() -> AppTest:
    return AppTest.from_file(str(APP), default_timeout=SECONDS).run()


def texts(page: AppTest) -> str:
    kinds = (page.markdown, page.caption, page.info, page.warning, page.error, page.subheader)
    return "\n".join(element.value for kind in kinds for element in kind).replace("\\", "")


def button(page: AppTest, label: str) -> "Button":
    return next(b for b in page.button if b.label.replace("\\", "") == label)


def ask(page: AppTest, text: str) -> AppTest:
    page.text_input(key="question.typed").set_value(text)
    return button(page, "Ask").click().run()


def chart(page: AppTest) -> str:
    return page.get("plotly_chart")[0].proto.spec
