"""Whatever became of an archive on its way, it is taken or refused whole."""

import shutil
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lxmert_viz.dataset.uploads import Given, put
from lxmert_viz.errors import DatasetError
from tests.dataset.test_uploads import TABLE, packed
from tests.helpers.changed_json import damaged


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_damaged_archive_is_taken_or_refused_whole(
    tmp_path: Path, photograph: bytes, data: st.DataObject
) -> None:
    archive = packed({"a/mine.csv": TABLE, "b.jpg": photograph[:200], "c.json": b"[]"})
    folder = tmp_path / "kept"
    try:
        put([Given("mine.zip", damaged(archive.content, data))], folder)
    except DatasetError as error:
        assert str(error) and not folder.exists()
        return
    assert all(path.parent == folder and path.is_file() for path in folder.iterdir())
    shutil.rmtree(folder)
