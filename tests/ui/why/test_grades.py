"""Grades of the methods on the page, from a table with known numbers."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lxmert_viz.runs.known_causes import ALL, ONE_LESS
from lxmert_viz.ui.frame.navigation import WHY
from lxmert_viz.ui.server import relevance
from lxmert_viz.ui.why import grades
from tests.helpers.graded import grades as table
from tests.helpers.small_page import Counted, texts


@pytest.fixture(autouse=True)
def graded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relevance, "grades", lambda model: table())


def test_one_line_says_how_the_chosen_method_does() -> None:
    assert grades.line("any", "bimodal") == (
        "Graded on 20 questions whose cause is known: its top region is right in "
        "**100% (84 to 100)** (noise: 40%)."
    )
    assert grades.line("any", "occlusion").endswith(
        ", its sign of a competitor in **95% (76 to 99)**."
    )
    assert grades.line("any", "rollout") == ""


def test_methods_by_type_mark_what_noise_may_do_as_well() -> None:
    found = grades.by_type(table().query("method != ''"))
    assert found.loc["Bi-modal relevance", ALL] == "100% (84 to 100)"
    assert found.loc["Bi-modal relevance", "count"] == "55% (34 to 74) ✗"
    assert found.loc["Occlusion", "count"] == "75% (53 to 89)"
    assert found.loc["noise", "count"] == "50% (30 to 70)"
    assert found.loc["examples", f"count, {ONE_LESS}"] == "20"
    assert found.loc["of all, the cause is seen in", "count"] == "80%"


def test_all_numbers_of_one_type() -> None:
    found = grades.of_type(table().query("method != ''"), "count")
    assert list(found.index) == ["Bi-modal relevance", "Occlusion", "noise"]
    assert found.loc["Occlusion", "mass"] == "0.50"
    assert found.loc["Occlusion", "sign right"] == ""


def test_the_page_has_the_line_and_the_table(page: AppTest) -> None:
    page.switch_page(WHY.path).run()
    assert "its top region is right in **100% (84 to 100)**" in texts(page)
    assert not page.dataframe
    page.session_state["why.grades"] = True
    page.run()
    assert not page.exception and len(page.dataframe) == 3
    assert "points at a counted object in 75% of 20 counts" in texts(page)
    assert "and in 100% against one less" in texts(page)
    assert "point right in 60% of 20 comparisons, occlusion in 95%" in texts(page)
    assert "In the 20 questions of the type “contended”" in texts(page)


def test_a_checkpoint_that_nobody_graded_says_how(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relevance, "grades", lambda model: None)
    page.session_state["why.grades"] = True
    page.switch_page(WHY.path).run()
    assert not page.exception
    assert "Graded on" not in texts(page) and "Nobody graded the methods on" in texts(page)


def test_grades_lie_beside_the_weights(
    counted: Counted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(relevance, "find", lambda model: tmp_path)
    assert relevance.grades("any") is None
    table().to_csv(tmp_path / "explanations.csv", index=False)
    assert len(relevance.grades("any")) == len(table())
