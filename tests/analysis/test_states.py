"""Cosines by hand."""

import numpy as np

from lxmert_viz.analysis.states import cosines


def test_cosines_of_known_angles() -> None:
    left = np.array([[1.0, 0.0], [0.0, 0.0]])
    right = np.array([[2.0, 0.0], [0.0, 3.0], [-1.0, 0.0]])
    assert np.allclose(cosines(left, right), [[1, 0, -1], [0, 0, 0]])
