"""Results in order, of which the next ones are made while the last is used."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")


def made_ahead(
    make: Callable[[Item], Made], items: Iterable[Item], *, workers: int, ahead: int
) -> Iterator[Made]:
    """What `make` gives for each item. workers: threads; 0: the one that asks, and nothing ahead.

    Close it when not all are wanted: what is being made is waited for.
    """
    if not workers:
        yield from map(make, items)
        return
    waiting: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="lxmert-viz-ahead") as pool:
        try:
            for item in items:
                waiting.append(pool.submit(make, item))
                if len(waiting) > ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
