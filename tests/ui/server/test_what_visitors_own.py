"""What visitors own outlives what any of them can clear, and leaves when its hours are over."""

import os
from pathlib import Path
from threading import Event

import pytest
import streamlit as st

from lxmert_viz.dataset.upload_store import ABOUT
from lxmert_viz.dataset.uploads import Given
from lxmert_viz.picture import Picture
from lxmert_viz.places import DATA_VARIABLE
from lxmert_viz.ui.server import jobs, models, own_data, pictures, sweeping
from lxmert_viz.ui.server.jobs import MOST_OVER, Jobs
from lxmert_viz.ui.server.pictures import PictureStore
from tests.helpers.small_page import Counted
from tests.ui.server.test_pictures import Clock

SECONDS = 30
QUESTIONS = Given("questions.csv", b"picture,question,answer\none.jpg,what is red?,ball\n")


def clear_as_a_visitor_can() -> None:
    """What the server does at the message clear_cache."""
    st.cache_data.clear()
    st.cache_resource.clear()


def test_pictures_models_and_jobs_outlive_a_cleared_cache(
    counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(models, "load_pipeline", lambda name: loaded.append(name) or counted)
    digest = pictures.kept_pictures().keep(Picture.of(b"mine"))
    begun, go_on = Event(), Event()
    jobs.evaluations().start("a run", lambda report: begun.set() or go_on.wait(SECONDS) and ())
    assert begun.wait(SECONDS)
    models.pipeline("miniature")
    clear_as_a_visitor_can()
    models.pipeline("miniature")
    assert loaded == ["miniature"]
    assert pictures.kept_pictures().find(digest) == Picture.of(b"mine")
    assert [job.name for job in jobs.evaluations().running()] == ["a run"]
    go_on.set()
    assert jobs.evaluations().of("a run").over.wait(SECONDS)


def test_two_models_stay_open_and_the_one_used_last_is_not_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(models, "load_pipeline", lambda name: loaded.append(name) or name)
    kept = models.OpenModels()
    for name in ("one", "two", "one", "three", "one", "two"):
        assert kept.get(name, ()) == name
    assert loaded == ["one", "two", "three", "two"]
    kept.close_all()
    kept.get("two", ())
    assert loaded[-1] == "two" and len(loaded) == 5


def test_old_pictures_leave_though_nobody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    store = PictureStore(now=clock)
    monkeypatch.setattr(pictures, "kept_pictures", lambda: store)
    store.keep(Picture.of(b"mine"))
    clock.seconds = 24 * 60 * 60
    sweeping.sweep()
    assert not store._kept


def test_old_datasets_leave_and_one_of_a_running_evaluation_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    evaluations = Jobs("beginning", 2)
    monkeypatch.setattr(jobs, "evaluations", lambda: evaluations)
    store = own_data.store()
    old, new, used = (store.keep([QUESTIONS]) for _ in range(3))
    go_on = Event()
    evaluations.start(f"{own_data.runs_of(used)}/a run", lambda report: go_on.wait(SECONDS) and ())
    for key in (old, used):
        os.utime(store.folder / key / ABOUT, (0, 0))
    sweeping.sweep()
    assert {path.name for path in store.folder.iterdir()} == {new, used}
    go_on.set()


def test_jobs_that_are_over_are_bounded() -> None:
    done = Jobs("beginning", 2)
    for number in range(MOST_OVER + 3):
        done.start(str(number), lambda report: ())
        assert done.of(str(number)).over.wait(SECONDS)
    assert done.of("0") is None
    assert done.of("5") is not None
