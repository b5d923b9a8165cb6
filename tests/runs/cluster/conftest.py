"""What Ray reads when it is first imported, and machines that are pretended, for all tests here."""

import os
from collections.abc import Iterator

import pytest

from lxmert_viz.model.devices import processor_threads
from lxmert_viz.runs.cluster import rounds
from lxmert_viz.runs.cluster.connecting import ENVIRONMENT
from tests.helpers.pretended_cluster import Machines

SOON_GONE = {  # a machine that ended is told in five seconds and not in a quarter of a minute
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "1000",
}
os.environ.update(ENVIRONMENT | SOON_GONE)


@pytest.fixture
def machines(monkeypatch: pytest.MonkeyPatch) -> Machines:
    """Two, of which each makes what it is given."""
    made = Machines("ab")
    made.behave = lambda node, piece, last: made.done(node, piece)
    monkeypatch.setattr(rounds, "machines", made.there)
    monkeypatch.setattr(rounds, "one_round", made.one_round)
    return made


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """As machines of a cluster compute, so does what they are held against."""
    before = processor_threads()
    processor_threads(1)
    yield
    processor_threads(before)
