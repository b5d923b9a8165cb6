"""Stations of the walk, with numbers that are known."""

from dataclasses import fields, replace

import numpy as np
import pytest

from lxmert_viz.analysis.walk import Station, moved, stations
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions, Trace
from lxmert_viz.rounding import probability


@pytest.fixture(scope="module")
def trace(tiny_pipeline: Pipeline, photograph: bytes) -> Trace:
    return tiny_pipeline.ask(tiny_pipeline.look(photograph), "what strange color is red?")


def facts(station: Station) -> dict[str, str]:
    return dict(station.facts)


def test_a_state_that_turns_round_has_moved_by_2() -> None:
    first = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 3.0]])
    last = np.array([[2.0, 0.0], [0.0, 5.0], [0.0, -1.0]])
    assert moved(np.stack([first, last])) == pytest.approx([0, 1, 2])


def test_every_station_says_what_this_trace_has(trace: Trace) -> None:
    walk = stations(trace)
    assert [station.title for station in walk] == [
        "Regions", "Word pieces", "Embeddings", "Language encoder", "Vision encoder",
        "Cross-modality layers", "Heads",
    ]  # fmt: skip
    regions, pieces, embeddings, language, vision, crossing, heads = walk
    assert facts(regions)["Regions"] == str(len(trace.regions))
    assert facts(pieces)["Words the model does not know"] == "strange"
    assert facts(embeddings)["Numbers in each vector"] == "16"
    assert (facts(language)["Layers"], facts(vision)["Layers"]) == ("3", "2")
    first = trace.answers[0]
    assert facts(heads)["Answer"] == f"“{first.text}” {probability(first.probability)}"
    assert facts(heads)["P(match)"] == probability(trace.match)
    row = trace.attention["lang_from_vision"][-1].mean(axis=0)[0]
    assert [bar.share for bar in crossing.bars] == pytest.approx(sorted(row, reverse=True)[:5])
    assert int(np.argmax(crossing.regions)) == int(row.argmax())


def test_what_lights_up_is_one_share_a_token(trace: Trace) -> None:
    for station in stations(trace):
        assert len(station.words) in (0, len(trace.tokens.pieces))
        assert len(station.regions) in (0, len(trace.regions))
        shares = [*station.words, *station.regions, *(bar.share for bar in station.bars)]
        assert all(0 <= share <= 1 for share in shares)
        assert station.advice.endswith(".")
        assert station.sentence.count(". ") == 0  # one sentence


def test_a_missing_head_is_named_with_who_has_it(trace: Trace) -> None:
    heads = stations(replace(trace, answers=(), answer_kind="", match=None))[-1]
    assert "no output head for answers; lxmert-base" in facts(heads)["Answer"]
    assert "no output head for matching; lxmert-base" in facts(heads)["P(match)"]
    assert heads.bars == ()


def test_a_picture_without_regions_can_be_walked_too(tiny_pipeline: Pipeline, trace: Trace) -> None:
    none = {
        field.name: getattr(trace.regions, field.name)[:0]
        for field in fields(Regions)
        if field.name not in ("size_px", "digest", "profile", "detector", "missing", "left_out")
    }
    walk = stations(tiny_pipeline.ask(replace(trace.regions, **none), "red"))
    assert len(walk) == 7
    assert "found no region" in facts(walk[0])["Regions"]
    assert "found no region" in facts(walk[4])["Regions"]


def test_bars_of_both_encoders_have_one_scale(trace: Trace) -> None:
    for station in stations(trace)[3:5]:
        told = [min(float(bar.text), 1) for bar in station.bars]
        assert [bar.share for bar in station.bars] == pytest.approx(told, abs=0.006)
