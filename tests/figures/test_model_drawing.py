"""The model as it is built: where heads stand, and what a click on them says."""

import numpy as np
import pytest

from lxmert_viz.figures.model_drawing import WHOLE, model_drawing, rows

LAYERS = {
    "lang": 3,
    "vision": 1,
    "lang_from_vision": 2,
    "vision_from_lang": 2,
    "cross_lang": 2,
    "cross_vision": 2,
}


def test_streams_meet_at_one_height_and_layers_go_upward() -> None:
    at = {(row.family, row.layer): row.y for row in rows(LAYERS)}
    assert at["lang", 2] == at["vision", 0] and at["lang", 0] == 0
    assert at["lang_from_vision", 0] == at["vision_from_lang", 0] > at["lang", 2]
    assert at["cross_lang", 0] == at["lang_from_vision", 0] + 1
    assert at["lang_from_vision", 1] > at["cross_vision", 0] and len(at) == 12


def test_every_head_can_be_clicked_and_those_off_are_crossed() -> None:
    values = {family: np.full((count, 4), 0.5) for family, count in LAYERS.items()}
    values["lang"][1, 2] = -2
    figure = model_drawing(values, [("lang", 1, 2)], "heads", "logits", "logits")
    cells, names = figure.data
    keys = [tuple(key) for key in cells.customdata]
    assert len(set(keys)) == 12 * 4 and keys.count(("cross_vision", 1, 3)) == 1
    off = [key for key, symbol in zip(keys, cells.marker.symbol, strict=True) if "x" in symbol]
    assert off == [("lang", 1, 2)] and cells.text[keys.index(off[0])].endswith("-2.000 logits, off")
    assert (cells.marker.cmin, cells.marker.cmax) == (-2, 2)
    assert {tuple(key)[2] for key in names.customdata} == {WHOLE} and len(names.customdata) == 12
    left = [x for x, key in zip(cells.x, keys, strict=True) if key[0] in ("lang", "cross_lang")]
    right = [x for x, key in zip(cells.x, keys, strict=True) if key[0] == "vision_from_lang"]
    assert max(left) < min(right)
    with pytest.raises(KeyError):
        model_drawing({"lang": values["lang"]}, [], "", "", "")
