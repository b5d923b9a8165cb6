import pytest

from lxmert_viz.rounding import probability


@pytest.mark.parametrize(
    ("value", "two", "three"),
    [
        (0.5, "0.50", "0.500"),
        (0.994, "0.99", "0.994"),
        (0.995, "0.995", "0.995"),
        (0.9994, "0.999", "0.999"),
        (0.9996, "> 0.999", "> 0.999"),
        (1.0, "> 0.999", "> 0.999"),
        (0.006, "0.01", "0.006"),
        (0.0049, "0.005", "0.005"),
        (0.0009, "< 0.001", "< 0.001"),
        (0.0, "< 0.001", "< 0.001"),
    ],
)
def test_a_probability_never_looks_like_what_it_is_not(value: float, two: str, three: str) -> None:
    assert (probability(value), probability(value, 3)) == (two, three)
