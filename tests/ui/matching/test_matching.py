"""The page Matching on a tiny checkpoint: views, rows with errors, address, links."""

import json
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from lxmert_viz.analysis import matching_tables as tables
from lxmert_viz.checkpoints.known import SHIPPED
from lxmert_viz.places import DATA_VARIABLE
from lxmert_viz.ui.frame.navigation import CAUSES, MATCHING, WHY
from lxmert_viz.ui.matching import choice
from lxmert_viz.ui.server import examples, keeping, pictures
from lxmert_viz.ui.server.variant import RegionsAsked, Variant
from tests.helpers.small_page import Counted, ask, button, texts
from tests.helpers.small_page import opened as opened_anew

CAPTION, FOIL = "a red ball", "a blue ball"


@pytest.fixture
def opened(page: AppTest) -> AppTest:
    return page.switch_page(MATCHING.path).run()


def view(page: AppTest, name: str) -> AppTest:
    page.session_state["matching.view"] = name
    page.run()
    assert not page.exception, texts(page)
    return page


def test_captions_are_sorted_with_the_score_of_the_words_alone(
    opened: AppTest, counted: Counted
) -> None:
    opened.text_area(key="matching.captions").set_value("a red ball\nthe man\nis it big?").run()
    assert not opened.exception and not opened.error
    (table,) = opened.dataframe
    shown = table.value
    assert sorted(shown[tables.CAPTION]) == ["a red ball", "is it big?", "the man"]
    assert list(shown[tables.SCORE]) == sorted(shown[tables.SCORE], reverse=True)
    regions = counted.inner.look(examples.examples()[0].picture.content)
    row = shown[shown[tables.CAPTION] == "the man"].iloc[0]
    scores = counted.inner.ask(regions, "the man")
    assert row[tables.P_MATCH] == pytest.approx(scores.match, abs=1e-5)
    alone = counted.inner.ask(regions.only([]), "the man").match
    assert row[tables.BLANK] == pytest.approx(np.log(alone / (1 - alone)), abs=1e-3)
    assert row[tables.SEEN] == pytest.approx(row[tables.SCORE] - row[tables.BLANK], abs=1e-5)
    assert "index 1 of its two logits is “match”" in texts(opened)


def test_words_that_the_model_cannot_read_are_told(opened: AppTest) -> None:
    captions = opened.text_area(key="matching.captions")
    captions.set_value("a red zebra\nthe zebra on a tram").run()
    assert "has never seen these words and reads blanks there: “zebra”, “tram”" in texts(opened)
    view(opened, "matrix")
    assert "“zebra”, “tram”" in texts(opened)
    captions.set_value("a red ball").run()
    assert "zebra" not in texts(opened)


def test_bad_rows_of_a_file_stay_as_rows_with_errors(opened: AppTest) -> None:
    long = "red " * 200
    content = f"caption,foil\n{CAPTION},{FOIL}\n,the man\na dog,A  dog\n{long},\n"
    upload = opened.file_uploader(key="matching.file")
    upload.upload("mine.csv", content.encode(), "text/csv").run()
    assert not opened.exception and not opened.error
    (table,) = opened.dataframe
    shown = table.value.sort_index()
    errors = list(shown[tables.ERROR])
    assert errors[0] == "" and "no caption" in errors[1] and "same sentence" in errors[2]
    assert "word pieces" in errors[3]
    assert shown[tables.SCORE].notna().tolist() == [True, False, False, False]
    first = shown.iloc[0]
    assert first[tables.GAP] == pytest.approx(first[tables.SCORE] - first[tables.FOIL_SCORE])


