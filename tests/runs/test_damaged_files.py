"""Saved probes, lenses and tables of labels: whole, or one sentence."""

import json
from pathlib import Path
from typing import Any

import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open

from lxmert_viz.errors import CheckpointError, DatasetError
from lxmert_viz.experiments import tuned_lens
from lxmert_viz.runs import probing
from lxmert_viz.runs.targets import label_columns
from tests.helpers.changed_json import change, damaged
from tests.test_writers import maps, probe

ABOUT = {"model": "m", "head": "word"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("saved")
    probing.save(probe(1), made / "probe.safetensors")
    tuned_lens.save(maps(1), made / "lens.safetensors", ABOUT)
    return made


def told(path: Path) -> tuple[str, Any]:
    """What stands in its metadata, under which name."""
    with safe_open(path, "np") as file:
        ((name, text),) = file.metadata().items()
    return name, json.loads(text)


def read(path: Path) -> bool:
    try:
        if path.stem == "probe":
            probing.load(path)
        else:
            tuned_lens.load(path, ABOUT)
    except (CheckpointError, DatasetError) as error:
        assert str(path) in str(error)
        return False
    return True


@pytest.mark.parametrize("name", ["probe", "lens"])
def test_what_nobody_changed_is_read(folder: Path, name: str) -> None:
    assert read(folder / f"{name}.safetensors")


@pytest.mark.parametrize("name", ["probe", "lens"])
@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_what_is_changed_is_read_or_refused(folder: Path, name: str, data: st.DataObject) -> None:
    path = folder / f"{name}.safetensors"
    whole = path.read_bytes()
    if data.draw(st.booleans()):
        title, words = told(path)
        arrays = safetensors.numpy.load(whole)
        change(words, data)
        if data.draw(st.booleans()):
            del arrays[data.draw(st.sampled_from(sorted(arrays)))]
        path.write_bytes(safetensors.numpy.save(arrays, {title: json.dumps(words)}))
    else:
        path.write_bytes(damaged(whole, data))
    try:
        read(path)
    finally:
        path.write_bytes(whole)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet='id,question;"\t\r\n\\1é \x00\ud800', max_size=60))
def test_any_table_of_labels_is_read_or_refused(text: str) -> None:
    for table in (text, f"id,label\n{text}"):
        try:
            found = label_columns(table, "mine.csv")
        except DatasetError as error:
            assert "mine.csv" in str(error)
        else:
            assert all(label for labels in found.values() for label in labels.values())
