"""What experiments are about: a photograph's regions, as the tiny model finds them."""

import pytest

from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions


@pytest.fixture(scope="module")
def regions(tiny_pipeline: Pipeline, photograph: bytes) -> Regions:
    return tiny_pipeline.look(photograph)
