"""Heads by the weight of one pair: which pair, in which maps, and where it is largest."""

from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from lxmert_viz.records import Trace
from tests.helpers.fixed_trace import made_up_norms

pytestmark = pytest.mark.browser
PAIR = """
(changes) => {
  const found = pairOver(trace, fitted({ ...firstSelection(trace), ...changes }, trace));
  return found && { ...found, weights: [...found.weights] };
}
"""


def word(place: int) -> dict[str, Any]:
    return {"kind": "word", "place": place}


def region(place: int) -> dict[str, Any]:
    return {"kind": "region", "place": place}


def weights(page: Page, **changes: Any) -> dict[str, np.ndarray]:
    """family -> (L, H), as far as the pair is in it."""
    found: dict[str, list[float]] = {}
    for name, weight in page.evaluate(PAIR, changes)["weights"]:
        found.setdefault(name.split()[0], []).append(weight)
    return {name: np.reshape(each, (-1, 4)) for name, each in found.items()}


@pytest.mark.parametrize(
    ("locks", "families"),
    [
        ([word(2), region(1)], ["lang_from_vision"]),
        ([region(1), word(2)], ["vision_from_lang"]),
        ([word(1), word(2)], ["lang", "cross_lang"]),
        ([region(2), region(1)], ["vision", "cross_vision"]),
        ([{"query": region(2), "key": word(1)}], ["vision_from_lang"]),
    ],
)
def test_every_family_that_has_the_pair_gives_its_weights(
    page: Page, trace: Trace, locks: list[dict[str, Any]], families: list[str]
) -> None:
    found = weights(page, locks=locks)
    query, key = (locks[0]["query"], locks[0]["key"]) if "query" in locks[0] else locks
    assert list(found) == families
    for name in families:
        expected = trace.attention[name][:, :, query["place"], key["place"]]
        assert np.allclose(found[name], expected, atol=1e-6)


def test_the_best_heads_come_first(page: Page, trace: Trace) -> None:
    found = page.evaluate(PAIR, {"locks": [word(1), word(4)]})
    everywhere = [trace.attention[name][:, :, 1, 4] for name in ("lang", "cross_lang")]
    largest = np.sort(np.concatenate([each.ravel() for each in everywhere]))[::-1][:5]
    assert np.allclose([head["weight"] for head in found["best"]], largest, atol=1e-6)
    assert np.isclose(found["top"], largest[0])
    first = found["best"][0]
    own = trace.attention[first["family"]][first["layer"], first["head"], 1, 4]
    assert np.isclose(own, largest[0])


def test_what_heads_carry_of_a_pair_is_times_the_norm_of_its_key(page: Page, trace: Trace) -> None:
    found = weights(page, locks=[word(2), region(1)], measure="carried")["lang_from_vision"]
    lengths = made_up_norms(trace)["lang_from_vision"][:, :, 1]
    expected = trace.attention["lang_from_vision"][:, :, 2, 1] * lengths
    assert np.allclose(found, expected, atol=1e-5)


def test_a_whole_word_is_read_in_sum_and_reads_on_average(page: Page, trace: Trace) -> None:
    both = trace.attention["lang"][:, :, 3:5]  # the two pieces of one word
    read = weights(page, locks=[word(1), word(3)], merged=True)["lang"]
    assert np.allclose(read, trace.attention["lang"][:, :, 1, 3:5].sum(-1), atol=1e-6)
    reads = weights(page, locks=[word(4), word(1)], merged=True)["lang"]
    assert np.allclose(reads, both[..., 1].mean(-1), atol=1e-6)


@pytest.mark.parametrize(
    "changes",
    [
        {"locks": []},
        {"locks": [word(1)]},
        {"locks": [word(1), region(2)], "byPair": False},
        {"locks": [word(0), region(2)], "hideSpecial": True},
    ],
)
def test_without_two_that_are_shown_there_is_no_pair(page: Page, changes: dict[str, Any]) -> None:
    assert page.evaluate(PAIR, changes) is None


def test_the_last_two_locks_are_the_pair_and_can_be_turned_round(page: Page) -> None:
    locks = [word(1), {"query": word(2), "key": region(0)}, region(1), word(3)]
    pair = page.evaluate("(locks) => pairOf({ locks, byPair: true })", locks)
    assert pair == {"query": region(1), "key": word(3)}
    locks = page.evaluate("turned", locks)
    assert locks[-2:] == [word(3), region(1)]
    cell = {"query": word(2), "key": region(0)}
    assert page.evaluate("turned", [word(1), cell]) == [
        word(1),
        {"query": region(0), "key": word(2)},
    ]
