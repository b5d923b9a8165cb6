"""What the stage is sent, put together once for the page, the notebook and the benchmarks."""

import json
import struct
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lxmert_viz.errors import PictureError
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Trace
from lxmert_viz.stage_data import SHOWN_SIDE_PX, compared, stage_data


@pytest.fixture(scope="module")
def trace(tiny_pipeline: Pipeline, photograph: bytes) -> Trace:
    return tiny_pipeline.ask(tiny_pipeline.look(photograph), "what color is the cube?")


def header(sent: bytes) -> dict[str, Any]:
    (length,) = struct.unpack("<I", sent[4:8])
    return json.loads(sent[8 : 8 + length])


def test_norms_bring_their_statistic_and_regions_keep_their_numbers(
    trace: Trace, photograph: bytes
) -> None:
    norms = {name: maps.mean(axis=2) for name, maps in trace.attention.items()}
    plain, carried = (header(stage_data(trace, photograph, norms=given)) for given in ({}, norms))
    assert len(carried["statistics"]) == len(plain["statistics"]) + 1
    assert plain["numbers"][:2] == [1, 2] and plain["other"] is None
    places = range(2, 2 + len(trace.regions))
    against = compared("before", trace, norms)
    other = header(stage_data(trace, photograph, norms=norms, places=places, other=against))
    assert other["numbers"][:2] == [3, 4] and other["names"][0].startswith("3 ")
    assert other["other"]["name"] == "before"
    assert np.allclose(against.rollout["lang"].sum(-1), 1, atol=1e-5)


def test_the_picture_is_sent_as_a_browser_reads_it_and_no_larger_than_shown(trace: Trace) -> None:
    wide = BytesIO()
    Image.new("RGB", (2 * SHOWN_SIDE_PX, 90)).save(wide, "TIFF")
    sent = stage_data(trace, wide.getvalue())
    shown = Image.open(BytesIO(sent[sent.index(b"\xff\xd8\xff") :]))
    assert (shown.format, max(shown.size)) == ("JPEG", SHOWN_SIDE_PX)
    with pytest.raises(PictureError):
        stage_data(trace, b"no picture")
