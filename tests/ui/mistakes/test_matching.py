"""The board's view Matching, over a run of captions and foils whose scores are written by hand."""

import json
from pathlib import Path

import pytest

from lxmert_viz.picture import decode
from lxmert_viz.places import DATA_VARIABLE
from lxmert_viz.ui.frame.navigation import ATTENTION, MATCHING
from lxmert_viz.ui.server import pictures
from tests.helpers.small_page import Counted, texts
from tests.helpers.small_run import put_captions
from tests.ui.mistakes.test_mistakes import at


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, photograph: bytes) -> Path:
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    (tmp_path / "ball.jpg").write_bytes(photograph)
    put_captions(tmp_path / "runs" / "toy", tmp_path / "ball.jpg")
    return tmp_path / "runs" / "toy"


def test_measures_stand_beside_words_alone_and_length(counted: Counted, run: Path) -> None:
    page = at(run="runs/toy", view="Matching")
    assert not page.exception and not page.error, texts(page)
    table = page.dataframe[0].value.set_index("measure")
    # of 30 sides 10 are lost, of 30 colours one is a tie
    assert table["value"]["pairwise"] == pytest.approx(49 / 60)
    assert table["ties"]["pairwise"] == pytest.approx(1 / 60)
    assert table["mean of kinds"]["pairwise"] == pytest.approx((20 / 30 + 29 / 30) / 2)
    assert table["from"]["pairwise"] < 49 / 60 < table["to"]["pairwise"]
    # raw logits and the words alone are all ties; both texts are equally long
    assert table[["by raw l1", "no picture", "length alone"]].loc["pairwise"].tolist() == [0, 0, 0]
    titles = [json.loads(c.proto.spec)["layout"]["title"]["text"] for c in page.get("plotly_chart")]
    assert titles[0] == "Scores of captions and of foils" and len(titles) == 3
    assert "slope" in texts(page) and "temperature" in texts(page)
    assert "Pairs that are lost (11)" in texts(page)


def test_a_lost_pair_opens_on_the_page_matching(counted: Counted, run: Path) -> None:
    page = at(run="runs/toy", view="Matching")
    (first, *others) = [b for b in page.button if (b.key or "").startswith("matching-board.open")]
    assert first.label == "-1.00" and len(others) == 9  # the tie comes last, on another page
    first.click().run()
    page.switch_page(MATCHING.path).run()
    assert not page.exception and not page.error, texts(page)
    assert page.text_input(key="question.typed").value == "a red ball"
    assert page.text_input(key="matching.foil").value == "a blue ball"
    assert "Caption: a :orange-background[**red**] ball" in texts(page)


@pytest.mark.parametrize(("row", "size"), [("6:True", (50, 50)), ("12:True", (160, 120))])
def test_a_row_about_a_part_of_a_picture_opens_that_part(
    counted: Counted, run: Path, row: str, size: tuple[int, int]
) -> None:
    page = at(run="runs/toy", row=row)
    assert not page.exception and not page.error, texts(page)
    page.button(key="row.to Attention").click().run()
    page.switch_page(ATTENTION.path).run()
    opened = pictures.picture_of(page.session_state["picture.own upload"])
    assert decode(opened.content).size == size


def test_a_run_without_captions_says_so(
    counted: Counted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.helpers.small_run import put_run

    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    put_run(tmp_path / "runs" / "other", [1.0, 0.0])
    assert "none of these rows is a caption" in texts(at(run="runs/other", view="Matching"))
