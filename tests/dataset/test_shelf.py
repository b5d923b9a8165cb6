"""What lies on a shelf is found by its key; what nobody asked for is counted."""

from lxmert_viz.dataset.shelf import Shelf


def test_the_first_content_of_a_key_is_found_and_later_ones_are_told() -> None:
    shelf = Shelf([("a", {"n": 1}, 3), ("b", ["é"], 4), ("a", 2, 5), ("c", None, 6), ("a", 3, 7)])
    assert (shelf.get("a"), shelf.get("b"), shelf.get("d")) == ({"n": 1}, ["é"], None)
    assert list(shelf.repeated()) == [("a", 5), ("a", 7)]
    assert shelf.unasked() == 1


def test_an_empty_shelf_has_nothing() -> None:
    shelf = Shelf(())
    assert (shelf.get("a"), list(shelf.repeated()), shelf.unasked()) == (None, [], 0)
