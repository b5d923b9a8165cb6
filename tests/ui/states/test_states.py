"""The page of states on a tiny checkpoint."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from lxmert_viz.model.lxmert import LxmertForQuestionAnswering
from lxmert_viz.places import DATA_VARIABLE
from lxmert_viz.region_files.opening import write_rows
from lxmert_viz.region_files.rows import RegionRow
from lxmert_viz.ui.frame.navigation import STATES
from lxmert_viz.ui.server import examples
from tests.conftest import ANSWERS, LXMERT, OBJECTS
from tests.helpers.small_page import Counted, button, texts


@pytest.fixture
def states(page: AppTest) -> AppTest:
    return page.switch_page(STATES.path).run()


def charts(page: AppTest) -> list[str]:
    return [chart.proto.spec for chart in page.get("plotly_chart")]


def test_every_word_is_read_at_every_layer_and_the_model_runs_once(
    states: AppTest, counted: Counted
) -> None:
    assert not states.exception
    grid, history = charts(states)
    assert f"softmax over {LXMERT.vocab_size} labels" in grid
    assert all(f'"{depth}"' in grid for depth in ("embeddings", "L3", "X1", "X2"))
    assert "Through the layers" in history
    assert (counted.looks, counted.asks) == (1, 1)


def test_steps_inside_a_layer_are_shown_on_request(states: AppTest) -> None:
    assert "X1 cross" not in charts(states)[0]
    states.toggle(key="states.inside").set_value(True).run()
    assert "X1 cross" in charts(states)[0]


@pytest.mark.parametrize(
    ("lens", "said"),
    [
        ("objects", "softmax over 6 labels"),
        ("attributes", "softmax over 5 labels"),
        ("answers", "softmax over 9 labels"),
        ("match", "softmax over 2 labels"),
    ],
)
def test_each_head_is_a_lens(states: AppTest, lens: str, said: str) -> None:
    states.selectbox(key="states.lens").set_value(lens).run()
    assert not states.exception
    assert said in charts(states)[0]
    labels = states.dataframe[0].value["label"].tolist()
    known = {"objects": OBJECTS, "answers": ANSWERS}.get(lens)
    assert known is None or set(labels) <= {n.split(",")[0] for n in known} | set(known)


def test_a_cell_can_be_chosen_without_a_mouse(states: AppTest) -> None:
    states.selectbox(key="states.row words").set_value(1)
    states.selectbox(key="states.depth words").set_value("L1").run()
    assert not states.exception
    assert "after L1" in texts(states)


def test_without_stored_regions_the_feature_lens_says_how_to_get_them(
    states: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    states.selectbox(key="states.lens").set_value("features").run()
    assert not states.exception
    assert "none of this model's detector are here" in texts(states)


def test_the_nearest_regions_of_ones_own_file_are_named_and_shown(
    states: AppTest,
    counted: Counted,
    photograph: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = counted.inner.look(photograph)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "p7.jpg").write_bytes(photograph)
    write_rows(tmp_path / "mine" / "r.safetensors", "safetensors", [RegionRow.of("p7", seen)])
    other = replace(seen, feats=seen.feats[:, :8])
    write_rows(tmp_path / "small.parquet", "parquet", [RegionRow.of("p8", other)])
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    states.selectbox(key="states.lens").set_value("features").run()
    assert not states.exception
    bank = states.selectbox(key="states.bank")
    assert bank.options == ["mine/r.safetensors", "small.parquet"]
    assert "cosine with the nearest of all stored regions" in charts(states)[0]
    assert "(p7, 1)" in "".join(states.dataframe[0].value["label"])
    assert len(states.get("image")) >= 1
    bank.set_value(str(tmp_path / "small.parquet")).run()
    assert not states.exception
    assert "features of 8 numbers and the model makes 64" in texts(states)


def test_a_missing_head_names_a_checkpoint_that_has_it(states: AppTest, counted: Counted) -> None:
    counted.network = LxmertForQuestionAnswering(LXMERT)
    states.selectbox(key="states.lens").set_value("match").run()
    assert not states.exception
    assert "no output head for match" in texts(states) and "lxmert-base has one" in texts(states)


def test_a_picture_without_regions_has_nothing_to_read(page: AppTest, counted: Counted) -> None:
    counted.see = lambda regions: replace(
        regions,
        boxes_unit=np.zeros((0, 4), np.float32),
        feats=regions.feats[:0],
        names=(),
        object_ids=regions.object_ids[:0],
        attribute_ids=regions.attribute_ids[:0],
        scores=regions.scores[:0],
        attribute_scores=regions.attribute_scores[:0],
    )
    page.switch_page(STATES.path).run()
    third = examples.examples()[2]
    button(page, third.title).click().run()
    page.selectbox(key="states.lens").set_value("objects").run()
    assert not page.exception
    assert "nothing to read" in texts(page)


def test_a_masked_word_is_guessed_with_three_pictures(states: AppTest, counted: Counted) -> None:
    states.button_group(key="states.view").set_value("masked").run()
    assert not states.exception
    (bars,) = charts(states)
    assert "a blank picture" in bars and "this picture" in bars and "another:" in bars
    assert counted.looks == 3
    states.text_input(key="states.masked").set_value("a [MASK] [MASK].").run()
    assert len(charts(states)) == 2
    states.text_input(key="states.masked").set_value("a cube").run()
    assert "Write [MASK]" in texts(states)


def test_states_lie_on_a_plane_with_what_it_explains(states: AppTest) -> None:
    states.button_group(key="states.view").set_value("geometry").run()
    assert not states.exception
    (plane,) = charts(states)
    assert "of the variance; neighbours here are neighbours" in plane
    states.selectbox(key="states.method").set_value("t-SNE").run()
    assert not states.exception
    assert "variance" not in charts(states)[0]
    for colour in ("word class", "object", "attribute"):
        states.selectbox(key="states.colour").set_value(colour).run()
        assert not states.exception
    assert "azure" in charts(states)[0] or "red" in charts(states)[0]


def test_streams_are_compared_layer_by_layer(states: AppTest) -> None:
    states.button_group(key="states.view").set_value("geometry").run()
    states.button_group(key="states.part").set_value("pairs").run()
    assert not states.exception
    assert "cosine of the states" in charts(states)[0]
    states.button_group(key="states.part").set_value("layers").run()
    assert not states.exception
    assert len(charts(states)) == 5
    assert "NMI by chance" in charts(states)[-1]
