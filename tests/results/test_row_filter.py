"""A filter as a line of text."""

import pytest

from lxmert_viz.errors import DatasetError
from lxmert_viz.results.columns import FILTERED
from lxmert_viz.results.row_filter import terms, where, with_term, without_term


def test_terms_become_sql_with_values() -> None:
    made = where('correct=no right="hot dog" probability>=0.9 cause=none dog', FILTERED)
    assert made.sql.startswith('("correct" = ?) AND ("right" = ?) AND ("probability" >= ?)')
    assert '("cause" IS NULL)' in made.sql
    assert made.values == (False, "hot dog", pytest.approx(0.9), "dog", "dog", "dog")
    assert where("", FILTERED).sql == "TRUE"


def test_values_never_become_sql() -> None:
    text = "x') OR TRUE --"
    made = where(with_term("", "right", text), FILTERED)
    assert made.values == (text,) and "TRUE" not in made.sql


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("colour=red", "no column 'colour'"),
        ("words=many", "numbers"),
        ("right>3", "holds text"),
        ("correct=maybe", "yes or no"),
    ],
)
def test_what_does_not_fit_is_said(text: str, reason: str) -> None:
    with pytest.raises(DatasetError, match=reason):
        where(text, FILTERED)


def test_a_click_replaces_what_was_said_of_the_same_column() -> None:
    text = with_term('right="hot dog" why', "right", "red")
    assert text == "why right=red" and terms(text) == ["why", "right=red"]
    assert without_term(text, "why") == "right=red"
    assert with_term("words>3", "words", 9, "<") == "words>3 words<9"
    assert [with_term("", "a", v) for v in (None, True, 0.5, "")] == [
        "a=none",
        "a=yes",
        "a=0.5",
        'a=""',
    ]
