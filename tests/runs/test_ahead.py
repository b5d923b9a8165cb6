"""Results come in order, the next ones are made meanwhile, and an end is an end."""

import threading
from contextlib import closing

import pytest

from lxmert_viz.runs.ahead import made_ahead


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_results_come_in_the_order_of_their_items(workers: int) -> None:
    assert list(made_ahead(lambda n: n * n, range(50), workers=workers, ahead=4)) == [
        n * n for n in range(50)
    ]


def test_the_next_ones_are_made_while_one_is_used_and_no_more_than_asked_for() -> None:
    begun = [threading.Event() for _ in range(10)]
    with closing(made_ahead(lambda n: begun[n].set() or n, range(10), workers=2, ahead=3)) as made:
        assert next(made) == 0
        assert begun[3].wait(10)
        assert not any(event.is_set() for event in begun[4:])


def test_without_workers_nothing_is_made_before_it_is_asked_for() -> None:
    made_by = []
    made = made_ahead(
        lambda n: made_by.append(threading.current_thread()), range(9), workers=0, ahead=4
    )
    assert not made_by
    next(made)
    assert made_by == [threading.current_thread()]


def test_what_is_raised_comes_at_its_place() -> None:
    made = made_ahead(lambda n: 1 // n, [2, 1, 0, 1], workers=2, ahead=2)
    assert [next(made), next(made)] == [0, 1]
    with pytest.raises(ZeroDivisionError):
        next(made)