def test_a_picture_that_does_not_open_is_a_row_with_an_error(
    page: AppTest, photograph: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "good.jpg").write_bytes(photograph)
    (folder / "cut.jpg").write_bytes(photograph[: len(photograph) // 2])
    (folder / "none.jpg").write_bytes(b"nothing")
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    page.switch_page(MATCHING.path).run()
    view(page, "pictures")
    page.selectbox(key="match-pictures.folder").set_value("mine").run()
    assert not page.exception and not page.error
    (table,) = page.dataframe
    shown = table.value.set_index(tables.PICTURE)
    assert len(shown) == 8 + 3
    assert shown[tables.ERROR]["good"] == "" and not np.isnan(shown[tables.SCORE]["good"])
    assert "cut short" in shown[tables.ERROR]["cut"] and np.isnan(shown[tables.SCORE]["cut"])
    assert shown[tables.ERROR]["none"] and np.isnan(shown[tables.SCORE]["none"])
    assert page.query_params["match-folder"] == "mine"
    view(page, "matrix")
    errors = page.dataframe[-1].value
    assert sorted(errors["row"]) == ["cut", "none"]


def test_every_caption_meets_every_picture(opened: AppTest) -> None:
    view(opened, "matrix")
    opened.text_area(key="matching.captions").set_value("a red ball\tthe man").run()
    opened.multiselect(key="match-pictures.scenes").set_value(["scene-1", "scene-3"]).run()
    (figure,) = [json.loads(chart.proto.spec) for chart in opened.get("plotly_chart")]
    assert figure["layout"]["yaxis"]["ticktext"] == ["a red ball", "the man"]
    assert len(figure["layout"]["xaxis"]["ticktext"]) == 3
    assert opened.query_params["match-pictures"] == "scene-1_scene-3"
    assert opened.query_params["captions"] == "a red ball\tthe man"


def test_a_pair_is_told_apart_word_by_word_and_region_by_region(opened: AppTest) -> None:
    ask(opened, CAPTION)
    view(opened, "pair")
    typed = opened.text_input(key="matching.foil")
    assert typed.value == "a yellow ball"  # there is one at once
    assert len(opened.dataframe) == 1  # with its scores
    typed.set_value("").run()  # and it does not come back against a person's will
    assert "Choose a ready-made foil" in texts(opened)
    menu = opened.menu_button(key="foil-menu.rule color")
    assert FOIL in menu.options and "a orange ball" not in menu.options
    menu.click(FOIL).run()
    assert not opened.exception and not opened.error, texts(opened)
    assert opened.query_params["foil"] == FOIL
    marked = next(m.value for m in opened.markdown if m.value.startswith("Caption: "))
    assert ":orange-background[**red**]" in marked and ":orange-background[**blue**]" in marked
    table = opened.dataframe[0].value
    gap = table["score l1 − l0"][0] - table["score l1 − l0"][1]
    said = f"Told apart by **{gap:.2f}**" if gap > 0 else f"The foil wins by **{-gap:.2f}**"
    assert said in texts(opened)
    titles = [
        json.loads(c.proto.spec)["layout"]["title"]["text"] for c in opened.get("plotly_chart")
    ]
    assert titles[:3] == [
        "Caption, word by word",
        "Foil, word by word",
        "Which regions make the difference",
    ]


def test_a_proposed_foil_follows_the_caption_and_a_typed_one_stays(opened: AppTest) -> None:
    ask(opened, CAPTION)
    view(opened, "pair")
    ask(opened, "a red cube")
    typed = opened.text_input(key="matching.foil")
    assert typed.value == "a yellow cube"
    typed.set_value("a green cube").run()
    ask(opened, CAPTION)
    assert opened.text_input(key="matching.foil").value == "a green cube"


def test_caption_and_foil_must_differ(opened: AppTest) -> None:
    ask(opened, CAPTION)
    view(opened, "pair")
    opened.text_input(key="matching.foil").set_value("A red  ball.").run()
    assert "the same sentence" in texts(opened)


def test_a_pair_goes_on_to_why_and_causes_with_its_target(opened: AppTest) -> None:
    ask(opened, CAPTION)
    opened.session_state["matching.foil"] = FOIL
    view(opened, "pair")
    button(opened, "Why this score of the foil?").click().run()
    opened.switch_page(WHY.path).run()
    assert opened.text_input(key="question.typed").value == FOIL
    assert next(s for s in opened.selectbox if s.label == "Why").value == "=match"
    opened.switch_page(MATCHING.path).run()
    assert opened.text_input(key="matching.foil").value == CAPTION
    key = next(b.key for b in opened.button if b.label.startswith("Causes: "))
    opened.button(key=key).click().run()
    opened.switch_page(CAUSES.path).run()
    assert not opened.exception and not opened.error, texts(opened)
    assert next(s for s in opened.selectbox if s.label == "Target").value == "=match"
    assert next(t for t in opened.text_input if t.label == "Corrupted text").value == CAPTION
    assert "Target: the text belongs to the picture" in texts(opened)


def test_a_link_brings_view_captions_and_foil_back(page: AppTest) -> None:
    page.query_params["match-view"] = "captions"
    page.query_params["captions"] = "a dog\na man"
    page.query_params["match-pictures"] = f"scene-2_{'0' * 64}"
    page.switch_page(MATCHING.path).run()
    assert page.text_area(key="matching.captions").value == "a dog\na man"
    view(page, "pictures")
    assert page.multiselect(key="match-pictures.scenes").value == ["scene-2"]
    assert "1 of this link's pictures are not kept here" in texts(page)


def test_what_is_kept_of_this_page_comes_back(opened: AppTest, photograph: bytes) -> None:
    """Captions, foil and a picture of one's own, on a server that has none of them."""
    view(opened, "pictures")
    upload = opened.file_uploader(key="match-pictures.upload")
    upload.upload("mine.jpg", photograph, "image/jpeg").run()
    opened.text_input(key="question.typed").set_value(CAPTION)
    button(opened, "Ask").click().run()
    view(opened, "matrix")
    opened.text_area(key="matching.captions").set_value("a dog\na man").run()
    opened.session_state["matching.foil"] = FOIL
    view(opened, "pair")
    told = {key: str(value) for key, value in opened.query_params.items()}
    asked = Variant(SHIPPED, RegionsAsked("trained"), examples.examples()[0].picture, CAPTION)
    kept = keeping.opened(keeping.zipped(asked, None, MATCHING.title, told))
    assert choice.in_words(kept.address) == f"Caption and foil, 2 captions, foil “{FOIL}”"
    pictures.kept_pictures.cache_clear()  # another server
    address = keeping.restored(kept)
    assert address.pop(keeping.PAGE) == MATCHING.title
    again = opened_anew()
    again.query_params.update(address)
    again.switch_page(MATCHING.path).run()
    assert not again.exception and not again.error, texts(again)
    assert again.text_input(key="matching.foil").value == FOIL
    view(again, "matrix")
    assert again.text_area(key="matching.captions").value == "a dog\na man"
    figure = json.loads(again.get("plotly_chart")[0].proto.spec)
    assert "picture 1" in figure["layout"]["xaxis"]["ticktext"]


def test_a_checkpoint_without_the_head_says_so(
    page: AppTest, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counted.inner, "has_match", False)
    page.switch_page(MATCHING.path).run()
    assert "has no output head for matching" in texts(page)
