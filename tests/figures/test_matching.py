import numpy as np
import pytest

from lxmert_viz.figures import theme
from lxmert_viz.figures.matching import cells, distributions, word_changes

SCORES = np.array([[1.0, -2.0], [0.5, 3.0]])


def test_cells_frame_each_captions_best_picture() -> None:
    figure = cells(SCORES, np.array([-1.0, 0.0]), ["a", "b" * 80], ["p", "q"], ["data:1", "data:2"])
    (heatmap,) = figure.data
    np.testing.assert_array_equal(heatmap.z, [[-1, 1, -2], [0, 0.5, 3]])
    assert (heatmap.zmin, heatmap.zmax) == (-3, 3)  # one scale, and 0 in its middle
    # the first column is the words alone
    assert [(shape.x0, shape.y0) for shape in figure.layout.shapes] == [(0.5, -0.5), (1.5, 0.5)]
    assert [image.source for image in figure.layout.images] == ["data:1", "data:2"]
    assert figure.layout.yaxis.ticktext[1].endswith("…")
    assert "b" * 80 in heatmap.customdata[1][0]


def test_words_keep_their_order_and_share_a_scale() -> None:
    figure = word_changes(["a", "<b>"], np.array([-1.0, 0.5]), 4.0, "t")
    (bars,) = figure.data
    assert list(bars.y) == [-1.0, 0.5]
    assert list(bars.marker.color) == [theme.LESS, theme.MORE]
    assert tuple(figure.layout.yaxis.range) == (-5, 5)
    assert figure.layout.xaxis.ticktext == ("a", "&lt;b&gt;")


def test_labels_must_fit() -> None:
    with pytest.raises(ValueError, match="scores are"):
        cells(SCORES, np.zeros(2), ["a"], ["p", "q"], ["", ""])
    with pytest.raises(ValueError, match="2 words"):
        word_changes(["a", "b"], np.zeros(3), 1.0, "t")


def test_distributions_are_shares_of_each_kind() -> None:
    figure = distributions(np.array([1.0, 2.0, 3.0, 3.0]), np.array([-1.0, 0.0]))
    captions, foils = figure.data
    assert captions.y.sum() == pytest.approx(1) and foils.y.sum() == pytest.approx(1)
    assert captions.y[-1] == 0.5 and foils.y[0] == 0.5
    assert (captions.name, foils.name) == ("captions (4)", "foils (2)")
    assert captions.line.dash != foils.line.dash  # not by colour alone
