import numpy as np
import pytest

from lxmert_viz.figures.heads import contribution_bars, written_strip


def test_bars_are_the_contributions_and_the_title_their_sum() -> None:
    query, key = np.array([1.0, -2.0]), np.array([3.0, 0.5])
    figure = contribution_bars(query, key, query * key, ("cube", "<b>3 red cube"))
    assert list(figure.data[0].y) == [3.0, -1.0]
    assert "“cube” · “&lt;b&gt;3 red cube”" in figure.layout.title.subtitle.text
    assert figure.layout.title.subtitle.text.endswith("2.000")
    assert len(set(figure.data[0].marker.color)) == 2
    with pytest.raises(ValueError, match="not alike"):
        contribution_bars(query, key, np.zeros(3), ("a", "b"))


def test_the_written_vector_has_a_scale_around_zero() -> None:
    figure = written_strip(np.array([0.5, -2.0, 1.0]), heads=4, head=1)
    assert (figure.data[0].zmin, figure.data[0].zmax) == (-2.0, 2.0)
    assert figure.layout.title.text.startswith("What head 2 of 4 writes")
    assert f"length {np.sqrt(5.25):.3f}" in figure.layout.title.subtitle.text
