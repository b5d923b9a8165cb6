"""Whatever stands in the file of an experiment, it runs, or one sentence says why not."""

import json
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lxmert_viz.errors import LxmertVizError
from lxmert_viz.experiments import cause_files
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions
from tests.experiments.test_cause_files import cause_of
from tests.helpers.changed_json import change

PARTS = ("kind", "target", "examples", "options", "seed", "figures")


@pytest.fixture(scope="module")
def written(tiny_pipeline: Pipeline, regions: Regions) -> Callable[[str], str]:
    seen = regions.only(range(3))
    kept: dict[str, str] = {}

    def of(kind: str) -> str:
        if kind not in kept:
            cause = cause_of(tiny_pipeline, seen, kind)
            figures = cause_files.run(tiny_pipeline, cause)
            kept[kind] = cause_files.written(tiny_pipeline, cause, figures)
        return kept[kind]

    return of


@settings(
    max_examples=40,
    report_multiple_bugs=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_a_changed_file_runs_or_is_refused(
    data: st.DataObject, tiny_pipeline: Pipeline, written: Callable[[str], str]
) -> None:
    told = json.loads(written(data.draw(st.sampled_from([*cause_files.KINDS]))))
    name = data.draw(st.sampled_from(PARTS))
    part = {name: told.pop(name)}
    change(part, data)
    told |= part
    try:
        _, cause, before = cause_files.read(json.dumps(told))
        found = cause_files.run(tiny_pipeline, cause)
        cause_files.difference(found, before)
    except LxmertVizError as error:
        assert str(error)
