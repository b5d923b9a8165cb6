"""Whatever a kept analysis holds, it is opened or refused in one sentence."""

import json

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lxmert_viz import traces
from lxmert_viz.errors import TraceError
from lxmert_viz.experiments.heads import value_norms
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.ui.server import keeping
from tests.helpers.changed_json import change


@pytest.fixture(scope="module")
def files(tiny_pipeline: Pipeline, photograph: bytes) -> dict[str, bytes]:
    trace = tiny_pipeline.ask(tiny_pipeline.look(photograph), "what color is the strange cube?")
    norms = value_norms(tiny_pipeline.network, trace)
    asked = {"profile": "trained", "switched off": [2]}
    return traces.files_of(trace, photograph, norms, asked, tiny_pipeline.digest)


def opened(files: dict[str, bytes]) -> bool:
    """Whether it is opened, as the page opens it; what is refused is one sentence."""
    given = traces.as_zip(files)
    try:
        traces.read(given)
    except TraceError as error:
        assert "\n" not in str(error)
        return False
    assert keeping.stage_payload.__wrapped__(given, False)
    return True


def test_what_was_not_changed_is_opened(files: dict[str, bytes]) -> None:
    assert opened(files)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_words_are_opened_or_refused(data: st.DataObject, files: dict[str, bytes]) -> None:
    words = json.loads(files[traces.WORDS])
    change(words, data)
    opened(files | {traces.WORDS: json.dumps(words).encode()})


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_arrays_are_opened_or_refused(data: st.DataObject, files: dict[str, bytes]) -> None:
    arrays = safetensors.numpy.load(files[traces.ARRAYS])
    name = data.draw(st.sampled_from(sorted(arrays)))
    array = arrays[name]
    how = data.draw(st.sampled_from(["kind", "shape", "short", "value", "away", "other"]))
    if how == "kind":
        kinds = [np.float16, np.float64, np.int8, np.int32, np.uint8, np.bool_]
        arrays[name] = array.astype(data.draw(st.sampled_from(kinds)))
    elif how == "shape":
        shape = data.draw(st.sampled_from([(-1,), (1, -1), (-1, 1), (1, *array.shape)]))
        arrays[name] = array.reshape(shape)
    elif how == "short":
        arrays[name] = np.ascontiguousarray(array[: data.draw(st.integers(0, len(array) - 1))])
    elif how == "value":
        at = data.draw(st.integers(0, array.size - 1))
        odd = [np.nan, np.inf, -1, 3e38] if array.dtype.kind == "f" else [-1, 2**62]
        arrays[name].flat[at] = data.draw(st.sampled_from(odd))
    elif how == "away":
        del arrays[name]
    else:
        arrays[name] = arrays[data.draw(st.sampled_from(sorted(arrays)))]
    opened(files | {traces.ARRAYS: safetensors.numpy.save(arrays)})


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_bytes_are_opened_or_refused(data: st.DataObject, files: dict[str, bytes]) -> None:
    name = data.draw(st.sampled_from(traces.FILES))
    content = bytearray(files[name])
    for place in data.draw(st.lists(st.integers(0, min(len(content), 4000) - 1), max_size=4)):
        content[place] = data.draw(st.integers(0, 255))
    end = data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))
    opened(files | {name: bytes(content[:end])})


@pytest.mark.parametrize("text", ["[" * 100_000, "1" * 5000, '{"format": 1e999}', "\ufeff{}"])
def test_json_that_python_cannot_hold_is_refused(files: dict[str, bytes], text: str) -> None:
    assert not opened(files | {traces.WORDS: text.encode()})
