"""What the page offers as datasets: never a run's folder, nor what lies beside one."""

from pathlib import Path

import pytest

from lxmert_viz.places import DATA_VARIABLE
from lxmert_viz.results.run_folder import LOCK, MANIFEST, REMARKS, TABLE
from lxmert_viz.ui.server import catalogue


@pytest.mark.parametrize("held", [(MANIFEST,), (LOCK,), (TABLE,), (LOCK, MANIFEST, TABLE)])
def test_a_run_is_no_dataset_whatever_is_left_of_it(
    held: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    run = tmp_path / "runs" / "study-tiny"
    (run / "parts").mkdir(parents=True)
    (run / "examples.part").mkdir()
    for name in (*held, REMARKS, "examples.part/shards.json"):
        (run / name).write_text("{}")
    (tmp_path / "runs" / f"study-tiny{catalogue.BEGUN}").write_text("{}")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "questions.json").write_text("[]")
    assert catalogue.dataset_names() == [catalogue.STUDY, "mine"]
