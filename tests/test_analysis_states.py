"""Nearest neighbours and cosines by hand."""

import numpy as np

from lxmert_viz.analysis.states import cosines, nearest


def test_cosines_of_known_angles() -> None:
    left = np.array([[1.0, 0.0], [0.0, 0.0]])
    right = np.array([[2.0, 0.0], [0.0, 3.0], [-1.0, 0.0]])
    assert np.allclose(cosines(left, right), [[1, 0, -1], [0, 0, 0]])


def test_the_nearest_stored_vectors_come_first() -> None:
    stored = np.array([[0.0, 0.0], [3.0, 4.0], [1.0, 0.0]])
    places, distances = nearest(np.array([[0.0, 0.0], [3.0, 4.0]]), stored, 2)
    assert places.tolist() == [[0, 2], [1, 2]]
    assert np.allclose(distances, [[0, 1], [0, np.sqrt(20)]])
    assert nearest(stored, stored, 9)[0].shape == (3, 3)
