"""The page of mistakes on a tiny run: filters, views, a row, and a run begun with a click."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.errors import PictureError
from lxmert_viz.places import APP, DATA_VARIABLE
from lxmert_viz.results.opening import open_run
from lxmert_viz.results.row_filter import terms
from lxmert_viz.results.verdicts import Note, Notes
from lxmert_viz.runs.elsewhere import take_predictions
from lxmert_viz.ui.frame.address import BOARD
from lxmert_viz.ui.frame.navigation import ANSWERS, MISTAKES
from lxmert_viz.ui.mistakes import views
from lxmert_viz.ui.server import boards, catalogue, jobs
from lxmert_viz.ui.server.boards import Wanted
from tests.helpers.counted_queries import watch
from tests.helpers.small_page import SECONDS, Counted, button, chart, opened, texts

COUNT = 40


@pytest.fixture
def data(tmp_path: Path, photograph: bytes, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with one dataset of 40 questions."""
    folder = tmp_path / "data"
    (folder / "mine").mkdir(parents=True)
    (folder / "mine" / "a.jpg").write_bytes(photograph)
    rows = [
        {
            "question_id": f"q{n}",
            "image": "a.jpg",
            "question": f"is it {n} ?",
            "answer": "yes",
            "question_type": "even" if n % 2 == 0 else "odd",
        }
        for n in range(COUNT)
    ]
    (folder / "mine" / "mine.jsonl").write_text("\n".join(map(json.dumps, rows)))
    monkeypatch.setenv(DATA_VARIABLE, str(folder))
    return folder


@pytest.fixture
def run(data: Path, tmp_path: Path) -> Path:
    """Even questions are right, odd ones are answered with no."""
    answers = ["question_id,answer,probability"]
    answers += [f"q{n},{'yes' if n % 2 == 0 else 'no'},{0.5 + n / 100}" for n in range(COUNT)]
    (tmp_path / "answers.csv").write_text("\n".join(answers))
    made = take_predictions(
        tmp_path / "answers.csv", open_dataset(data / "mine"), data / "runs" / "mine"
    )
    return made.path


def at(**address: str) -> AppTest:
    page = AppTest.from_file(str(APP), default_timeout=SECONDS)
    page.query_params.update(address)
    page.run()
    found = page.switch_page(MISTAKES.path).run()
    assert not found.exception
    return found


def stated(page: AppTest, key: str) -> str | None:
    value = dict(page.query_params).get(key)
    return value[0] if isinstance(value, list) else value


def metrics(page: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in page.metric}


