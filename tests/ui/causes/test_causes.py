"""The page Causes on a tiny checkpoint: each view, its controls, its address, and its file."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from lxmert_viz.errors import CheckpointError
from lxmert_viz.experiments import cause_files, head_means
from lxmert_viz.experiments.cause_files import Cause
from lxmert_viz.experiments.head_slots import Slot
from lxmert_viz.runs import steering as steering_runs
from lxmert_viz.ui.browser import saving
from lxmert_viz.ui.causes import keeping, knowing, surgery
from lxmert_viz.ui.causes.choice import VIEWS
from lxmert_viz.ui.frame.navigation import CAUSES
from lxmert_viz.ui.server import causes, examples
from tests.helpers.causes_page import charts, numbers, view
from tests.helpers.small_page import Counted, button, texts


def test_it_opens_on_every_head_with_what_was_done_and_to_what(opened: AppTest) -> None:
    assert not opened.exception and not opened.error
    atlas, looks, rankings = charts(opened)
    subtitle = atlas["layout"]["title"]["subtitle"]["text"]
    assert "A head alone writes nothing. Target: " in subtitle and "Colours end at ±" in subtitle
    cells = numbers(atlas["data"][0]["z"])
    assert cells.shape == (13, 4) and (cells[[8, 12]] == 0).all() and np.abs(cells).max() > 0
    assert len(looks["data"][0]["text"]) == 52
    assert len(rankings["data"]) == 5 and "Control: random" in json.dumps(rankings)
    assert "exactly no effect on answers" in texts(opened)


def test_views_are_in_the_address_and_come_from_it(opened: AppTest) -> None:
    for name in VIEWS:
        view(opened, name)
        assert "This link asks for" not in texts(opened)  # nobody followed one
        wanted = [] if name == "heads" else [name]
        assert (
            opened.query_params.get("cause", []) == wanted or name == opened.query_params["cause"]
        )


def test_a_link_to_an_unknown_experiment_says_so(page: AppTest) -> None:
    page.query_params["cause"] = "magic"
    page.switch_page(CAUSES.path).run()
    assert "an experiment that this version or checkpoint does not have: magic" in texts(page)


def test_chosen_heads_stand_beside_random_ones(opened: AppTest) -> None:
    opened.session_state["causes.single"] = [Slot("cross_lang", 0, 1)]
    view(opened, "off")
    drawing, effect = charts(opened)
    assert "1 head off" in json.dumps(effect) and "20 random sets" in json.dumps(effect)
    crossed = np.flatnonzero(np.array(drawing["data"][0]["marker"]["symbol"]) == "square-x")
    assert [drawing["data"][0]["customdata"][n] for n in crossed] == [["cross_lang", 0, 1]]
    assert opened.query_params["heads-off"] == "cross_lang.1.2"
    assert len(opened.dataframe) == 1
    opened.session_state["causes.single"] = []
    view(opened, "off")
    assert "Choose at least one head" in texts(opened)


def test_clicks_and_a_lasso_in_the_drawing_switch_heads(
    opened: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened.session_state["causes.single"] = [Slot("cross_lang", 0, 1)]
    view(opened, "off")
    every = [Slot("lang", 1, head) for head in range(4)] + [Slot("cross_lang", 0, 1)]
    held: dict = {"causes.single": [Slot("cross_lang", 0, 1)]}
    monkeypatch.setattr(surgery.st, "session_state", held)

    def pick(*places: tuple, lasso: bool = False) -> list[Slot]:
        points = [{"customdata": list(place)} for place in places]
        told = {"lasso": [{"x": [0], "y": [0]}] if lasso else []}
        held["drawn"] = SimpleNamespace(selection=SimpleNamespace(points=points, get=told.get))
        surgery._follow_click("drawn", every)
        return held["causes.single"]

    assert pick(("cross_lang", 0, 1)) == []  # a click turns it over
    assert pick(("lang", 1, surgery.WHOLE)) == every[:4]
    both = [("lang", 1, 2), ("cross_lang", 0, 1), ("cross_lang", 0, surgery.WHOLE)]
    assert set(pick(*both, lasso=True)) == set(every)  # the name of a layer is not meant
    assert set(pick(("lang", 1, 2), ("lang", 1, 3), lasso=True)) == set(every) - {*every[2:4]}
    assert held["causes.drawn"] == 4  # each time the drawing is a new one


def test_a_head_can_write_its_mean_over_a_set(
    opened: AppTest, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered: list[Cause] = []
    monkeypatch.setattr(keeping, "offer", lambda asked, cause: offered.append(cause))
    seen = counted.inner.look(examples.examples()[1].picture.content, "trained")
    means = head_means.over(counted.inner, [(seen, "what color is the cube?")], "one scene")
    monkeypatch.setattr(causes, "head_means", lambda model, name, report=None: means)
    opened.session_state["causes.single"] = [Slot("cross_lang", 0, 1)]
    opened.session_state["causes.off"] = "set"
    view(opened, "off")
    assert opened.query_params["heads-write"] == "set"
    assert "its mean over a set of examples (study set (shipped))" in texts(opened)
    told, again, kept = cause_files.read(causes.written(offered[-1], "tiny"))
    assert told["options"]["means"]["digest"] == means.digest
    figures = cause_files.run(counted.inner, again)
    assert cause_files.difference(figures, kept) < 1e-5
    shown = numbers(charts(opened)[1]["data"][1]["x"])
    assert np.allclose(shown, figures["target"][1::-1], atol=1e-4)


def test_edges_have_their_control_line(opened: AppTest) -> None:
    view(opened, "edges")
    assert "not to be had here" not in texts(opened)  # no word is chosen, and none was asked for
    (curves,) = charts(opened)
    names = [line["name"] for line in curves["data"]]
    assert names == ["words read regions", "regions read words", "the first word reads itself"]
    assert "it says what cutting anything does" in texts(opened)
    key = next(m.key for m in opened.multiselect if m.label == "Regions to tell from the others")
    opened.multiselect(key=key).set_value([0]).run()
    assert len(charts(opened)[0]["data"]) == 5


def test_patching_has_a_scale_from_corrupted_to_clean(opened: AppTest, counted: Counted) -> None:
    view(opened, "patching")
    assert "0 is the corrupted run" in texts(opened) or "word" in texts(opened)
    key = next(t.key for t in opened.text_input if t.label == "Corrupted text")
    words = opened.text_input(key=key).value
    assert words
    clean = examples.examples()[0]
    regions = counted.inner.look(clean.picture.content)
    asked = [clean.questions[0].text, words]
    first, second = (
        counted.inner.answers(scores, 1)[0].text
        for scores in counted.inner.score_many([(regions, text) for text in asked])
    )
    assert ("0 is a smaller lead of the same answer" in texts(opened)) == (first == second)
    opened.text_input(key=key).set_value("what?").run()
    said = "\n".join(e.value for e in opened.error)
    assert "word pieces, and states can only be put" in said


def test_a_region_and_a_drawn_thing_can_be_what_was_changed(
    opened: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered: list[Cause] = []
    monkeypatch.setattr(keeping, "offer", lambda asked, cause: offered.append(cause))
    opened.session_state["causes.corruption"] = "region"
    view(opened, "patching")
    clean, other = (seen for seen, _ in offered[-1].examples)
    (place,) = np.flatnonzero((clean.feats != other.feats).any(axis=1))
    assert opened.query_params["patch-by"] == "region"
    sources = (clean.feats == other.feats[place]).all(axis=1)
    assert sources.sum() == 1 and f"has the features of {np.argmax(sources) + 1} " in texts(opened)
    opened.session_state["causes.corruption"] = "thing"
    view(opened, "patching")
    assert "the same scene, but the" in texts(opened)
    clean, other = (seen for seen, _ in offered[-1].examples)
    assert clean.digest != other.digest and len(clean) == len(other)


def test_options_come_from_the_address_and_go_back_to_it(page: AppTest) -> None:
    told = {
        "cause": "patching",
        "patch-by": "region",
        "patch-region": "2",
        "patch-features": "0",
        "patch-put": "attention",
        "patch-of": "vision",
        "patch-from": "noising",
        "patch-preview": "on",
    }
    for name, value in told.items():
        page.query_params[name] = value
    page.switch_page(CAUSES.path).run()
    assert not page.exception, texts(page)
    page.run()  # they stand there still
    assert {name: page.query_params[name] for name in told} == told
    (grid,) = charts(page)
    assert "noising" in grid["layout"]["title"]["text"] and "preview" in json.dumps(grid)


def test_a_link_to_an_option_that_is_not_there_says_so(page: AppTest) -> None:
    page.query_params["cause"] = "edges"
    page.query_params["edges-width"] = "9"
    page.query_params["edges-regions"] = "1,2"
    page.switch_page(CAUSES.path).run()
    assert "asks for edges-width=9" in texts(page)
    assert page.query_params["edges-regions"] == "1,2" and len(charts(page)[0]["data"]) == 5


def test_steering_tells_every_regions_answer_at_once(opened: AppTest, counted: Counted) -> None:
    view(opened, "steering")
    (table,) = opened.dataframe
    assert list(table.value["region"])[0].startswith("1 ")
    assert "Every word of these 8 heads reads one region alone" in texts(opened)


def test_steering_takes_the_heads_that_a_set_chose_and_says_what_it_measured(
    opened: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered: list[Cause] = []
    monkeypatch.setattr(keeping, "offer", lambda asked, cause: offered.append(cause))
    told = [
        ("chosen", 2, "lang_from_vision.1.2,lang_from_vision.2.4", 0.64, 0.57, 0.71, 0.3, 9, 8, 30),
        ("gazing", 1, "lang_from_vision.1.1", 0.36, 0.29, 0.42, 0.6, 9, 8, 30),
        ("random, 20 draws", 2, "", 0.06, 0, 0.24, 0.9, 9, 8, 30),
    ]
    table = pd.DataFrame(told, columns=steering_runs.COLUMNS)
    monkeypatch.setattr(causes, "measured", lambda model, file, columns: table)
    view(opened, "steering")
    said = texts(opened)
    assert "On 8 questions that did not choose them, with 30 regions" in said
    assert "64% (57% to 71%); random, 20 draws: 6% (0% to 24%)" in said.replace("**", "")
    heads = [["lang_from_vision", 0, 1], ["lang_from_vision", 1, 3]]
    assert offered[-1].options == {"heads": heads}
    opened.session_state["causes.steering"] = "gazing"
    view(opened, "steering")
    assert opened.query_params["steering-heads"] == "gazing"
    assert offered[-1].options == {"heads": [["lang_from_vision", 0, 0]]}


def test_what_was_measured_lies_beside_a_checkpoint() -> None:
    shipped = causes.measured("miniature", steering_runs.STEERED, steering_runs.COLUMNS)
    assert shipped["steered"][0] > 0.6 and shipped["number"][0] == 6
    assert shipped["steered"].iloc[-1] < 0.2 and shipped["measured_on"].min() > 100
    with pytest.raises(CheckpointError, match=r"steering.csv is no table of this version"):
        causes.measured("miniature", steering_runs.STEERED, ["other"])
    assert causes.measured("miniature", "none.csv", []) is None


def test_knowing_says_how_many_questions_and_what_is_known_but_not_used(
    opened: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    view(opened, "knowing")  # the shipped table lies in the folder that tiny is found in
    assert "83 questions, which ask one property" in texts(opened)
    assert "known and not used: a probe is right in 72% (62% to 81%)" in texts(opened)
    assert len(charts(opened)[0]["data"]) == 7
    monkeypatch.setattr(causes, "measured", lambda model, file, columns: None)
    view(opened, "knowing")
    assert "cause DATASET --view knowing" in texts(opened) and not charts(opened)


def test_a_state_is_known_and_unused_by_its_interval() -> None:
    rows = [
        ("word", "one", 9, 0.5, 0.1, 0.9, 0.2, 0.0, -0.01, 0.01, 0),  # a probe by chance
        ("word", "two", 9, 0.9, 0.7, 1.0, 0.2, 0.01, 0.0, 0.02, 0),
        ("word", "three", 9, 0.9, 0.7, 1.0, 0.2, 0.5, 0.4, 0.6, 0),  # used
    ]
    found = knowing.known_and_unused(pd.DataFrame(rows, columns=knowing.runs.COLUMNS))
    assert found["depth"].tolist() == ["two"]


def test_edits_are_ranked_beside_controls(opened: AppTest) -> None:
    view(opened, "edits")
    (bars,) = charts(opened)
    drops = np.abs(numbers(bars["data"][0]["x"]))
    assert (np.diff(drops) <= 1e-9).all() and len(drops) == 16
    assert "the control: mean of other edits" in json.dumps(bars)
    assert len(opened.dataframe) == 2


def test_every_view_offers_its_experiment_as_a_file_that_gives_its_figures(
    opened: AppTest, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered: list[Cause] = []
    monkeypatch.setattr(keeping, "offer", lambda asked, cause: offered.append(cause))
    for name in VIEWS:
        view(opened, name)
        if name == "heads":
            cells = numbers(charts(opened)[0]["data"][0]["z"])
    assert {cause.kind for cause in offered} >= set(cause_files.KINDS) - {"patching", "edge"}
    for cause in offered:
        told, again, kept = cause_files.read(causes.written(cause, "tiny"))
        cause_files.check_model(counted.inner, told)
        assert cause_files.difference(cause_files.run(counted.inner, again), kept) < 1e-5
        if cause.kind == "atlas":
            assert np.allclose(kept["exact"].to_numpy().reshape(13, 4), cells, atol=1e-5)


def test_heads_that_are_clicked_are_switched_off_together(
    opened: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    clicked = [{"customdata": [3, 1]}, {"customdata": [0, 0]}, {"x": 1}]
    event = SimpleNamespace(selection=SimpleNamespace(points=clicked))
    monkeypatch.setattr(saving, "draw", lambda *told, **options: event)
    opened.run()
    named = "vision layer 1, head 2, language layer 1, head 1"
    button(opened, f"Switch off together: {named}").click().run()
    assert not opened.exception and opened.query_params["cause"] == "off"
    assert opened.query_params["heads-off"] == "lang.1.1,vision.1.2"
