import numpy as np
import pytest

from lxmert_viz.figures.removal import removal_curves


def test_curves_have_their_band() -> None:
    shares = np.array([0, 0.5, 1])
    lines = {"most relevant first, area 2": np.array([4, 2, 1.0])}
    band = np.array([[4, 1.5, 1], [4, 3.5, 1]])
    figure = removal_curves(shares, lines, band, "regions", ["logits"])
    low, high, positive = figure.data
    assert list(low.y) == [4, 1.5, 1] and list(high.y) == [4, 3.5, 1] and high.fill == "tonexty"
    assert list(positive.y) == [4, 2, 1] and list(positive.x) == [0, 0.5, 1]
    assert positive.name == "most relevant first, area 2"
    assert figure.layout.title.text == "As regions leave"
    assert figure.layout.xaxis.title.text == "share of regions gone"
    with pytest.raises(ValueError, match="do not fit"):
        removal_curves(shares, lines, band[:, :2], "regions", ["logits"])
