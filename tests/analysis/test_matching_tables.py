import numpy as np
import pytest

from lxmert_viz.analysis import matching_tables as tables

NAN = float("nan")


def test_captions_are_sorted_and_errors_come_last() -> None:
    table = tables.of_captions(
        ["a", "b", "c"],
        np.array([0.0, NAN, 2.0]),
        np.array([1.0, NAN, 0.5]),
        ["x", "", ""],
        np.array([-1.0, NAN, NAN]),
        ["", "There is no caption.", ""],
    )
    assert list(table[tables.CAPTION]) == ["c", "a", "b"]
    assert list(table.index) == [2, 0, 1]  # places in the list
    assert table.loc[0, tables.P_MATCH] == 0.5
    assert list(table[tables.SEEN])[:2] == [1.5, -1.0]
    assert table.loc[0, tables.GAP] == 1.0
    assert table.loc[1, tables.ERROR] == "There is no caption."


def test_empty_columns_are_left_out() -> None:
    scores = np.array([1.0, 2.0])
    table = tables.of_captions(["a", "b"], scores, scores, ["", ""], scores * NAN, ["", ""])
    assert tables.FOIL not in table and tables.ERROR not in table


def test_pictures_have_one_score_without_a_picture() -> None:
    table = tables.of_pictures(["p", "q", "r"], np.array([1.0, NAN, 3.0]), -1.0, ["", "cut", ""])
    assert list(table[tables.PICTURE]) == ["r", "p", "q"]
    assert list(table[tables.SEEN])[:2] == [4.0, 2.0]
    assert np.isnan(table.loc[1, tables.BLANK])


def test_a_matrix_names_the_best_picture_and_tells_equal_names_apart() -> None:
    scores = np.array([[1.0, 2.0], [3.0, NAN]])
    table = tables.of_all(["a", "b"], ["p", "p"], scores, np.zeros(2))
    assert list(table.columns) == ["caption", "no picture", "best picture", "p", "p (2)"]
    assert list(table[tables.BEST]) == ["p", "p"]
    assert table["p (2)"][0] == pytest.approx(2.0)
