"""The page of probes on a tiny checkpoint, over states of a few questions."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.places import ASSETS
from lxmert_viz.records import Example, Report
from lxmert_viz.runs.extraction import extract
from lxmert_viz.runs.states import STATES_VARIABLE, store_folder
from lxmert_viz.ui.frame.navigation import PROBES
from lxmert_viz.ui.server import waiting
from tests.helpers.small_page import Counted, texts

TEXTS = ("what is red?", "is the ball big?", "a cube in front", "red dog on the left", "how many")


@pytest.fixture
def probes(
    page: AppTest, counted: Counted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AppTest:
    """The page, with a store of eight scenes beside the study set."""
    monkeypatch.setenv(STATES_VARIABLE, str(tmp_path))
    pictures = {path.stem: path for path in sorted((ASSETS / "scenes").glob("*.png"))}
    examples = tuple(
        Example(f"{stem}-{n}", stem, text, answers=("yes" if n % 2 else "no",))
        for stem in pictures
        for n, text in enumerate(TEXTS)
    )
    scenes = Dataset("scenes", "pictures", (), examples, pictures)
    extract(counted.inner, scenes, store_folder(counted.inner, scenes))
    return page.switch_page(PROBES.path).run()


def charts(page: AppTest) -> list[str]:
    return [chart.proto.spec for chart in page.get("plotly_chart")]


def chosen(page: AppTest) -> AppTest:
    (folder,) = Path(os.environ[STATES_VARIABLE]).iterdir()
    return page.selectbox(key="probes.store").set_value(str(folder)).run()


def test_regions_of_another_detector_are_looked_at_only_on_request(probes: AppTest) -> None:
    assert not probes.exception
    assert "has to look at its 60 pictures first" in texts(probes)
    assert not charts(probes)


def test_word_classes_are_probed_kept_and_applied(probes: AppTest, tmp_path: Path) -> None:
    page = chosen(probes)
    page.selectbox(key="probes.target").set_value("word class").run()
    assert not page.exception
    curves, confusion = charts(page)
    assert "accuracy on unseen pictures" in curves and "control task" in curves
    assert "selectivity" in confusion
    live = page.dataframe[0].value
    assert live["word"].tolist()[0] == "[CLS]"
    assert list(tmp_path.glob("*/probes/word-class_linear_*.probe.safetensors"))
    assert "tested states are read wrongly" in texts(page)


def test_the_linear_probe_stands_there_while_an_mlp_is_trained(
    probes: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = chosen(probes)
    page.selectbox(key="probes.target").set_value("word class").run()
    trained, wait = [], waiting.result_of

    def record(key: str, title: str, work: Callable[[Report], Any], *together: Any) -> Any:
        trained.extend(kind for kind in ("linear", "MLP") if f"the {kind} probe" in title)
        return wait(key, title, work, *together)

    monkeypatch.setattr(waiting, "result_of", record)
    page.selectbox(key="probes.kind").set_value("MLP").run()
    assert not page.exception
    assert trained == ["linear", "MLP"]
    assert len(charts(page)) == 2 and "MLP probe" in charts(page)[0]
    page.run()
    assert trained == ["linear", "MLP", "MLP"]  # it is at hand now


def test_what_cannot_be_probed_is_said(probes: AppTest) -> None:
    page = chosen(probes)
    page.selectbox(key="probes.target").set_value("match").run()
    assert not page.exception
    assert "cannot be probed for match" in texts(page)
    page.selectbox(key="probes.target").set_value("a column of yours").run()
    assert not page.exception


def test_labels_of_ones_own_are_uploaded(probes: AppTest) -> None:
    page = chosen(probes)
    page.selectbox(key="probes.target").set_value("a column of yours").run()
    stems = [path.stem for path in sorted((ASSETS / "scenes").glob("*.png"))]
    lines = [f"{s}-{n},{'asks' if n in (0, 1, 4) else 'tells'}" for s in stems for n in range(5)]
    table = "\n".join(["id,kind", *lines]).encode()
    page.file_uploader(key="probes.csv").upload("mine.csv", table, "text/csv").run()
    assert not page.exception
    assert "kind: what each layer holds" in charts(page)[0]


def test_layers_are_compared_and_states_drawn(probes: AppTest) -> None:
    page = chosen(probes)
    page.button_group(key="probes.view").set_value("compare").run()
    assert not page.exception
    assert "linear CKA, debiased, over 40 examples" in charts(page)[0]
    assert "0 to 1, of up to" in charts(page)[2]
    page.button_group(key="probes.view").set_value("plane").run()
    assert not page.exception
    page.selectbox(key="probes.plane-target").set_value("word class").run()
    assert not page.exception
    assert "(trustworthiness of the nearest" in charts(page)[0]
    page.selectbox(key="probes.plane-target").set_value("answer").run()
    assert not page.exception
    assert "states of [CLS] after" in charts(page)[0]
