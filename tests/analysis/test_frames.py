"""What was computed as tables: every number at its place, every column with its type."""

import numpy as np
import pandas as pd
import pytest

from lxmert_viz.analysis import frames
from lxmert_viz.analysis.head_statistics import entropy, largest, share_across
from lxmert_viz.analysis.probes import About, FittedProbe, ProbeResult, ProbeRun
from lxmert_viz.records import LensGrid, Trace
from tests.helpers.fixed_trace import HEADS, LAYERS, NAMES, PIECES, fixed_trace


@pytest.fixture(scope="module")
def trace() -> Trace:
    return fixed_trace(3)


def kinds(table: pd.DataFrame) -> dict[str, str]:
    return {name: str(kind) for name, kind in table.dtypes.items()}


def test_attention_has_a_row_a_weight(trace: Trace) -> None:
    table = frames.attention(trace)
    assert len(table) == sum(maps.size for maps in trace.attention.values())
    assert kinds(table) == {
        **{"family": "string", "layer": "Int64", "head": "Int64", "query": "Int64", "key": "Int64"},
        **{"reader": "string", "read": "string", "weight": "float32"},
    }
    (one,) = table.query(
        "family == 'lang_from_vision' and layer == 2 and head == 3 and query == 5 and key == 1"
    ).itertuples()
    assert (one.reader, one.read) == ("cube", "1 red cube")
    assert one.weight == trace.attention["lang_from_vision"][1, 2, 4, 0]
    (other,) = table.query(
        "family == 'vision_from_lang' and layer == 1 and head == 4 and query == 4 and key == 9"
    ).itertuples()
    assert (other.reader, other.read) == ("4 small ring", "ball")
    assert other.weight == trace.attention["vision_from_lang"][0, 3, 3, 8]


def test_weights_that_one_reader_gives_sum_to_one(trace: Trace) -> None:
    table = frames.attention(trace)
    sums = table.groupby(["family", "layer", "head", "query"])["weight"].sum()
    assert np.allclose(sums, 1, atol=1e-5)
    assert len(sums) == HEADS * (
        LAYERS["lang"] * len(PIECES)
        + LAYERS["vision"] * len(NAMES)
        + LAYERS["cross"] * 2 * (len(PIECES) + len(NAMES))
    )


def test_every_head_has_every_statistic_that_is_for_it(trace: Trace) -> None:
    table = frames.heads(trace)
    assert list(table) == [
        *(
            "family",
            "layer",
            "head",
            "entropy",
            "k90",
            "update",
            "special",
            "largest",
            "distance",
            "spatial",
        )
    ]
    assert set(kinds(table).values()) == {"string", "Int64", "float32"}
    assert len(table) == HEADS * (LAYERS["lang"] + LAYERS["vision"] + 4 * LAYERS["cross"])
    own = table.query("family == 'lang' and layer == 3 and head == 2").iloc[0]
    maps = trace.attention["lang"]
    assert own["entropy"] == pytest.approx(entropy(maps)[2, 1])
    assert own["largest"] == largest(maps)[2, 1] == maps[2, 1].max()
    assert own["special"] == pytest.approx(maps[2, 1][:, [0, -1]].sum(-1).mean())
    assert np.isnan(own["update"])
    across = table.query("family == 'lang_from_vision' and layer == 2")
    share = share_across(trace.states["lang"][-1], trace.states["lang_cross"])[1]
    assert across["update"].tolist() == pytest.approx([share] * HEADS)
    assert across["distance"].isna().all() and across["special"].isna().all()


def test_heads_have_what_they_carry_where_lengths_are_given(trace: Trace) -> None:
    norms = {
        name: np.full((*maps.shape[:2], maps.shape[-1]), 2.5, np.float32)
        for name, maps in trace.attention.items()
    }
    carried = frames.heads(trace, norms)["carried"]
    assert np.allclose(carried, 2.5, atol=1e-4)  # weights sum to 1


def test_answers_have_a_row_each(trace: Trace) -> None:
    table = frames.answers(trace)
    assert kinds(table) == {"rank": "Int64", "answer": "string", "probability": "float64"}
    assert table["rank"].tolist() == list(range(1, len(trace.answers) + 1))
    assert list(zip(table["answer"], table["probability"], strict=True)) == list(trace.answers)


def test_keys_come_with_the_most_weight_first() -> None:
    scores, weights, norms = np.array([0.1, 2.0]), np.array([0.2, 0.8]), np.array([5.0, 1.0])
    table = frames.keys(["a", "b"], scores, weights, norms)
    assert table["is read"].tolist() == ["b", "a"]
    assert table["weight × norm"].tolist() == [0.8, 1.0]


def test_a_lens_has_a_row_a_layer_a_state_and_a_rank() -> None:
    ids = np.array([[[2, 0], [1, 2]], [[0, 1], [1, 0]], [[0, 2], [2, 1]]])
    shares = np.arange(12, dtype=np.float32).reshape(3, 2, 2) / 20
    ranks = np.array([[[0, 0], [0, 0]], [[2, 3], [1, 3]], [[1, 3], [3, 1]]])
    found = LensGrid(ids, shares, ranks)
    table = frames.lens(found, ["red", "cube", "ball"], ["[CLS]", "is"], ["embeddings", "L1", "X1"])
    assert kinds(table) == {
        **{"layer": "string", "row": "Int64", "name": "string", "rank": "Int64"},
        **{"label": "string", "share": "float32", "rank_below": "Int64"},
    }
    assert len(table) == 12 and table["rank_below"].isna().sum() == 4  # nothing is below the first
    (one,) = table.query("layer == 'X1' and row == 2 and rank == 1").itertuples()
    assert (one.name, one.label, one.rank_below) == ("is", "ball", 3)
    assert one.share == shares[2, 1, 0]
    alone = frames.lens(found.at(2, 1), ["red", "cube", "ball"], ["is"], ["X1"])
    assert alone["label"].tolist() == ["ball", "cube"]


def test_probes_have_a_row_a_layer() -> None:
    none = np.zeros(0)
    fitted = FittedProbe(none, none, (), ())
    layers = tuple(
        ProbeResult(n / 10, 0.0, 1.0, 0.25, 0.3, 0.1, none, none, none, fitted) for n in (4, 6)
    )
    words = ["m", "w", "d", "t", "word", "lang", "cls", "linear"]
    about = About(*words, 0, ("a", "b"), ("embeddings", "L1"), 2, 2, 0)
    table = frames.probes(ProbeRun(about, layers, (1.5, float("nan"))))
    assert table["layer"].tolist() == ["embeddings", "L1"]
    assert table["accuracy"].tolist() == [0.4, 0.6]
    assert table["selectivity"].tolist() == pytest.approx([0.3, 0.5])
    assert table["compression"].isna().tolist() == [False, True]
    assert set(kinds(table).values()) == {"string", "float64"}
