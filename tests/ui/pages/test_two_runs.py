"""The page that compares two runs, on runs whose differences are counted by hand."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lxmert_viz.ui.frame.navigation import TWO_RUNS
from tests.helpers.small_page import Counted, button, opened, texts
from tests.helpers.small_run import put_run


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, photograph: bytes) -> Path:
    picture = tmp_path / "picture.jpg"
    picture.write_bytes(photograph)
    put_run(tmp_path / "runs" / "old", [1, 1, 0, 0, 0, 0, 0, 0], picture=picture)
    monkeypatch.setenv("LXMERT_VIZ_DATA", str(tmp_path))
    return tmp_path


def compared() -> AppTest:
    return opened().switch_page(TWO_RUNS.path).run()


def metrics(page: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in page.metric}


def test_one_run_is_not_enough_and_the_page_says_what_to_do(counted: Counted, data: Path) -> None:
    page = compared()
    assert not page.exception
    assert "Two finished runs are needed, and there is one." in texts(page)


def test_what_was_fixed_and_broken_is_counted(counted: Counted, data: Path) -> None:
    put_run(data / "runs" / "new", [1, 0, 1, 1, 1, 0, 0, 0], picture=data / "picture.jpg")
    page = compared()
    page.selectbox[1].select("runs/old").run()
    chosen = {box.label: box for box in page.selectbox}
    chosen["Before"].set_value("runs/old").run()
    {box.label: box for box in page.selectbox}["After"].set_value("runs/new").run()
    assert not page.exception
    found = metrics(page)
    assert (found["Before"], found["After"], found["Gain"]) == ("0.250", "0.500", "+0.250")
    assert (found["Fixed"], found["Broken"]) == ("3", "1")
    assert "3 fixed and 1 broken differ too little (p = 0.62)" in texts(page)
    assert list(page.dataframe[0].value["After"]) == ["right"] * 3
    page.button_group(key="two-runs.change").set_value("broken").run()
    assert list(page.dataframe[0].value["Question"]) == ["question 1?"]
    button(page, "Swap").click().run()
    assert metrics(page)["Gain"] == "-0.250"


def test_runs_of_other_examples_are_one_sentence(counted: Counted, data: Path) -> None:
    put_run(data / "runs" / "other", [1, 0], first=100)
    page = compared()
    assert not page.exception
    assert "have no example in common" in texts(page)
