"""The payload is read back as assets/stage/payload.js reads it."""

import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lxmert_viz.analysis.head_statistics import all_statistics
from lxmert_viz.analysis.regions import numbered_names
from lxmert_viz.analysis.rollout import rollout
from lxmert_viz.experiments.edits import ZEROED, PictureEdit, edited
from lxmert_viz.experiments.heads import value_norms
from lxmert_viz.figures import stage
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.places import ASSETS
from lxmert_viz.records import FAMILIES, Trace

PICTURE = b"\xff\xd8 a picture"
MAX_LINES = 350


class Read:
    """header, picture, and arrays by place and shape."""

    def __init__(self, payload: bytes) -> None:
        assert payload[:4] == b"LXST"
        begin = 8 + int.from_bytes(payload[4:8], "little")
        self.header: dict[str, Any] = json.loads(payload[8:begin])
        end = begin + 4 * self.header["floats"]
        self.begin = begin
        self.floats = np.frombuffer(payload[begin:end], "<f4")
        self.picture = payload[end:]

    def array(self, first: int, shape: list[int]) -> np.ndarray:
        return self.floats[first : first + int(np.prod(shape))].reshape(shape)


@pytest.fixture(scope="module")
def trace(tiny_pipeline: Pipeline, photograph: bytes) -> Trace:
    return tiny_pipeline.ask(tiny_pipeline.look(photograph), "what color is the <b>cube?")


def written(trace: Trace) -> bytes:
    names = numbered_names(trace.regions)
    return stage.payload(trace, PICTURE, names, all_statistics(trace), rollout(trace.attention))


def test_every_map_comes_back_as_it_is(trace: Trace) -> None:
    read = Read(written(trace))
    assert list(read.header["families"]) == list(FAMILIES)
    for name, family in read.header["families"].items():
        assert np.array_equal(read.array(family["maps"], family["shape"]), trace.attention[name])


def test_rollout_comes_back_without_heads(trace: Trace) -> None:
    read, expected = Read(written(trace)), rollout(trace.attention)
    for name, family in read.header["families"].items():
        layers, _, queries, keys = family["shape"]
        found = read.array(family["rollout"], [layers, queries, keys])
        assert np.array_equal(found, expected[name])


def test_statistics_come_back_with_the_ends_of_their_scales(trace: Trace) -> None:
    read = Read(written(trace))
    for sent, statistic in zip(read.header["statistics"], all_statistics(trace), strict=True):
        assert sent["name"] == statistic.name
        for name, family in sent["families"].items():
            shape = read.header["families"][name]["shape"][:2]
            assert read.array(family["values"], shape) == pytest.approx(statistic.values[name])
            assert family["top"] == statistic.tops.get(name, 1.0)


def test_floats_begin_at_a_multiple_of_four_whatever_the_text(trace: Trace) -> None:
    for text in ("a", "é", "aé", "日本"):
        read = Read(written(replace(trace, tokens=replace(trace.tokens, text=text))))
        assert read.begin % 4 == 0
        assert read.header["text"] == text


def test_the_picture_stands_at_the_end(trace: Trace) -> None:
    assert Read(written(trace)).picture == PICTURE


def test_of_a_long_text_the_first_words_are_sent_with_their_weights(trace: Trace) -> None:
    tokens = replace(trace.tokens, pieces=("red",) * 70, word_ids=tuple(range(70)))
    regions = len(trace.regions)
    maps = {
        "lang": (3, 4, 70, 70),
        "lang_from_vision": (2, 4, 70, regions),
        "vision_from_lang": (2, 4, regions, 70),
        "cross_lang": (2, 4, 70, 70),
    }
    attention = {name: np.full(size, 1 / size[-1], np.float32) for name, size in maps.items()}
    long = replace(trace, tokens=tokens, attention=trace.attention | attention)
    header = Read(written(long)).header
    assert header["left_out"] == 6
    assert len(header["pieces"]) == len(header["word_ids"]) == 64
    assert header["families"]["vision_from_lang"]["shape"] == [2, 4, regions, 64]


def test_regions_that_are_left_keep_their_numbers(trace: Trace) -> None:
    count = len(trace.regions)
    names, maps = numbered_names(trace.regions), rollout(trace.attention)
    assert Read(written(trace)).header["numbers"] == list(range(1, count + 1))
    places = range(2, count + 2)  # two before them are switched off
    sent = Read(stage.payload(trace, PICTURE, names, (), maps, places=places)).header
    assert sent["numbers"] == list(range(3, count + 3))


def test_names_must_be_as_many_as_regions(trace: Trace) -> None:
    with pytest.raises(ValueError, match="there are 1 names for"):
        stage.payload(trace, PICTURE, ["cube"], (), rollout(trace.attention))


def test_every_script_is_joined_and_short() -> None:
    folder = ASSETS / "stage"
    assert {path.stem for path in folder.glob("*.js")} == set(stage.FILES)
    texts = {path.name: path.read_text() for path in folder.iterdir()}
    assert [n for n, text in texts.items() if len(text.splitlines()) > MAX_LINES] == []


def test_the_script_asks_no_network_and_makes_no_markup_of_texts() -> None:
    script = stage.script() + stage.style()
    unwanted = (
        r"innerHTML|outerHTML *=|insertAdjacentHTML|document\.write|fetch\(|XMLHttpRequest|@import"
    )
    assert re.findall(unwanted, script) == []
    assert set(re.findall(r"https?://[^\"' ]+", script)) <= {"http://www.w3.org/2000/svg"}


def test_no_name_is_declared_twice_in_the_joined_script() -> None:
    declared = re.findall(r"^(?:class|function|const|let) (\w+)", stage.script(), re.MULTILINE)
    assert sorted(declared) == sorted(set(declared))


def test_norms_come_back_for_every_key(trace: Trace, tiny_pipeline: Pipeline) -> None:
    norms = value_norms(tiny_pipeline.network, trace)
    names = numbered_names(trace.regions)
    read = Read(stage.payload(trace, PICTURE, names, (), rollout(trace.attention), norms=norms))
    for name, family in read.header["families"].items():
        layers, heads, _, keys = family["shape"]
        assert np.array_equal(read.array(family["norms"], [layers, heads, keys]), norms[name])
    assert Read(written(trace)).header["families"]["lang"]["norms"] is None


def test_the_other_trace_is_sent_where_both_axes_are_the_same(
    trace: Trace, tiny_pipeline: Pipeline
) -> None:
    zeroed = edited(trace.regions, PictureEdit(ZEROED))
    fewer = edited(trace.regions, PictureEdit(off=(0,)))
    text = trace.tokens.text

    def sent(other: Trace) -> dict[str, Any]:
        norms = value_norms(tiny_pipeline.network, other)
        compared = stage.Compared("before", other, rollout(other.attention), norms)
        names = numbered_names(trace.regions)
        payload = stage.payload(trace, PICTURE, names, (), rollout(trace.attention), other=compared)
        read = Read(payload)
        for name, family in read.header["other"]["families"].items():
            assert np.array_equal(
                read.array(family["maps"], family["shape"]), other.attention[name]
            )
        return read.header["other"]["families"]

    assert set(sent(tiny_pipeline.ask(zeroed, text))) == set(FAMILIES)
    assert set(sent(tiny_pipeline.ask(fewer, text))) == {"lang", "cross_lang"}
    assert set(sent(tiny_pipeline.ask(zeroed, "red"))) == {"vision", "cross_vision"}
    assert sent(tiny_pipeline.ask(fewer, "red")) == {}
