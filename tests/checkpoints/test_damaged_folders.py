"""Whatever stands in a model folder's small files, it opens and answers, or says what is wrong."""

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lxmert_viz.errors import LxmertVizError
from lxmert_viz.pipeline import Pipeline
from tests.helpers.changed_json import changed_bytes, damaged

FILES = (
    "config.json",
    "answers.json",
    "scope.json",
    "vocab.txt",
    "detector/config.json",
    "detector/objects.txt",
    "detector/attributes.txt",
)


@pytest.fixture(scope="module")
def folder(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of one's own."""
    copied = tmp_path_factory.mktemp("changed") / "tiny"
    shutil.copytree(tiny_folder, copied)
    (copied / "scope.json").write_text('{"world": "Here.", "longest_text": 20, "warning": ""}')
    return copied


def answers(folder: Path, picture: bytes) -> bool:
    """Whether it does; what it says instead is one sentence."""
    try:
        pipeline = Pipeline.open(folder, device="cpu")
        regions = pipeline.look(picture)
        pipeline.ask(regions, "what color is the strange cube?")
    except LxmertVizError as error:
        assert str(error)
        return False
    return True


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_changed_file_is_read_or_refused(
    data: st.DataObject, folder: Path, photograph: bytes
) -> None:
    path = folder / data.draw(st.sampled_from(FILES))
    whole = path.read_bytes()
    change = changed_bytes if path.suffix == ".json" else damaged
    path.write_bytes(change(whole, data))
    try:
        answers(folder, photograph)
    finally:
        path.write_bytes(whole)


def test_what_nobody_changed_answers(folder: Path, photograph: bytes) -> None:
    assert answers(folder, photograph)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("detector/config.json", "[]"),
        ("detector/config.json", '{"profiles": []}'),
        ("detector/config.json", '{"profiles": {"trained": {"min_size": 1}}}'),
        ("detector/config.json", '{"profiles": {}, "stem_channels": "8"}'),
        ("config.json", '{"hidden_size": 1e999}'),
        ("scope.json", '{"longest_text": "many"}'),
        ("scope.json", '{"world": null}'),
    ],
)
def test_files_that_are_none_are_refused(
    folder: Path, photograph: bytes, file: str, content: str
) -> None:
    path = folder / file
    whole = path.read_bytes()
    path.write_text(content)
    try:
        assert not answers(folder, photograph)
    finally:
        path.write_bytes(whole)
