"""The stage's script alone in a browser: what it makes of a payload and of an address."""

import base64
import csv
import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from lxmert_viz.analysis.head_statistics import all_statistics
from lxmert_viz.analysis.rollout import rollout
from lxmert_viz.figures import stage
from lxmert_viz.records import Trace
from lxmert_viz.rounding import probability
from tests.helpers.fixed_trace import made_up_norms

pytestmark = pytest.mark.browser
DRAW = """
(changes) => {
  const map = drawnMap(trace, fitted({ ...firstSelection(trace), ...changes }, trace));
  return { weights: [...map.weights], kept: [...map.kept], rows: map.rows.map((r) => r.label) };
}
"""
MAP = """
(changes) => {
  const own = { layer: 1, since: 1, ...changes };
  const selection = fitted({ ...firstSelection(trace), ...own }, trace);
  const { scale, largest } = drawnMap(trace, selection);
  return { scale, largest };
}
"""
THERE_AND_BACK = """
(changes) => {
  const selection = fitted({ ...firstSelection(trace), ...changes }, trace);
  const address = new URLSearchParams(stated(addressOf(selection, trace)));
  return [selection, selectionFrom(new URLSearchParams(address.toString()), trace)];
}
"""
FROM_ADDRESS = """
(address) => {
  const selection = selectionFrom(new URLSearchParams(address), trace);
  drawnMap(trace, selection);
  const { family, layer, head, locks } = selection;
  const [layers, heads] = trace.families[family].shape;
  return layer >= 0 && layer < layers && head >= 0 && head < heads && locks.length === 0;
}
"""


NUMBERS = [0, 0.0004, 0.00099, 0.001, 0.0049, 0.005, 0.1234, 0.99, 0.9949, 0.996, 0.9994, 0.9996, 1]


def drawn(page: Page, shape: tuple[int, int], **changes: Any) -> np.ndarray:
    weights = page.evaluate(DRAW, {"layer": 1, "since": 1, **changes})["weights"]
    return np.array(weights, np.float32).reshape(shape)


def test_heads_are_combined_as_they_are_called(page: Page, trace: Trace) -> None:
    family = trace.attention["lang_from_vision"]  # (L, H, T, R)
    shape = family.shape[2:]
    one = drawn(page, shape, combine="one", head=2)
    assert np.array_equal(one, family[1, 2])
    assert np.allclose(drawn(page, shape, combine="mean"), family[1].mean(0), atol=1e-6)
    assert np.array_equal(drawn(page, shape, combine="max"), family[1].max(0))
    chosen = drawn(page, shape, combine="chosen", chosen=[[0, 3], [1, 0]])
    assert np.allclose(chosen, (family[0, 3] + family[1, 0]) / 2, atol=1e-6)
    ranged = drawn(page, shape, combine="one", head=1, since=0)
    assert np.allclose(ranged, family[:, 1].mean(0), atol=1e-6)
    rolled_out = drawn(page, shape, combine="rollout")
    assert np.array_equal(rolled_out, rollout(trace.attention)["lang_from_vision"][1])


def test_weights_are_multiplied_by_what_they_carry(page: Page, trace: Trace, blank: Trace) -> None:
    family, lengths = trace.attention["lang_from_vision"], made_up_norms(trace)["lang_from_vision"]
    carried = family * lengths[:, :, None]  # (L, H, T, R)
    shape = family.shape[2:]
    one = drawn(page, shape, combine="one", head=2, measure="carried")
    assert np.allclose(one, carried[1, 2], atol=1e-6)
    mean = drawn(page, shape, combine="mean", measure="carried")
    assert np.allclose(mean, carried[1].mean(0), atol=1e-6)
    whole = page.evaluate(MAP, {"measure": "carried", "scale": "model"})["scale"]["span"]
    both = (trace, blank)  # they are compared, so their colours end at one place
    lengths = [made_up_norms(t) for t in both]
    everywhere = [
        t.attention[n] * own[n][:, :, None]
        for t, own in zip(both, lengths, strict=True)
        for n in t.attention
    ]
    assert np.isclose(whole, max(maps.max() for maps in everywhere))