def test_the_first_step_is_the_study_set(
    counted: Counted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    page = opened().switch_page(MISTAKES.path).run()
    assert "Start with the study set" in texts(page)
    assert button(page, "Ask the miniature all questions of the study set")
    assert catalogue.dataset_names() == [catalogue.STUDY]


def test_a_run_shows_its_score_and_a_filter_changes_it(counted: Counted, run: Path) -> None:
    page = at()
    assert metrics(page)["Rows"] == "40" and metrics(page)["Score"] == "0.500"
    button(page, "Mistakes only").click().run()
    assert metrics(page)["Rows"] == "20" and stated(page, "where") == "correct=no"
    field = next(f for f in page.text_input if f.label == "Filter and search")
    field.set_value("correct=no probability>0.8").run()
    assert metrics(page)["Rows"] == "5"
    button(page, "correct=no").click().run()
    assert stated(page, "where") == "probability>0.8"
    field = next(f for f in page.text_input if f.label == "Filter and search")
    field.set_value("colour=red").run()
    assert "There is no column 'colour'" in texts(page) and not page.exception
    assert stated(page, "where") == "probability>0.8" and metrics(page)["Rows"] == "9"  # as before


def test_a_broken_filter_of_an_address_is_told_and_left(counted: Counted, run: Path) -> None:
    page = at(where="colour=red")
    assert "There is no column 'colour'" in texts(page)
    assert metrics(page)["Rows"] == "40" and stated(page, "where") is None


@pytest.mark.parametrize(
    ("view", "said"),
    [
        ("Confusion", "right answers that were missed most"),
        ("Causes", "first cause that fits"),
        ("Certainty", "Calibration error"),
        ("Metrics", "not available: it needs GQA's choices"),
        ("Slices", "weaker than the rest"),
        ("Inside", "keeps nothing of the network"),
    ],
)
def test_every_view_opens_from_the_address(
    counted: Counted, run: Path, view: str, said: str
) -> None:
    page = at(view=view)
    assert said in texts(page)


def test_groups_have_a_bar_each_and_the_score_of_all(counted: Counted, run: Path) -> None:
    page = at(view="Groups")
    (bars,) = (part for part in json.loads(chart(page))["data"] if part["type"] == "bar")
    told = sorted(text.partition(" (")[0] for text in bars["hovertext"])
    assert told == ["even: 1.000", "odd: 0.000"]
    assert bars["hovertext"][0].startswith("odd: 0.000")  # the lowest first
    assert page.selectbox(key="mistakes.by").value == "question_type"


def test_counts_at_the_side_filter_and_take_the_filter_away(counted: Counted, run: Path) -> None:
    page = at(view="Groups")
    button(page, "wrong :gray[20]").click().run()
    assert stated(page, "where") == "correct=no" and stated(page, "view") == "Groups"
    assert button(page, "odd :gray[20]") and "even :gray" not in str([b.label for b in page.button])
    button(page, "wrong :gray[20]").click().run()
    assert stated(page, "where") is None


def test_a_word_that_stands_twice_in_a_name_is_said_once() -> None:
    assert views.label("detailed_type", "count: count") == "count"
    assert views.label("detailed_type", "comparison: fewer") == "comparison: fewer"
    assert views.label("detailed_type", None) == "(none)"


def test_causes_of_no_mistake_are_folded(counted: Counted, run: Path) -> None:
    page = at(view="Causes")
    folded = next(e for e in page.expander if e.label.startswith("Causes of none"))
    assert "implausible" in " ".join(line.value for line in folded.markdown)
    assert [b.key for b in page.button if (b.key or "").startswith("causes.show")] == [
        f"causes.show {name}" for name in open_run(run).causes("")["cause"]
    ]


def test_the_weak_half_is_suggested_as_a_slice_and_can_be_saved(
    counted: Counted, run: Path
) -> None:
    page = at(view="Slices", where="correct=no")
    assert "question_type=odd: score 0.000, others 1.000" in texts(page).replace("*", "")
    name = next(f for f in page.text_input if f.label.startswith("Save what"))
    name.set_value("wrong ones")
    button(page, "Save slice").click().run()
    assert open_run(run).slices() == {"wrong ones": "correct=no"}
    assert "wrong ones" in texts(page)


def test_a_row_of_the_address_is_shown_and_opens_in_the_explorer(
    counted: Counted, run: Path
) -> None:
    page = at(row="q3", where="correct=no")
    shown = texts(page)
    assert "is it 3 ?" in shown and "✗ wrong" in shown
    button(page, "See its answers").click().run()
    page.switch_page(ANSWERS.path).run()  # AppTest stays where st.switch_page was called
    assert page.text_input(key="question.typed").value == "is it 3 ?"
    assert stated(page, "row") == "q3" and stated(page, "where") == "correct=no"
    back = page.get("page_link")
    assert any("Back to q3" in link.proto.label for link in back)


def test_a_row_says_why_it_was_answered_so(counted: Counted, run: Path) -> None:
    page = at(row="q3", where="correct=no")
    button(page, "Why did it answer that?").click().run()
    assert not page.exception
    assert "Why " in page.get("plotly_chart")[0].proto.spec


def test_a_row_says_what_would_have_to_be_different(counted: Counted, run: Path) -> None:
    page = at(row="q3", where="correct=no")
    button(page, "What would have to be different?").click().run()
    assert not page.exception
    assert "What changes " in page.get("plotly_chart")[0].proto.spec


def test_a_click_on_a_row_asks_for_that_row_alone(
    counted: Counted, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = watch(monkeypatch)
    page = at()
    assert seen.count("SELECT") > 1
    seen.clear()
    page.session_state[BOARD] = page.session_state[BOARD] | {"row": "q3"}
    page.run()
    assert "**is it 3 ?**" in texts(page) and seen == ["SELECT"]
    page.run()
    assert seen == ["SELECT"]


def test_a_note_is_one_insert(counted: Counted, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(9):
        Notes(run).write(Note(f"q{number}", "model"))
    seen = watch(monkeypatch)
    page = at(row="q3")
    assert seen.count("INSERT") == 1  # all that are kept
    seen.clear()
    next(f for f in page.text_input if f.label == "Tags").set_value("odd small").run()
    assert seen.count("INSERT") == 1 and not {"DELETE", "UPDATE"} & set(seen)


def test_notes_are_kept_with_the_run_and_filtered_by(counted: Counted, run: Path) -> None:
    page = at(row="q3")
    next(f for f in page.text_input if f.label == "Tags").set_value("odd small").run()
    next(f for f in page.text_area if f.label == "Note").set_value("why?").run()
    note = open_run(run).notes.of("q3")
    assert (note.tags, note.text) == ("odd small", "why?")
    assert open_run(run).count("tags~small") == 1 and terms("tags~small") == ["tags~small"]


def test_a_run_is_begun_with_a_click_and_watched(
    counted: Counted, data: Path, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boards, "find", lambda name: tiny_folder)
    monkeypatch.setattr(boards.models, "pipeline", lambda name: counted.inner)
    name = boards.begin(Wanted("mine", "miniature"))
    assert jobs.evaluations().of(name).over.wait(SECONDS)
    assert jobs.evaluations().of(name).problem == ""
    assert catalogue.run_names() == ["runs/mine-miniature"] and boards.board(name).count() == COUNT
    kept = boards.internals(boards.board(name))
    assert kept.states.shape == (COUNT, 16) and len(kept.places) == COUNT
    assert kept.statistics["entropy lang_from_vision"].shape == (COUNT, 2 * 4)
    page = at(run=name, row="q3")
    assert "certainty" in texts(page)
    assert "Not available" in texts(at(run=name, view="Inside"))  # all are wrong, or all right


def test_pictures_elsewhere_on_the_disk_are_not_shown(counted: Counted, run: Path) -> None:
    row = boards.board("runs/mine").row("q1")
    assert boards.thumbnail_of(row.picture_file) != boards.NOTHING
    assert boards.thumbnail_of("/etc/hostname") == boards.NOTHING
    with pytest.raises(PictureError, match="picture 'a' does not lie in"):
        boards.picture_of("a", "/etc/hostname")


def test_columns_are_guessed_and_the_data_is_checked_first(counted: Counted, data: Path) -> None:
    lines = (data / "mine" / "mine.jsonl").read_text()
    (data / "mine" / "mine.jsonl").write_text(lines + '\n{"image": "b.jpg", "question": "why?"}\n{')
    page = at()
    page.session_state["new.open"] = True
    page.run()
    dataset = next(box for box in page.selectbox if box.label == "Dataset")
    dataset.set_value("mine").run()
    chosen = {box.label: box.value for box in page.selectbox}
    assert (chosen["Question"], chosen["Picture"]) == ("question", "image")
    assert (chosen["Right answer"], chosen["Caption is true"]) == ("answer", "")
    button(page, "Check the data first").click().run()
    shown = texts(page)
    assert "41 examples about 2 pictures, 40 with a right answer" in shown
    assert "Rows that cannot be read, left out: **1**" in shown
    assert "they are kept, and a run reports them: **1**" in shown