def test_a_difference_is_this_less_the_other_map(page: Page, trace: Trace, blank: Trace) -> None:
    one, other = (found.attention["lang_from_vision"] for found in (trace, blank))
    shape = one.shape[2:]
    found = drawn(page, shape, combine="one", head=2, difference=True)
    assert np.allclose(found, one[1, 2] - other[1, 2], atol=1e-6)
    assert np.abs(found).max() > 1e-3
    mean = drawn(page, shape, combine="mean", difference=True)
    assert np.allclose(mean, (one[1] - other[1]).mean(0), atol=1e-6)
    largest = page.evaluate(MAP, {"combine": "one", "head": 2, "difference": True})["largest"]
    assert np.isclose(largest, np.abs(found).max())
    kept = page.evaluate(DRAW, {"combine": "one", "head": 2, "difference": True, "top": 2})["kept"]
    strongest = np.argsort(-np.abs(found), axis=1)[:, :2]
    for row, places in zip(np.reshape(kept, shape), strongest, strict=True):
        assert set(np.flatnonzero(row)) == set(places)


def test_whole_words_are_read_in_sum_and_read_on_average(page: Page, trace: Trace) -> None:
    map_ = trace.attention["lang"][1, 0]
    words = len(map_)
    sums = np.delete(map_, 4, axis=1)
    sums[:, 3] = map_[:, 3] + map_[:, 4]
    expected = np.delete(sums, 4, axis=0)
    expected[3] = (sums[3] + sums[4]) / 2
    changes = {"family": "lang", "combine": "one", "head": 0, "merged": True}
    found = drawn(page, (words - 1, words - 1), **changes)
    assert np.allclose(found, expected, atol=1e-6)
    assert np.allclose(found.sum(axis=1), 1, atol=1e-5)


def test_the_largest_weight_of_a_word_is_one_head_s(page: Page, trace: Trace) -> None:
    sums = trace.attention["lang"][1].copy()  # (H, T, T)
    sums[:, :, 3] += sums[:, :, 4]
    sums[:, 3] = (sums[:, 3] + sums[:, 4]) / 2
    expected = np.delete(np.delete(sums, 4, axis=2), 4, axis=1).max(0)
    found = drawn(page, expected.shape, family="lang", combine="max", merged=True)
    assert np.allclose(found, expected, atol=1e-6)


def test_the_legend_names_numbers_that_heads_have(page: Page) -> None:
    of = "(tops) => rangesOf({ families: Object.fromEntries(tops.map((top, i) => [i, { top }])) })"
    shares = ["0.0–0.2", "0.2–0.4", "0.4–0.6", "0.6–0.8", "0.8–1.0"]
    assert page.evaluate(of, [1, 1]) == shares
    assert page.evaluate(of, [6.5])[-1] == "5.2–6.5"
    assert page.evaluate(of, [0.25])[0] == "0.00–0.05"
    assert page.evaluate(of, [9, 1]) == ["0–20%", "20–40%", "40–60%", "60–80%", "80–100%"]


def test_all_stages_of_a_page_end_their_colours_at_one_place(page: Page) -> None:
    found = page.evaluate(
        """() => {
          const peers = new Peers({ trace });
          const maps = { mostCarried: () => 1000 };
          const like = (whole, own) => Object.assign(Object.create(whole), own);
          const other = like(trace, { maps: like(trace.maps, maps) });
          document[STAGES].add({ trace: other, root: { isConnected: true } });
          const ends = ["carried", "weights"].map((measure) => {
            const selection = fitted({ ...firstSelection(trace), measure, scale: "model" }, trace);
            return peers.scale(selection, drawnMap(trace, selection)).span;
          });
          document[STAGES].clear();
          return ends;
        }"""
    )
    assert found == [1000, 1]


def test_marks_are_hidden_with_their_weights_as_they_are(page: Page, trace: Trace) -> None:
    map_ = trace.attention["lang"][1].mean(0)
    inner = map_[1:-1, 1:-1]
    found = drawn(page, inner.shape, family="lang", combine="mean", hideSpecial=True)
    assert np.allclose(found, inner, atol=1e-6)


def test_each_row_keeps_its_largest_weights_above_the_threshold(page: Page, trace: Trace) -> None:
    map_ = trace.attention["lang"][1, 1]
    changes = {"family": "lang", "layer": 1, "since": 1, "combine": "one", "head": 1}
    kept = page.evaluate(DRAW, {**changes, "top": 3})["kept"]
    largest = np.argsort(-map_, axis=1)[:, :3]
    for row, places in zip(np.reshape(kept, map_.shape), largest, strict=True):
        assert set(np.flatnonzero(row)) == set(places)
    kept = page.evaluate(DRAW, {**changes, "over": 0.2})["kept"]
    assert np.array_equal(np.reshape(kept, map_.shape), map_ >= 0.2)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"combine": "one", "head": 2, "layer": 1, "since": 0},
        {"combine": "chosen", "chosen": [[0, 1], [1, 3]]},
        {"combine": "chosen", "chosen": []},
        {"measure": "carried", "difference": True},
        {"combine": "rollout", "statistic": "k90", "bins": [True, False, True, True, False]},
        {"combine": "max", "merged": True, "hideSpecial": True, "top": 3, "over": 0.12},
        {"scale": "even", "byPair": False, "locks": [{"kind": "word", "place": 2}]},
        {"scale": "smallest"},
        {"scale": "model", "table": True, "family": "lang", "layer": 2, "since": 2},
        {"locks": [{"kind": "word", "place": 2}, {"kind": "region", "place": 0}]},
        {"locks": [{"query": {"kind": "word", "place": 1}, "key": {"kind": "region", "place": 2}}]},
    ],
)
def test_an_address_brings_the_whole_selection_back(page: Page, changes: dict[str, Any]) -> None:
    before, after = page.evaluate(THERE_AND_BACK, changes)
    assert before == after


@pytest.mark.parametrize(
    "address",
    [
        "map=lang.99&heads=0&locks=w99_r99&bins=xx&since=-4&over=abc&top=4",
        "map=__proto__.1",
        "map=constructor.1&statistic=__proto__",
        "map=lang.0&heads=77&locks=w0",
        "heads=9.9_8.8&locks=<script>&view=none",
    ],
)
def test_a_broken_address_opens_something_that_can_be_drawn(page: Page, address: str) -> None:
    assert page.evaluate(FROM_ADDRESS, address)


def test_names_of_others_are_letters_and_not_markup(page: Page, trace: Trace) -> None:
    """A name is drawn as it is spelled, whatever it spells."""
    names = ["<img src=x onerror=window.broken=1>"] * len(trace.regions)
    wild = replace(trace, tokens=replace(trace.tokens, text="<b>how</b>"))
    found = stage.payload(wild, b"", names, all_statistics(wild), rollout(wild.attention))
    page.evaluate("document.body.replaceChildren(element('div', { class: 'stage' }))")
    page.evaluate(
        """(text) => {
          const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
          const address = { read: () => new URLSearchParams(), write() {}, stop() {} };
          mountStage(document, bytes, { script: "", style: "" }, address);
        }""",
        base64.b64encode(found).decode(),
    )
    assert page.locator(".matrix text", has_text="<img").count() >= 1
    assert page.locator(".stage img").count() == 1
    assert page.evaluate("window.broken") is None


def test_what_is_saved_runs_nothing_and_can_be_read(page: Page) -> None:
    """Formulas begin with an apostrophe; control characters and halves of letters are marks."""
    told = page.evaluate(
        """() => {
          const labels = ["=1+1", "-x", "@x", "+x", "\\t=1", "green"].map((label) => ({ label }));
          const columns = [{ label: "a\\u0000b\\ud800" }];
          const map = { rows: labels, columns, kept: labels.map(() => true),
            weights: [-0.5, 0, 0, 0, 0, 1] };
          const selection = fitted(firstSelection(trace), trace);
          return numbersAsCsv(trace, selection, { ...drawnMap(trace, selection), ...map });
        }"""
    )
    rows = list(csv.reader(io.StringIO(told)))[1:]
    assert [row[1] for row in rows] == ["'=1+1", "'-x", "'@x", "'+x", "'\t=1", "green"]
    assert {row[2] for row in rows} == {"a\ufffdb\ufffd"}
    assert rows[0][3] == "-0.5"


@pytest.mark.parametrize("digits", [2, 3])
def test_hovering_tells_shares_by_the_rule_of_every_page(page: Page, digits: int) -> None:
    told = page.evaluate(
        "([all, digits]) => all.map((n) => shareInWords(n, digits))", [NUMBERS, digits]
    )
    assert told == [probability(number, digits) for number in NUMBERS]
    assert page.evaluate("[shareInWords(3.25), shareInWords(-0.5)]") == ["3.25", "-0.50"]


def test_a_cell_never_says_that_all_of_the_weight_is_there_when_it_is_not(page: Page) -> None:
    told = "(weight) => amountOf({ signed: false }, weight)"
    assert [page.evaluate(told, number) for number in (0.996, 1, 0.42)] == ["0.996", "1.00", "0.42"]
